"""What the chapter on speed per user and per GPU says."""

from pipeline.report.language.en.words import Words


class PerUserSentences(Words):
    """Its table and chart."""

    title = "Speed per user and per GPU"
    method = (
        "More requests at a time give more tokens in all and fewer to each user. What a user gets is one over the "
        "median TPOT, the speed of a stream once it has begun; TTFT is not in it. A point is on the frontier if no "
        "other point of any arm has more of one and no less of the other; differences within the repeats count, too."
    )
    table = "Output tokens per second"
    columns = ("Concurrency", "Arm", "Per user", "Frontier")
    per_gpu = "Output tokens per second and GPU"
    per_machine = "Output tokens per second of the machine"
    column_gpu = "Per GPU"
    column_machine = "Of the machine"
    on_frontier = "yes"
    beaten = "no"
    unit = "tokens/s"
    chart = "Speed of each user against that of all together"
    x_title = "Output tokens per second and user (1 / TPOT p50)"
    caption = "Numbers: concurrency. Filled points are on the frontier; a hollow one is beaten by another in both."
    left_out = " Void points are left out."

    def alternative(self, arms: str) -> str:
        return f"Chart of points joined by lines. Output tokens per second of all against each user's, {arms}."

    def arm(self, arm: str, values: str) -> str:
        return f"{arm}: {values}"

    def point(self, together: str, each: str, concurrency: str) -> str:
        return f"{together} against {each} at {concurrency}"

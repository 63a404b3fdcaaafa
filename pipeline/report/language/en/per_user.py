"""What the chapter on speed per user and per GPU says."""

from collections.abc import Mapping

from eval.bench.goodput import Kind
from pipeline.report.language.en.words import Words


class PerUserSentences(Words):
    """Its table and chart."""

    title = "Users"
    users_table = "Users at once within the service level"
    users_columns = ("Arm", "Shown to keep it", "Shown to miss it from", "What that says")
    users_note = "A user is a request under way: somebody who reads or thinks meanwhile takes no place."
    kinds: Mapping[Kind, str] = {
        "up to": "kept up to this many, missed beyond",
        "at every level": "kept at every concurrency measured, so it may be more",
        "at no level": "missed at every concurrency measured",
        "not decided": "not decided: more requests per concurrency would tell",
    }

    def level(self, share: str, limits: str) -> str:
        return f"The service level that was agreed: {share} of the requests keep {limits}."

    def no_level(self, command: str) -> str:
        return (
            f"How many users at once can be served is not said, because no limit on latency was agreed: write one into "
            f"`bench.service_level`, then run {command}."
        )

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

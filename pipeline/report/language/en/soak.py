"""What the chapter on the soak says."""

from collections.abc import Callable, Mapping

from eval.bench.soak.figures import Knee, Quantity, Verdict
from pipeline.report.language.en.words import Words


class SoakSentences(Words):
    """Its paragraphs, tables and charts."""

    title = "Stability under load"
    absent = (
        "Stability over minutes: no load was held (`awqctl bench RECIPE --soak`), so nothing is "
        "known of speed or memory that drift."
    )

    names: Mapping[Quantity, str] = {
        "throughput": "Output throughput",
        "ttft": "TTFT, median",
        "itl": "ITL, median",
        "memory": "Memory",
    }
    inside: Mapping[Quantity, str] = {
        "throughput": "output throughput",
        "ttft": "median TTFT",
        "itl": "median ITL",
        "memory": "memory",
    }
    """The same inside a sentence."""
    units: Mapping[Quantity, str] = {"throughput": "tokens/s", "ttft": "ms", "itl": "ms", "memory": "GiB"}
    verdicts: Mapping[Verdict, str] = {"stable": "stable", "drifting": "drifting", "undecided": "undecided"}
    knees: Mapping[str, str] = {
        "sweep": "the knee of the sweep, from which on more requests at once bring less than a tenth more",
        "highest measured": "the highest one measured, because throughput still rose there",
        "highest asked": "the highest one asked for, because no point of the sweep stands",
    }

    def method(self, sure: str) -> str:
        return (
            f"One load is held by one run of the client. The first wave of requests and the drain are cut off; what is "
            f"between is divided into slices, and each quantity gets a trend through them (Theil-Sen) with an interval "
            f"that allows for slices that resemble the ones before (AR(1)); all intervals of a soak hold together with "
            f"{sure} confidence."
        )

    def rules(self, limit: str) -> str:
        return (
            f"A quantity is drifting where the interval excludes zero and the trend moves it by more than {limit} over "
            f"the whole time, stable where the whole interval is within that limit, and undecided otherwise."
        )

    def load(
        self, arm: str, *, concurrency: str, share: str, knee: Knee, duration: str, asked: str, requests: str
    ) -> str:
        return (
            f"{arm}: {concurrency} requests at once ({share} of {knee.concurrency}, {self.knees[knee.basis]}) for "
            f"{duration} ({asked} were asked for), {requests}."
        )

    def lengths(self, low: str, high: str, answers: str, *, natural: bool) -> str:
        ends = "at most " if natural else ""
        return f"Prompts of {low} to {high} tokens, answers of {ends}{answers}."

    def void_soak(self, arm: str, reasons: str) -> str:
        return f"{arm}: the soak is void and has no verdict: {reasons}."

    def growth(self, arm: str, hourly: str) -> str:
        return (
            f"{arm}: memory grew over the run, by {hourly} an hour at that rate. Engines fill their caches at first; "
            f"a longer soak tells whether it ends."
        )

    table = "Drift over the soak"
    columns = ("Arm", "Quantity", "Level", "Drift", "Interval", "Smallest drift shown", "Verdict")
    note = (
        "Level: median of the slices. Drifts are relative to it, over all slices. Smallest drift shown: what such a "
        "run tells from none in four of five cases; a smaller one may be there unseen. More minutes make it smaller. "
        "TTFT of mixed prompts is told as for one of mean length."
    )
    slices = "Slices"
    slices_columns = (
        *("Arm", "From, s", "Output tokens/s", "TTFT p50, ms", "ITL p50, ms", "Memory, GiB"),
        *("Running", "Waiting", "KV cache used"),
    )
    memory_notes: Mapping[str, str] = {
        "processes": "Memory: resident set of the engine's processes; pages that two share are counted in both.",
        "device": "Memory: of the GPUs that the engine uses.",
    }

    trend = "Trend"
    minutes_axis = "Minutes after the first request"
    chart_caption = "Dots: slices; line: trend through them; band: other slopes that the interval allows."

    def chart(self, name: str, arm: str) -> str:
        return f"{name} over the soak, {arm}"

    def axis(self, name: str, unit: str) -> str:
        return f"{name}, {unit}"

    def chart_alternative(self, name: str, level: str, drift: str | None, verdict: str) -> str:
        moved = "no trend, because the slices are too few" if drift is None else f"{drift} over the whole time"
        return f"Dots over time with a line. {name}: {level}, {moved}; {verdict}."

    topic = "Stability"

    def limit_duration(self, seconds: str) -> str:
        return f"Long runs: the longest soak took {seconds}. Behaviour over hours was not measured."

    limit_void = "Stability over minutes: every soak is void."

    @property
    def headlines(self) -> Mapping[Verdict, Callable[[str, str], str]]:
        return {"stable": self.stable, "drifting": self.drifting, "undecided": self.undecided}

    def stable(self, arm: str, duration: str) -> str:
        return f"{arm} is stable: under load for {duration} nothing drifted beyond the limit."

    def drifting(self, arm: str, duration: str) -> str:
        return f"{arm} drifts under load, as {duration} show."

    def undecided(self, arm: str, duration: str) -> str:
        return f"Whether {arm} is stable is not decided: {duration} under load do not tell."

    def void_headline(self, arm: str) -> str:
        return f"Whether {arm} is stable is not known: its soak is void."

    def moved(self, name: str, drift: str, interval: str) -> str:
        return f"{name} changed by {drift} (interval {interval}) over the whole time"

    def within(self, names: str, limit: str, smallest: str) -> str:
        shown = f"; in four of five cases a drift of {smallest} would have shown" if smallest else ""
        return self.sentence(f"{names} are shown to be within {limit} of no change{shown}")

    def unbounded(self, name: str) -> str:
        return f"{name} not bounded by so few independent slices"

    def of_arm(self, arm: str, sentence: str) -> str:
        return f"{arm}: {sentence}"

    def sentence(self, text: str) -> str:
        return f"{text[:1].upper()}{text[1:]}."

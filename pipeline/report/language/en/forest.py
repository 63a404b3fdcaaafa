"""What the forest plot says."""

from pipeline.report.language.en.words import Words


class Forest(Words):
    """The chart of accuracy."""

    title = "Loss of accuracy against the agreed margin"
    x_title = "Loss in agreed margins; right is worse"
    unit = "the metric's"
    margin = "Agreed margin"
    no_loss = "no loss"
    margin_mark = "margin"
    """Drawn beside the lines of both."""
    floor = "Noise floor"
    caption = (
        "To the right is worse, for every metric. Each task is drawn in units of its own agreed margin, so that all "
        "margins lie on one line; shaded: beyond it. Dot: loss, also printed at the right in the metric's unit; "
        "thick bar: the one-sided bounds that the gate uses; thin bar: two-sided interval; an arrow: goes on beyond "
        "the drawing. Filled dot: passed; hollow: inconclusive; diamond: failed."
    )
    caption_floor = " Grey band: what measuring the baseline twice explains."
    caption_others = " Other arms are thinner; no gate applies to them."

    def alternative(self, rows: str) -> str:
        return f"Forest plot of the loss against the baseline; positive is worse. {rows}"

    def row(self, task: str, arm: str, loss: str, interval: str, margin: str, verdict: str) -> str:
        return f"{task}, {arm}: {loss}, interval {interval}{margin}, {verdict}."

    def margin_of(self, margin: str) -> str:
        return f"margin {margin}"

    def row_margin(self, margin: str) -> str:
        return f", margin {margin}"

    def bounds(self, arm: str) -> str:
        return f"{arm}, bounds of the gate"

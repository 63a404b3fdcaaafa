"""The charts of the chapter on the soak: each quantity over the time of the run, with its trend."""

from collections.abc import Iterator

from eval.bench.soak.drift import SLICE_FIELDS, figure_of
from eval.bench.soak.figures import Drift
from eval.bench.soak.result import Soak
from pipeline.base.format import drift as as_drift
from pipeline.base.format import number
from pipeline.report.document import Chart, Series
from pipeline.report.inputs import Inputs

_SECONDS_PER_MINUTE = 60


def soak_charts(soak: Soak, inputs: Inputs) -> tuple[Chart, ...]:
    """Return a chart of every quantity that was measured."""
    return tuple(_chart(soak, drift, inputs) for drift in soak.drifts)


def _chart(soak: Soak, drift: Drift, inputs: Inputs) -> Chart:
    say = inputs.say.soak
    name, arm = say.names[drift.quantity], say.title_of(soak.arm or "")
    level = f"{number(drift.level)} {say.units[drift.quantity]}"
    moved = None if drift.drift is None else as_drift(drift.drift)
    return Chart(
        id=f"chart-soak-{soak.arm}-{drift.quantity}",
        kind="time",
        title=say.chart(name, arm),
        caption=say.chart_caption,
        alternative=say.chart_alternative(name, level, moved, say.verdicts[drift.verdict]),
        x_title=say.minutes_axis,
        y_title=say.axis(name, say.units[drift.quantity]),
        series=(_slices(soak, drift, inputs), *_trend(soak, drift, inputs)),
    )


def _slices(soak: Soak, drift: Drift, inputs: Inputs) -> Series:
    field = SLICE_FIELDS[drift.quantity]
    figures = [figure_of(one, drift.quantity) for one in soak.slices]
    known = [one for one, value in zip(soak.slices, figures, strict=True) if value is not None]
    return Series(
        name=inputs.say.soak.names[drift.quantity],
        arm=soak.arm,
        x=tuple(_minutes(one.start_s + (soak.slice_s or 0) / 2) for one in soak.slices),
        y=tuple(figures),
        unit=inputs.say.soak.units[drift.quantity],
        origin="measured",
        evidence=inputs.evidence.of_all((one, field) for one in known),
    )


def _trend(soak: Soak, drift: Drift, inputs: Inputs) -> Iterator[Series]:
    """Yield the line from the first slice's beginning over its centre to the end, with those of the interval's ends."""
    if drift.drift is None:
        return
    start = soak.slices[0].start_s
    window_s = soak.window_s or 0.0
    times = (start, drift.centre_s, start + window_s)

    def line(over_window: float) -> tuple[float, ...]:
        return tuple(drift.level * (1 + over_window * (time - drift.centre_s) / window_s) for time in times)

    ends = None if drift.low is None or drift.high is None else (line(drift.low), line(drift.high))
    fields = ("level", "drift", *(("low", "high") if ends else ()))
    yield Series(
        name=inputs.say.soak.trend,
        arm=soak.arm,
        statistic="trend",
        x=tuple(map(_minutes, times)),
        y=line(drift.drift),
        low=tuple(map(min, *ends)) if ends else (),
        high=tuple(map(max, *ends)) if ends else (),
        unit=inputs.say.soak.units[drift.quantity],
        origin="measured",
        evidence=inputs.evidence.of(drift, *fields),
    )


def _minutes(seconds: float) -> float:
    return seconds / _SECONDS_PER_MINUTE

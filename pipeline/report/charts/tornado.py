"""The chart of what moves the saving most, from results to series."""

from pipeline.base.format import currency, shown_amount, usd
from pipeline.report.document import Chart, Mark, Series
from pipeline.report.input_sources import input_name
from pipeline.report.inputs import Inputs
from pipeline.roi.scenarios.result import ScenarioResult, Swing

_ENDS = ("saving_at_low_usd", "saving_at_high_usd")


def tornado_chart(scenario: ScenarioResult, inputs: Inputs) -> Chart:
    """Return the saving at both ends of the inputs that move it most, widest first, against the saving as stated."""
    say, swings = inputs.say.pricing, scenario.tornado
    names = tuple(input_name(one.input, inputs) for one in swings)
    found = scenario.tornado_comparison
    as_stated = (found.saving_total_usd.value or 0.0) if found else 0.0
    spoken = [
        say.bar(name, usd(one.saving_at_low_usd), usd(one.saving_at_high_usd))
        for name, one in zip(names, swings, strict=True)
    ]
    return Chart(
        id="chart-tornado",
        kind="bar",
        title=say.tornado,
        caption=say.tornado_caption,
        alternative=say.tornado_alternative("; ".join(spoken)),
        x_title="",
        y_title=say.tornado_y(currency()),
        series=tuple(
            _series(label, field, names, swings, inputs)
            for label, field in zip((say.at_low, say.at_high), _ENDS, strict=True)
        ),
        marks=(Mark(axis="x", value=shown_amount(as_stated), text=say.as_stated),),
    )


def _series(label: str, field: str, names: tuple[str, ...], swings: tuple[Swing, ...], inputs: Inputs) -> Series:
    values = tuple(float(getattr(one, field)) for one in swings)
    return Series(
        name=label,
        x=names,
        y=tuple(shown_amount(value) for value in values),
        labels=tuple(usd(value) for value in values),
        unit=currency(),
        origin="modelled",
        evidence=inputs.evidence.of_all((one, field) for one in swings),
    )

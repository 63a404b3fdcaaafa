"""Risks of operation: the endpoint, and how it was served."""

from collections.abc import Iterator

from pipeline.report.inputs import Inputs
from pipeline.report.risk import Risk, awqctl
from serve.result import ServeResult


def operation_risks(inputs: Inputs) -> Iterator[Risk]:
    """Yield the risks of operation."""
    say, name = inputs.say.risks, inputs.recipe.name
    if inputs.has_dummies:
        return
    if not inputs.has(ServeResult):
        yield Risk("medium", say.no_endpoint, say.run(awqctl("run", name)), "record.json#/stages")
    elif failed := [one.name for one in inputs.endpoint.checks if not one.passed]:
        names = say.listing([inputs.say.stored.check_name(one) for one in failed])
        again = say.run(awqctl("run", name))
        yield Risk("high", say.endpoint_failed(names), again, "record.json#/stages/serve/payload/checks")
    if despite := len(inputs.record.served_despite):
        text = say.served_despite(say.amount(despite, "time"))
        yield Risk("high", text, say.stop_serving, "record.json#/served_despite")

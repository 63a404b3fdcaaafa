"""Ways to serve the load as they are called in the report."""

from pipeline.report.inputs import Inputs
from pipeline.roi.scenarios.result import OptionCost, ScenarioResult


def variant_name(variant: str, inputs: Inputs) -> str:
    """Return an arm as a reader knows it; alternatives and APIs keep their names."""
    return inputs.say.pricing.title_of(variant)


def option_name(one: OptionCost, inputs: Inputs) -> str:
    """Return what a way to serve the load is called."""
    return inputs.say.pricing.option(variant_name(one.variant, inputs), one.tenure)


def option_named(name: str, scenario: ScenarioResult, inputs: Inputs) -> str:
    """Return the same of a way by its name in the result."""
    one = next(each for each in scenario.options if each.name == name)
    return option_name(one, inputs)


def machine_text(one: OptionCost, inputs: Inputs) -> str:
    """Return what one machine of a way is."""
    say = inputs.say.pricing
    if one.tenure == "paid per token":
        return say.paid_api
    if one.gpu is None:
        return one.machine or ""
    quantization = one.quantization or "none"
    return say.gpus(str(one.gpus_per_machine), one.gpu, say.formats.get(quantization, quantization))

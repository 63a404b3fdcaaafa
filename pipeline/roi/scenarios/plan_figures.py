"""Figures that judge claims on memory, speed and numbers of GPUs: the planner's, not anybody's."""

from fractions import Fraction

from pipeline.base.format import count, number, plural
from pipeline.catalogue.configurations import planned
from pipeline.catalogue.gpus import find_gpu
from pipeline.plan.activations import GIB
from pipeline.plan.placement import gpus_for_bytes
from pipeline.plan.plan import Plan
from pipeline.roi.exact import exact
from pipeline.roi.options import Option, machines_in
from pipeline.roi.scenarios.outcome import Context, Outcome, answer_of, estimate_of, lacking, number_of
from pipeline.roi.scenarios.plans import weights_gb as weights_of
from pipeline.roi.uncertainty import corners

_BITS = Fraction(4) + Fraction(16 + 4, 128)
"""Of a weight in AWQ: 4, and a scale of 16 and a zero point of 4 for each 128."""
_UTILIZATION = Fraction(92, 100)
"""vLLM's default of `--gpu-memory-utilization`."""


def machines(context: Context, variant: str) -> Outcome:
    """Return how many machines a variant needs for the scenario's load."""
    inputs = context.pricing.inputs
    if variant in inputs.impossible:
        return lacking(f"a variant that can run: {inputs.impossible[variant]}")
    if inputs.missing:
        return lacking(" and ".join(inputs.missing), "No number of GPUs follows from requests a day alone.")
    goodput = inputs.quantities[f"{variant}.goodput_tokens_per_s"]
    option = Option(variant, "rented")
    fewest, most = (machines_in(option, given, 1) for given in corners(inputs.quantities))
    peak = number(float(context.demand.peak_tokens_per_s))
    why = f"A peak of {peak} output tokens/s at {number(float(goodput.value))} per machine, {goodput.origin}."
    return Outcome(
        why, "machines", Fraction(fewest), Fraction(most), exact=False, origin=context.pricing.origin(option)
    )


def weights_gb(context: Context, model: str, quantization: str, gpu: str) -> Outcome:
    """Return the size of a model's weights as they are loaded, in GB."""
    del context
    plan = planned(model, gpu, quantization=quantization)
    why = f"{model} in {quantization}: every matrix counted, with scales and zero points."
    return number_of(weights_of(plan), "GB", why, "modelled")


def fits(
    context: Context,
    model: str,
    gpu: str,
    quantization: str = "none",
    max_model_len: int | None = None,
    max_num_seqs: int | None = None,
    kv_cache_dtype: str = "auto",
) -> Outcome:
    """Return whether a configuration can run as asked, all sequences at once."""
    del context
    plan = planned(
        model,
        gpu,
        quantization=quantization,
        max_model_len=max_model_len,
        max_num_seqs=max_num_seqs,
        kv_cache_dtype=kv_cache_dtype,
    )
    return answer_of(plan.fits, " ".join(plan.shortages) or _memory(plan), "modelled")


def output_tokens_per_s(
    context: Context,
    model: str,
    gpu: str,
    quantization: str,
    concurrency: tuple[int, int],
    input_tokens: int = 512,
    output_tokens: int = 256,
) -> Outcome:
    """Return the speed of all sequences together, from so many at once to so many, with the plan's band."""
    del context
    plans = [
        planned(
            model,
            gpu,
            quantization=quantization,
            max_model_len=4096,
            concurrency=each,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )
        for each in concurrency
    ]
    rates = [plan.rate for plan in plans]
    if rates[0] is None or rates[1] is None:
        return lacking("a configuration that can run", " ".join(plans[0].shortages))
    why = (
        f"Planned for {plans[0].gpu.name}, {concurrency[0]} to {concurrency[1]} requests of {input_tokens} + "
        f"{output_tokens} tokens."
    )
    return estimate_of(exact(rates[0].low), exact(rates[1].high), "tokens/s", why)


def sequences(context: Context, model: str, gpu: str, quantization: str, max_model_len: int = 4096) -> Outcome:
    """Return how many sequences of full length the KV cache holds at once."""
    del context
    plan = planned(model, gpu, quantization=quantization, max_model_len=max_model_len)
    why = f"The KV cache of {plan.gpu.name} holds {plan.sequences} sequences of {count(max_model_len)} tokens."
    return number_of(Fraction(plan.sequences), "sequences", why, "modelled")


def users(context: Context, what: str = "the model") -> Outcome:
    """Return that a number of users follows from nothing that is said."""
    del context
    return lacking(
        f"which share of the users of {what} waits for an answer at the same moment, and how many tokens a second each "
        f"of them is to get; `awqctl plan fleet` counts from these"
    )


def quantize_hours(context: Context, model: str) -> Outcome:
    """Return that the time of a quantization is measured, not planned."""
    del context
    return lacking(
        f"a run of `awqctl quantize` on {model} with the machine that is meant", "It is measured, not planned."
    )


def gpus_for_weights(context: Context, parameters: float, bits: float, memory_gb: float) -> Outcome:
    """Return how many GPUs hold weights of a size alone."""
    del context
    size = exact(parameters) * exact(bits) / 8
    why = f"{count(float(size / 10**9))} GB over {memory_gb:g} GB each, weights alone."
    return number_of(Fraction(gpus_for_bytes(float(size), memory_gb * 1e9)), "GPUs", why)


def four_bit_fits(context: Context, gpu: str, billion_parameters: float) -> Outcome:
    """Return whether a GPU holds so many parameters in 4 bit with anything left for the KV cache."""
    del context
    memory = find_gpu(gpu).figures["memory_gb"].value
    weights = exact(billion_parameters) * _BITS / 8
    usable = exact(memory) * _UTILIZATION
    why = (
        f"With scales and zero points {number(float(weights))} GB of weights, and a server takes at most "
        f"{number(float(usable))} of {memory:g} GB: "
        f"{'the rest is for the KV cache' if weights < usable else 'nothing is left for the KV cache'}."
    )
    return answer_of(weights < usable, why, "quoted")


def _memory(plan: Plan) -> str:
    budget = plan.budget
    return (
        f"Weights {number(budget.weights / GIB)} GiB, KV cache {number(budget.kv_cache / GIB)} GiB: "
        f"{plural(plan.sequences, 'sequence')} of {count(plan.max_model_len)} tokens at once."
    )

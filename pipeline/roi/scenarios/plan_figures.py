"""Figures that judge claims on machines, memory and speed: the planner's, not anybody's."""

from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.base.format import decimal, number, span
from pipeline.catalogue.claims import HeldClaims, StatedFigure, held_claims
from pipeline.catalogue.gpus import find_gpu
from pipeline.roi.exact import exact, places_of
from pipeline.roi.options import Option, machines_in
from pipeline.roi.scenarios.outcome import Context, Outcome, answer_of, lacking
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


def as_planned(context: Context, file: str, name: str, stated: str | None = None) -> Outcome:
    """Return whether what a file of `awqctl plan claims` states of a configuration stands.

    A rate that can be, by the interval of the plan, is not decided: a measurement does.
    """
    del context
    held = next((claim for claim in _held(file).claims if claim.name == name), None)
    if held is None:
        raise UsageError(f"There is no claim called '{name}' in recipes/plans/{file}.yaml. Correct the scenario.")
    if held.cannot_be_told:
        return lacking("a measurement", f"{held.cannot_be_told[:1].upper()}{held.cannot_be_told[1:]}.")
    found = next((figure for figure in held.figures if figure.figure == stated), None)
    if found is None:
        known = ", ".join(figure.figure for figure in held.figures)
        raise UsageError(f"'{name}' of recipes/plans/{file}.yaml states {known}, not {stated}. Correct the scenario.")
    why = _told(found, held.reasons)
    if found.judged in ("possible", "cannot be told"):
        return lacking("a measurement", why)
    return answer_of(found.judged == "stands", why, "modelled")


def _told(found: StatedFigure, reasons: list[str]) -> str:
    planned = f"Planned: {span(*found.planned)}" if found.planned else "Not planned"
    parts = [f"{planned}, stated {_as_written(found.stated)} ({found.figure})", found.why, *reasons]
    return " ".join(f"{part[:1].upper()}{part[1:].rstrip('.')}." for part in parts if part)


def _as_written(stated: tuple[float, float]) -> str:
    ends = [decimal(end, places_of(end)) for end in stated]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


@cache
def _held(file: str) -> HeldClaims:
    return held_claims(Path(str(resources.files("recipes"))) / "plans" / f"{file}.yaml")


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

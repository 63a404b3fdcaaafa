"""The chapter on the method: how every figure was obtained, and the gates that were applied."""

from eval.accuracy.result import CONTROL, EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import percent, plural
from pipeline.base.results import Outcome
from pipeline.quantize.result import QuantizeResult
from pipeline.report.cells import word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.accuracy_method import accuracy_method
from pipeline.report.chapters.checkpoint import control_method, quantization
from pipeline.report.document import Section, Table, Tone
from pipeline.report.evidence import RECORD
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult

_TONES: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "inconclusive": "caution"}


def method_section(inputs: Inputs) -> Section:
    """Return how every figure was obtained, and the gates that were applied."""
    return Section(
        id="method",
        title="Method",
        bullets=(
            *_quantization(inputs),
            *(accuracy_method(inputs) if inputs.has(EvalResult) else ()),
            *(_speed(inputs) if inputs.has(BenchResult) else ()),
            *(_costs(inputs) if inputs.has(RoiResult) else ()),
            "Nothing is rounded before it is compared; figures are rounded when printed.",
        ),
        tables=(_gates(inputs),) if inputs.gates else (),
    )


def _quantization(inputs: Inputs) -> tuple[str, ...]:
    if not inputs.has(QuantizeResult):
        return ()
    controlled = inputs.has(EvalResult) and CONTROL in inputs.accuracy.arms
    return (quantization(inputs), *((control_method(inputs),) if controlled else ()))


def _speed(inputs: Inputs) -> tuple[str, ...]:
    load, bench = inputs.load, inputs.recipe.bench
    runs = f"{plural(load.repeats, 'run')} per concurrency after {plural(bench.warmup_requests, 'warm-up request')}"
    return (
        (
            f"Speed: the benchmark of vLLM {load.engine_version}; a fixed number of requests is in flight, a new "
            f"one starts when one ends; {runs} (seed {bench.seed})."
        ),
        (
            f"Speed of the arms on the same machine, one after the other, with the same engine arguments: "
            f"{' '.join(load.engine_arguments)}."
        ),
        (
            f"Check of the load generator: its token counts and the server's own differ by at most "
            f"{percent(load.counter_disagreement)}."
        ),
    )


def _costs(inputs: Inputs) -> tuple[str, ...]:
    return (
        (
            f"Costs: whole machines for the peak load, {inputs.recipe.roi.hours_per_month:g} hours a month, no "
            f"discount, no inflation."
        ),
    )


def _gates(inputs: Inputs) -> Table:
    return Table(
        id="gates",
        title="Gates",
        columns=words("Stage", "Gate", "Result", "Statement"),
        rows=tuple(
            (
                word(stage),
                word(gate.name),
                word(gate.outcome, _TONES[gate.outcome]),
                word(gate.statement),
            )
            for stage, gate in inputs.gates
        ),
        sources=(RECORD,),
    )


METHOD = Chapter(id="method", write=method_section)

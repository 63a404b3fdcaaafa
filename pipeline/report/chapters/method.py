"""The chapter on the method: how every figure was obtained, and the gates that were applied."""

from eval.accuracy.result import CONTROL, EvalResult
from eval.bench.result import BenchResult
from pipeline.base.format import percent, plain
from pipeline.base.results import Outcome
from pipeline.quantize.result import QuantizeResult
from pipeline.record.record import RECORD
from pipeline.report.cells import word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.accuracy_method import accuracy_method
from pipeline.report.chapters.checkpoint import control_method, quantization
from pipeline.report.chapters.fair_arms import fair_method, fair_tables
from pipeline.report.chapters.load_evidence import evidence_tables, held_to
from pipeline.report.document import Section, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.roi.result import RoiResult

_TONES: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "inconclusive": "caution"}


def method_section(inputs: Inputs) -> Section:
    """Return how every figure was obtained, and the gates that were applied."""
    return Section(
        id="method",
        background=True,
        title=inputs.say.method.title,
        bullets=(
            *_quantization(inputs),
            *(accuracy_method(inputs) if inputs.has(EvalResult) else ()),
            *(_speed(inputs) if inputs.has(BenchResult) else ()),
            *(_costs(inputs) if inputs.has(RoiResult) else ()),
            inputs.say.method.rounding,
        ),
        tables=(
            *((_gates(inputs),) if inputs.gates else ()),
            *((*fair_tables(inputs), *evidence_tables(inputs)) if inputs.has(BenchResult) else ()),
        ),
    )


def _quantization(inputs: Inputs) -> tuple[str, ...]:
    if not inputs.has(QuantizeResult):
        return ()
    controlled = inputs.has(EvalResult) and CONTROL in inputs.accuracy.arms
    return (quantization(inputs), *((control_method(inputs),) if controlled else ()))


def _speed(inputs: Inputs) -> tuple[str, ...]:
    load, bench, say = inputs.load, inputs.recipe.bench, inputs.say.method
    made = say.amount(load.repeats, "run")
    if load.fair and load.fair.precision is not None:
        made = say.or_more(made)
    runs = say.runs(made, say.amount(bench.warmup_requests, "warm-up request"))
    return (
        say.speed(load.engine_version, runs, str(bench.seed)),
        say.same_machine(" ".join(load.engine_arguments)),
        *(() if load.counter_disagreement is None else (say.counters(percent(load.counter_disagreement)),)),
        say.over[load.throughput_over],
        *held_to(inputs),
        *fair_method(inputs),
    )


def _costs(inputs: Inputs) -> tuple[str, ...]:
    return (inputs.say.method.costs(plain(inputs.recipe.roi.hours_per_month)),)


def _gates(inputs: Inputs) -> Table:
    say = inputs.say.stored
    return Table(
        id="gates",
        title=inputs.say.method.gates,
        columns=words(*inputs.say.method.gates_columns),
        rows=tuple(
            (
                word(stage),
                word(say.gate_name(gate.name)),
                word(inputs.say.method.outcomes[gate.outcome], _TONES[gate.outcome]),
                word(say.text(gate.said, gate.statement)),
            )
            for stage, gate in inputs.gates
        ),
        sources=(RECORD,),
    )


METHOD = Chapter(id="method", write=method_section)

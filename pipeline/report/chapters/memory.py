"""The chapter on memory."""

from eval.bench.result import ArmLoad, BenchResult
from pipeline.base.format import count, ratio, size
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.comparison import weight_memory
from pipeline.report.document import Cell, Section, Table
from pipeline.report.inputs import Inputs


def memory_section(inputs: Inputs) -> Section:
    """Return memory of weights and KV cache as the engine reports it, and sizes on disk."""
    quantize, load = inputs.quantize, inputs.load
    memory = weight_memory(quantize, load)
    arms = (load.of(BASELINE), load.of(AWQ))
    evidence, say = inputs.evidence, inputs.say.memory
    rows = (
        *_reported_weights(arms, inputs),
        (
            word(say.files),
            *(shown(evidence, quantize, one, size) for one in ("source_bytes", "checkpoint_bytes")),
        ),
        (word(say.cache), *(shown(evidence, one.memory, "kv_cache_tokens", count) for one in arms)),
        (
            word(say.requests(count(load.of(AWQ).memory.context_tokens))),
            *(shown(evidence, one.memory, "max_concurrency") for one in arms),
        ),
        (word(say.start), *(shown(evidence, one, "start_seconds") for one in arms)),
        (word(say.dtype), *(word(one.dtype) for one in arms)),
    )
    return Section(
        id="memory",
        title=say.title,
        paragraphs=(
            say.weights_sentence(
                size(memory.baseline_bytes),
                size(memory.awq_bytes),
                ratio(memory.times_smaller),
                say.basis[memory.basis],
                say.fixed_cache(str(inputs.recipe.engine.cpu_kv_cache_gib)) if inputs.on_cpu else say.free_memory,
            ),
        ),
        tables=(
            Table(
                id="memory-table",
                title=say.table,
                columns=(*words(*say.columns[:1]), *numbers(*say.columns[1:])),
                rows=rows,
                origin="measured",
                note=say.note_files if _from_files(arms) else say.note_engine,
                sources=(*inputs.sources("bench"), *inputs.sources("quantize")),
            ),
        ),
    )


def _reported_weights(arms: tuple[ArmLoad, ...], inputs: Inputs) -> tuple[tuple[Cell, ...], ...]:
    if _from_files(arms):
        return ()
    cells = (shown(inputs.evidence, one.memory, "weights_gib", "{:.2f}".format) for one in arms)
    return ((word(inputs.say.memory.weights), *cells),)


def _from_files(arms: tuple[ArmLoad, ...]) -> bool:
    return any(one.memory.weights_from == "files" for one in arms)


MEMORY = Chapter(
    id="memory",
    write=memory_section,
    needs=(QuantizeResult, BenchResult),
    absent=lambda say: say.memory.absent,
)

"""The chapter on memory."""

from eval.bench.result import ArmLoad, BenchResult
from pipeline.base.format import count, ratio, size
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.comparison import weight_memory
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs


def memory_section(inputs: Inputs) -> Section:
    """Return memory of weights and KV cache as the engine reports it, and sizes on disk."""
    quantize, load = inputs.quantize, inputs.load
    memory = weight_memory(quantize, load)
    arms = (load.of(BASELINE), load.of(AWQ))
    evidence = inputs.evidence
    rows = (
        *_reported_weights(arms, evidence),
        (
            word("Weight files on disk"),
            *(shown(evidence, quantize, one, size) for one in ("source_bytes", "checkpoint_bytes")),
        ),
        (word("KV cache, tokens"), *(shown(evidence, one.memory, "kv_cache_tokens", count) for one in arms)),
        (
            word(f"Requests of {count(load.of(AWQ).memory.context_tokens)} tokens at once"),
            *(shown(evidence, one.memory, "max_concurrency") for one in arms),
        ),
        (word("Engine start, s"), *(shown(evidence, one, "start_seconds") for one in arms)),
        (word("Data type of activations"), *(word(one.dtype) for one in arms)),
    )
    return Section(
        id="memory",
        title="Memory",
        paragraphs=(
            (
                f"The weights take {size(memory.baseline_bytes)} before and {size(memory.awq_bytes)} with AWQ, a "
                f"factor of {ratio(memory.times_smaller)} ({memory.basis}). {_cache_sentence(inputs)}"
            ),
        ),
        tables=(
            Table(
                id="memory-table",
                title="Memory and engine",
                columns=(*words("Item"), *numbers("Baseline", "AWQ")),
                rows=rows,
                origin="measured",
                note=_memory_note(arms),
                sources=(*inputs.sources("bench"), *inputs.sources("quantize")),
            ),
        ),
    )


def _reported_weights(arms: tuple[ArmLoad, ...], evidence: Evidence) -> tuple[tuple[Cell, ...], ...]:
    if any(one.memory.weights_from == "files" for one in arms):
        return ()
    cells = (shown(evidence, one.memory, "weights_gib", "{:.2f}".format) for one in arms)
    return ((word("Weights in the engine, GiB"), *cells),)


def _memory_note(arms: tuple[ArmLoad, ...]) -> str:
    if any(one.memory.weights_from == "files" for one in arms):
        return "The CPU engine does not report the memory of its weights; the size of the files stands for it."
    return "The engine states its memory at start, rounded to 0.01 GiB."


def _cache_sentence(inputs: Inputs) -> str:
    if inputs.on_cpu:
        return (
            f"On the CPU the KV cache has a fixed size ({inputs.recipe.engine.cpu_kv_cache_gib} GiB), so smaller "
            f"weights do not enlarge it."
        )
    return "Memory that the weights leave free goes to the KV cache, so smaller weights let more requests run at once."


MEMORY = Chapter(
    id="memory",
    write=memory_section,
    needs=(QuantizeResult, BenchResult),
    absent=lambda _say: "Memory was not compared: `awqctl bench` was not run.",
)

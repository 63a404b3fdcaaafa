"""The chapter on memory: where it goes, and what ran."""

from collections.abc import Callable

from eval.bench.engine_proof import EngineProof
from eval.bench.result import ArmLoad, BenchResult
from pipeline.base.format import NONE, count, decimal, ratio, size
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.comparison import WeightMemory, weight_memory
from pipeline.report.document import Cell, Section, Table
from pipeline.report.inputs import Inputs

Row = tuple[Cell, ...]
_Read = Callable[[ArmLoad, EngineProof], str | None]
_PARTS = ("kv_cache_gib", "rest_gib", "activation_peak_gib", "graphs_gib")
"""Of the memory beside the weights."""


def memory_section(inputs: Inputs) -> Section:
    """Return the memory of weights, KV cache and the rest, and the kernels that ran."""
    memory, say = weight_memory(inputs.quantize_or_none, inputs.load), inputs.say.memory
    return Section(
        id="memory",
        title=say.title,
        paragraphs=(_weights_sentence(memory, inputs),) if memory else (),
        tables=tuple(table for table in (_memory(inputs), _proof(inputs)) if table.rows),
    )


def _weights_sentence(memory: WeightMemory, inputs: Inputs) -> str:
    say = inputs.say.memory
    return say.weights_sentence(
        size(memory.baseline_bytes),
        size(memory.awq_bytes),
        ratio(memory.times_smaller),
        say.basis[memory.basis],
        say.fixed_cache(str(inputs.recipe.engine.cpu_kv_cache_gib)) if inputs.on_cpu else say.free_memory,
    )


def _memory(inputs: Inputs) -> Table:
    arms, evidence, say = inputs.load.arms, inputs.evidence, inputs.say.memory
    rows = (
        *_reported_weights(arms, inputs),
        *_files(inputs),
        *_parts(arms, inputs),
        (word(say.cache), *(shown(evidence, one.memory, "kv_cache_tokens", count) for one in arms)),
        (
            word(say.requests(count(arms[0].memory.context_tokens))),
            *(shown(evidence, one.memory, "max_concurrency") for one in arms),
        ),
        (word(say.start), *(shown(evidence, one, "start_seconds") for one in arms)),
    )
    return Table(
        id="memory-table",
        title=say.table,
        columns=(*words(say.item), *numbers(*(say.title_of(one.arm) for one in arms))),
        rows=rows,
        origin="measured",
        note=" ".join([say.notes[arms[0].memory.weights_from], *_peak_note(arms, inputs)]),
        sources=(*inputs.sources("bench"), *(inputs.sources("quantize") if inputs.quantize_or_none else ())),
    )


def _hundredths(gib: float) -> str:
    return decimal(gib, 2)


def _files(inputs: Inputs) -> tuple[Row, ...]:
    made = inputs.quantize_or_none
    if made is None:
        return ()
    fields = {BASELINE: "source_bytes", AWQ: "checkpoint_bytes"}
    cells = (
        shown(inputs.evidence, made, fields[one.arm], size) if one.arm in fields else word(NONE)
        for one in inputs.load.arms
    )
    return ((word(inputs.say.memory.files), *cells),)


def _reported_weights(arms: tuple[ArmLoad, ...], inputs: Inputs) -> tuple[Row, ...]:
    if any(one.memory.weights_from == "files" for one in arms):
        return ()
    cells = (shown(inputs.evidence, one.memory, "weights_gib", _hundredths) for one in arms)
    return ((word(inputs.say.memory.weights), *cells),)


def _parts(arms: tuple[ArmLoad, ...], inputs: Inputs) -> tuple[Row, ...]:
    """Return a row per part of the memory that any of the engines states, and the peak under load."""
    proofs, say = [one.proof for one in arms], inputs.say.memory
    rows = [(word(say.parts[part]), *(_part(proof, part, inputs) for proof in proofs)) for part in _PARTS]
    rows.append((word(say.peak), *(_peak(proof, inputs) for proof in proofs)))
    return tuple(row for row in rows if any(cell.value is not None for cell in row[1:]))


def _part(proof: EngineProof | None, part: str, inputs: Inputs) -> Cell:
    return word(NONE) if proof is None else shown(inputs.evidence, proof.memory, part, _hundredths)


def _peak(proof: EngineProof | None, inputs: Inputs) -> Cell:
    if proof is None or proof.memory.peak is None:
        return word(NONE)
    return shown(inputs.evidence, proof.memory.peak, "gib", _hundredths)


def _peak_note(arms: tuple[ArmLoad, ...], inputs: Inputs) -> list[str]:
    peaks = [one.proof.memory.peak for one in arms if one.proof and one.proof.memory.peak]
    return [inputs.say.memory.peak_of[peaks[0].source]] if peaks else []


def _proof(inputs: Inputs) -> Table:
    """Return what each arm's engine says that it ran."""
    say = inputs.say.memory
    said: tuple[tuple[str, _Read], ...] = (
        (say.kernel, lambda arm, _: arm.kernel),
        (say.integer_math, lambda _, proof: proof.integer_math),
        (say.dtype, lambda _, proof: proof.dtype),
        (say.kv_cache_dtype, lambda _, proof: proof.kv_cache_dtype),
        (say.attention, lambda _, proof: proof.attention_backend),
        (say.compilation, lambda _, proof: proof.compilation),
        (say.graphs, lambda _, proof: proof.graphs),
        (say.variables, lambda _, proof: ", ".join(f"{k}={v}" for k, v in proof.variables.items())),
    )
    proven = [(arm, arm.proof) for arm in inputs.load.arms if arm.proof is not None]
    read_out = [(label, [read(*one) for one in proven]) for label, read in said]
    rows = tuple((word(label), *(word(one or NONE) for one in found)) for label, found in read_out if any(found))
    return Table(
        id="engine-proof",
        title=say.proof,
        columns=words(say.item, *(say.title_of(arm.arm) for arm, _ in proven)),
        rows=rows,
        origin="measured",
        note=f"{say.proof_note} {say.no_attention_backend}" if inputs.on_cpu else say.proof_note,
        sources=inputs.sources("bench"),
    )


MEMORY = Chapter(id="memory", write=memory_section, needs=(BenchResult,), absent=lambda say: say.memory.absent)

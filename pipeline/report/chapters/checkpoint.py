"""The chapter on the quantized checkpoint: its facts, and what became of every linear layer."""

from collections.abc import Callable

from eval.accuracy.result import EvalResult
from pipeline.base.format import count, number, seconds, share, size, tiny
from pipeline.quantize.result import KindAudit, QuantizeResult
from pipeline.report.cells import facts_table, figure, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.checkpoint import Checkpoint

BACKENDS = {"autoawq": "AutoAWQ", "llm-compressor": "llm-compressor"}


def checkpoint_section(inputs: Inputs) -> Section:
    """Return the facts of the quantized checkpoint and its coverage audit."""
    made, say = inputs.quantize, inputs.say.checkpoint
    found = made.coverage
    return Section(
        id="checkpoint",
        background=True,
        title=say.title,
        paragraphs=(
            say.shares(share(found.share_4bit), share(found.share_scaled), share(found.share_of_model_4bit)),
            say.equivalence(tiny(found.equivalence)),
            say.bits_per_weight,
            *((say.card,) if inputs.has(EvalResult) else ()),
        ),
        tables=(
            _coverage(inputs),
            facts_table(
                "checkpoint-facts",
                say.facts,
                _facts(made, inputs.evidence, say),
                say,
                sources=inputs.sources(QuantizeResult.STAGE),
                note=say.facts_note,
            ),
        ),
    )


def quantization(inputs: Inputs) -> str:
    """Return what the backend did, as a line of the method."""
    made, settings, say = inputs.quantize, inputs.recipe.quantize, inputs.say.checkpoint
    found = made.coverage
    rounded = found.share_4bit - found.share_scaled
    return say.method(
        _backend(made) + (say.chosen if settings.backend == "auto" else ""),
        str(settings.calibration.seed),
        str(made.bits),
        share(found.share_scaled),
        say.only_rounded(share(rounded)) if rounded > 0 else "",
    )


def control_method(inputs: Inputs) -> str:
    """Return what the control is, as a line of the method."""
    made, say = inputs.quantize, inputs.say.checkpoint
    use = say.control_scored if inputs.accuracy.control else say.control_compared
    return say.control_method(str(made.bits), say.grouping(made.group_size), use)


def _backend(made: QuantizeResult) -> str:
    return f"{BACKENDS.get(made.backend, made.backend)} ({_versions(made.backend_versions)})"


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _coverage(inputs: Inputs) -> Table:
    made, say = inputs.quantize, inputs.say.checkpoint
    compared = say.amount(made.coverage.layers_compared, "layer")
    return Table(
        id="checkpoint-coverage",
        title=say.coverage,
        columns=(*words(*say.coverage_columns[:1]), *numbers(*say.coverage_columns[1:])),
        rows=tuple(_kind(kind, made, inputs.evidence) for kind in made.coverage.kinds),
        origin="measured",
        note=say.coverage_note(compared, say.grouping(made.group_size)),
        sources=inputs.sources(QuantizeResult.STAGE),
    )


def _kind(kind: KindAudit, made: QuantizeResult, evidence: Evidence) -> tuple[Cell, ...]:
    beyond = None not in (kind.relative_error, kind.error_bound) and (kind.relative_error or 0) > (
        kind.error_bound or 0
    )
    return (
        word(kind.kind),
        *(shown(evidence, kind, amount, count) for amount in ("layers", "scaled", "rounded", "left")),
        figure(
            kind.parameters / made.parameters,
            share,
            evidence=(*evidence.of(kind, "parameters"), *evidence.of(made, "parameters")),
        ),
        shown(evidence, kind, "relative_error", tone="bad" if beyond else "plain"),
        shown(evidence, kind, "error_bound"),
        shown(evidence, kind, "error_ratio"),
    )


def _facts(made: QuantizeResult, evidence: Evidence, say: Checkpoint) -> tuple[tuple[str, Cell], ...]:
    def fact(field: str, form: Callable[[float], str] = number) -> Cell:
        return shown(evidence, made, field, form).model_copy(update={"origin": "measured"})

    zero = say.zero_points if made.zero_point else say.symmetric
    facts = (
        (say.source, word(made.source)),
        (say.commit, word(made.source_commit or say.no_commit)),
        (say.licence, word(say.no_licence if made.licence == "unknown" else made.licence)),
        (say.backend, word(_backend(made))),
        (say.format, word(made.format)),
        (say.bits, word(say.bits_text(str(made.bits), say.grouping(made.group_size), zero))),
        (say.parameters, fact("parameters", count)),
        (say.in_4bit, fact("quantized_parameters", lambda _: _quantized(made, say))),
        (say.bits_whole, fact("bits_per_weight")),
        (say.bits_quantized, fact("bits_per_quantized_weight")),
        (say.source_bytes, fact("source_bytes", size)),
        (say.checkpoint_bytes, fact("checkpoint_bytes", size)),
        (say.calibration, word(_calibration(made, say))),
        (say.recalled, fact("recalled", count) if made.recalled else None),
        (say.seconds, fact("quantize_seconds", seconds)),
        (say.memory, fact("peak_memory_gib", _gib)),
        (say.gpu_memory, fact("peak_gpu_memory_gib", _gib) if made.peak_gpu_memory_gib is not None else None),
        (say.digest, word(made.checkpoint_digest)),
        (say.control_digest, word(made.control_digest) if made.control_digest is not None else None),
    )
    return tuple((label, cell) for label, cell in facts if cell is not None)


def _gib(value: float) -> str:
    return f"{number(value)} GiB"


def _quantized(made: QuantizeResult, say: Checkpoint) -> str:
    part = share(made.quantized_parameters / made.parameters)
    return say.in_4bit_text(count(made.quantized_parameters), part, say.amount(made.quantized_modules, "layer"))


def _calibration(made: QuantizeResult, say: Checkpoint) -> str:
    blocks = say.amount(made.calibration_blocks, "block")
    return say.calibration_text(made.calibration_source, blocks, count(made.calibration_block_tokens))


def checkpoint_limits(inputs: Inputs) -> tuple[str, ...]:
    """Return what one checkpoint does not answer."""
    return (inputs.say.checkpoint.limit_one,)


CHECKPOINT = Chapter(
    id="checkpoint",
    write=checkpoint_section,
    needs=(QuantizeResult,),
    limits=checkpoint_limits,
    absent=lambda say: say.checkpoint.absent,
)

"""The chapter on the quantized checkpoint: its facts, and what became of every linear layer."""

from collections.abc import Callable

from eval.accuracy.result import EvalResult
from pipeline.base.format import count, grouping, number, plural, seconds, share, size, tiny
from pipeline.quantize.result import CoverageResult, KindAudit, QuantizeResult
from pipeline.report.cells import facts_table, figure, numbers, shown, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Cell, Section, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs

_CARD = (
    "Publish the checkpoint with `report/model_card.md` as its README.md: the card in its folder states what "
    "quantizing knows, and this one the measured accuracy, too."
)
BACKENDS = {"autoawq": "AutoAWQ", "llm-compressor": "llm-compressor"}


def checkpoint_section(inputs: Inputs) -> Section:
    """Return the facts of the quantized checkpoint and its coverage audit."""
    made, sources = inputs.quantize, inputs.sources("quantize")
    return Section(
        id="checkpoint",
        title="Quantized checkpoint",
        paragraphs=(
            _shares(made.coverage),
            _equivalence(made.coverage),
            (
                "Bits per weight include scales and zero points. Layers that stay at 16 bit, such as embeddings, "
                "raise the figure of the whole model above that of the quantized layers."
            ),
            *((_CARD,) if inputs.has(EvalResult) else ()),
        ),
        tables=(
            _coverage(inputs),
            facts_table(
                "checkpoint-facts",
                "Facts",
                _facts(made, inputs.evidence),
                sources=sources,
                note="Sizes, times and bits per weight are measured. `awqctl verify checkpoint` recomputes the sums.",
            ),
        ),
    )


def quantization(inputs: Inputs) -> str:
    """Return what the backend did, as a line of the method."""
    made, recipe = inputs.quantize, inputs.recipe
    chosen = ", chosen by `auto`" if recipe.quantize.backend == "auto" else ""
    rest = (
        f"; a further {share(made.coverage.share_4bit - made.coverage.share_scaled)} were only rounded"
        if made.coverage.share_4bit > made.coverage.share_scaled
        else ""
    )
    return (
        f"Quantization: {_backend(made)}{chosen}. AWQ scales the inputs of linear layers by the activations seen on "
        f"calibration text (seed {recipe.quantize.calibration.seed}), so that rounding to {made.bits} bit costs less. "
        f"Of the parameters of the linear layers that the recipe does not ignore {share(made.coverage.share_scaled)} "
        f"were scaled and rounded{rest}."
    )


def control_method(inputs: Inputs) -> str:
    """Return what the control is, as a line of the method."""
    made = inputs.quantize
    use = "It is scored for accuracy beside the others" if inputs.accuracy.control else "The alarm compares AWQ with it"
    return (
        f"Control: the same source rounded to nearest in {made.bits} bit, {grouping(made.group_size)}, without scales "
        f"from AWQ. {use}, and no gate applies to it."
    )


def _backend(made: QuantizeResult) -> str:
    return f"{BACKENDS.get(made.backend, made.backend)} ({_versions(made.backend_versions)})"


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _shares(coverage: CoverageResult) -> str:
    return (
        f"Of the parameters of the linear layers that the recipe does not ignore {share(coverage.share_4bit)} are "
        f"4 bit, and {share(coverage.share_scaled)} were scaled by AWQ before rounding. Of all parameters of the "
        f"model, embeddings and head included, {share(coverage.share_of_model_4bit)} are 4 bit."
    )


def _equivalence(coverage: CoverageResult) -> str:
    return (
        f"AWQ's scaling alone must not change what the model computes: before anything was rounded, the largest "
        f"relative change of an output through it was {tiny(coverage.equivalence)}."
    )


def _coverage(inputs: Inputs) -> Table:
    made, coverage = inputs.quantize, inputs.quantize.coverage
    return Table(
        id="checkpoint-coverage",
        title="What became of the linear layers",
        columns=(
            *words("Kind"),
            *numbers("Layers", "Scaled by AWQ", "Only rounded", "16 bit", "Share of all parameters"),
            *numbers("Weight error", "Its bound", "Output error, AWQ / rounded"),
        ),
        rows=tuple(_kind(kind, made, inputs.evidence) for kind in coverage.kinds),
        origin="measured",
        note=(
            f"Weight error: largest relative error of a layer's weights against the source, in "
            f"{plural(coverage.layers_compared, 'layer')} that were compared, beside the bound that 4 bit, "
            f"{grouping(made.group_size)} and clipping allow. Output error: mean squared error on the calibration "
            f"text after scaling over that of plain rounding; below 1 AWQ helped there."
        ),
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


def _facts(made: QuantizeResult, evidence: Evidence) -> tuple[tuple[str, Cell], ...]:
    def fact(field: str, form: Callable[[float], str] = number) -> Cell:
        return shown(evidence, made, field, form).model_copy(update={"origin": "measured"})

    facts = (
        ("Source model", word(made.source)),
        ("Source commit", word(made.source_commit or "none (a folder)")),
        ("Licence", word(made.licence)),
        ("Backend", word(_backend(made))),
        ("Format", word(made.format)),
        ("Bits, group size", word(f"{made.bits} bit, {grouping(made.group_size)}, {_zero(made)}")),
        ("Parameters", fact("parameters", count)),
        ("Of those now 4 bit", fact("quantized_parameters", lambda _: _quantized(made))),
        ("Bits per weight, whole model", fact("bits_per_weight")),
        ("Bits per weight, quantized layers", fact("bits_per_quantized_weight")),
        ("Weight files of the source", fact("source_bytes", size)),
        ("Weight files of the checkpoint", fact("checkpoint_bytes", size)),
        ("Calibration", word(_calibration(made))),
        ("Findings recalled from an attempt that broke off", fact("recalled", count) if made.recalled else None),
        ("Time to quantize", fact("quantize_seconds", seconds)),
        ("Peak memory while quantizing", fact("peak_memory_gib", _gib)),
        ("Peak GPU memory while quantizing", fact("peak_gpu_memory_gib", _gib) if made.peak_gpu_memory_gib else None),
        ("Checkpoint digest (SHA-256)", word(made.checkpoint_digest)),
        ("Digest of the round-to-nearest control", word(made.control_digest) if made.control_digest else None),
    )
    return tuple((label, cell) for label, cell in facts if cell is not None)


def _gib(value: float) -> str:
    return f"{number(value)} GiB"


def _quantized(made: QuantizeResult) -> str:
    part = share(made.quantized_parameters / made.parameters)
    return f"{count(made.quantized_parameters)} ({part}) in {plural(made.quantized_modules, 'layer')}"


def _calibration(made: QuantizeResult) -> str:
    blocks = plural(made.calibration_blocks, "block")
    return f"{made.calibration_source}: {blocks} of {count(made.calibration_block_tokens)} tokens"


def _zero(made: QuantizeResult) -> str:
    return "with zero points" if made.zero_point else "symmetric"


def checkpoint_limits(_inputs: Inputs) -> tuple[str, ...]:
    """Return what one checkpoint does not answer."""
    return ("One quantization with one calibration set and one seed was measured.",)


CHECKPOINT = Chapter(
    id="checkpoint",
    write=checkpoint_section,
    needs=(QuantizeResult,),
    limits=checkpoint_limits,
    absent=lambda _say: "Nothing was quantized: `awqctl quantize` was not run.",
)

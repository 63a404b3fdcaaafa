"""The model card of a checkpoint: what it was made from, how, what was measured, and how to use it."""

import re
from collections import Counter
from collections.abc import Sequence

from eval.accuracy.result import Contrast, EvalResult, Score, TaskScore
from pipeline.manifest import Manifest
from pipeline.quantize.card_metadata import flat, front_matter, licence_files
from pipeline.quantize.result import LayerAudit, QuantizeResult
from pipeline.recipe.models import Quantize
from pipeline.report.format import (
    PLUS_MINUS,
    change,
    count,
    grouping,
    listed,
    number,
    plural,
    score,
    share,
    size,
    with_error,
)

_LEFT = "16 bit"
_SHOWN = 4
"""Layers named per reason."""


def model_card(
    made: QuantizeResult, manifest: Manifest, layers: Sequence[LayerAudit], accuracy: EvalResult | None = None
) -> str:
    """Return the card as Markdown with YAML front matter.

    Args:
        made: what the quantize stage reports.
        manifest: of the checkpoint; whether it lists the card itself does not matter.
        layers: the coverage audit layer by layer, for what stayed in 16 bit and why.
        accuracy: None before the eval stage.
    """
    sections = (
        f"# {_text(made.source)}, quantized to 4 bit with AWQ",
        f"## Base model\n\n{_base(made, manifest)}",
        f"## Quantization\n\n{_method(made, manifest)}",
        f"## What is 4 bit\n\n{_coverage(made, layers)}",
        f"## Accuracy\n\n{_accuracy(accuracy)}",
        f"## Use\n\n{_USE}",
        f"## Verify\n\n{_verify(made)}",
        f"## Licence\n\n{_licence(made.licence, licence_files(manifest))}",
    )
    return front_matter(made, manifest) + "\n" + "\n\n".join(sections) + "\n"


_USE = """\
```sh
python -m vllm.entrypoints.openai.api_server --model PATH_OF_THIS_FOLDER
```

Pass no `--quantization` flag: vLLM reads the format from `config.json` and chooses its kernel by itself; the flag can
force a slower one."""


def _base(made: QuantizeResult, manifest: Manifest) -> str:
    # The manifest's own digest, taken over the source's files.
    digest = manifest.model_copy(update={"files": manifest.source.files}).digest()
    revision = "a local folder, without a commit" if made.source_commit is None else _code(made.source_commit)
    return _facts(
        ("Model", _code(made.source)),
        ("Revision", revision),
        ("SHA-256 over the sums of its weights and configuration", _code(digest)),
        ("Parameters", count(made.parameters)),
        ("Licence", _text(made.licence)),
    )


def _method(made: QuantizeResult, manifest: Manifest) -> str:
    settings = Quantize.model_validate(manifest.quantize)
    versions = [f"{name} {version}" for name, version in sorted(manifest.versions.items())]
    return _facts(
        ("Method", "AWQ, activation-aware weight quantization (arXiv 2306.00978)"),
        ("Backend", _text(made.backend)),
        ("Versions", _text(", ".join(versions))),
        ("Bits and groups", f"{made.bits} bit, {grouping(made.group_size)}, {_zero(made)}"),
        ("Format", _code(made.format)),
        (
            "Calibration",
            _text(
                f"{made.calibration_source}: {plural(made.calibration_blocks, 'block')} of "
                f"{count(made.calibration_block_tokens)} tokens, seed {settings.calibration.seed}"
            ),
        ),
        ("Weight files", f"{size(made.source_bytes)} before, {size(made.checkpoint_bytes)} now"),
        ("Bits per weight", f"{number(made.bits_per_weight)} over all parameters, {_quantized_bits(made)}"),
    )


def _zero(made: QuantizeResult) -> str:
    return "with zero points" if made.zero_point else "symmetric"


def _quantized_bits(made: QuantizeResult) -> str:
    return f"{number(made.bits_per_quantized_weight)} in the 4-bit layers, scales and zero points included"


def _coverage(made: QuantizeResult, layers: Sequence[LayerAudit]) -> str:
    found = made.coverage
    shares = (
        f"Of the parameters of the linear layers that the recipe does not ignore {share(found.share_4bit)} are 4 bit, "
        f"and {share(found.share_scaled)} were scaled by AWQ; 4-bit layers that were not scaled were only rounded to "
        f"nearest. Of all parameters of the model {share(found.share_of_model_4bit)} are 4 bit."
    )
    rows = [
        (_code(one.kind), count(one.layers), count(one.scaled), count(one.rounded), count(one.left))
        for one in found.kinds
    ]
    table = _table(("Layers", "How many", "Scaled by AWQ", "Only rounded", "16 bit"), rows)
    return f"{shares}\n\n{table}\n\n{_left(layers)}"


def _left(layers: Sequence[LayerAudit]) -> str:
    """Return what stayed in 16 bit and why, one line per reason."""
    reasons = Counter(one.reason for one in layers if one.treatment == _LEFT)
    lines = [
        "In 16 bit:",
        "",
        "- embeddings, norms and biases, because AWQ quantizes the weights of linear layers only",
    ]
    for reason, amount in sorted(reasons.items()):
        names = [_code(one.name) for one in layers if one.treatment == _LEFT and one.reason == reason]
        more = f" and {count(amount - _SHOWN)} more" if amount > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN]) + more if more else listed(names)
        lines.append(f"- {shown}: {_text(reason) or 'no reason recorded'}")
    return "\n".join(lines)


def _accuracy(accuracy: EvalResult | None) -> str:
    if accuracy is None:
        return "Not measured yet. `awqctl eval` measures it and writes the result here."
    rows = [_score_row(task) for task in accuracy.gated]
    titles = ("Task", "Metric", "Items", "Baseline", "AWQ", "AWQ minus baseline", "Agreed margin", "Verdict")
    how = (
        f"lm-eval {_text(accuracy.lm_eval_version)} against {_text(accuracy.engine_version)}, the same items and the "
        f"same engine settings for every column. Scores {PLUS_MINUS} standard error; the margin is the largest "
        f"loss that was agreed, and the verdict compares unrounded figures."
    )
    parts = [_table(titles, rows), how]
    if accuracy.contrasts:
        parts.append(_control(accuracy))
    return "\n\n".join(parts)


def _score_row(task: TaskScore) -> tuple[str, ...]:
    direction = "" if task.higher_is_better else " (lower is better)"
    left_out = "" if task.items >= task.items_available else f" of {count(task.items_available)}"
    return (
        _text(task.task),
        _text(task.metric) + direction,
        count(task.items) + left_out,
        _score(task.baseline),
        _score(task.candidate),
        _delta(task),
        score(task.margin),
        "passed" if task.passed else "**failed**",
    )


def _control(accuracy: EvalResult) -> str:
    rows = [
        (_text(task.task), _text(task.metric), _score(task.candidate), _delta(contrast))
        for task, contrast in zip(accuracy.control, accuracy.contrasts, strict=True)
    ]
    table = _table(("Task", "Metric", "Rounded to nearest", "AWQ minus rounded"), rows)
    return f"The same model rounded to nearest without AWQ, as a control:\n\n{table}"


def _delta(entry: TaskScore | Contrast) -> str:
    return with_error(change(entry.delta), entry.delta_stderr)


def _score(entry: Score) -> str:
    return with_error(score(entry.value), entry.stderr)


def _verify(made: QuantizeResult) -> str:
    return (
        "```sh\nawqctl verify PATH_OF_THIS_FOLDER\n```\n\n"
        "It recomputes the SHA-256 of every file and compares it with `awqctl-manifest.json`. Digest of the "
        f"checkpoint, this card left out: {_code(made.checkpoint_digest)}."
    )


def _licence(licence: str, files: Sequence[str]) -> str:
    stated = (
        "The base model does not state its licence. Find it out before you pass these weights on."
        if licence == "unknown"
        else f"The base model is offered under: {_text(licence)}. Its terms hold for weights derived from it as far as "
        f"they say so; read them before you pass these weights on."
    )
    beside = (
        f"Taken over from the base model, beside this card: {listed([_code(name) for name in files])}."
        if files
        else "The base model came without a licence or notice file."
    )
    return f"{stated} {beside}"


def _facts(*facts: tuple[str, str]) -> str:
    return _table(("", ""), facts)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, in a table too."""
    return re.sub(r"([\\|<>\[\]*_#`&~])", r"\\\1", flat(text))


def _code(text: str) -> str:
    """Return text as inline code; what would end it or a table cell becomes a plain stroke."""
    return f"`{flat(text).replace('`', chr(39)).replace('|', '/')}`"

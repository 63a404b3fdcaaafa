"""The model card of a checkpoint: what it was made from, how, and how to use it."""

from collections import Counter
from collections.abc import Sequence

from pipeline.base.format import count, grouping, listed, number, plural, share, size
from pipeline.models.manifest import Manifest
from pipeline.quantize.card.metadata import front_matter, licence_files
from pipeline.quantize.card.text import code, table, text
from pipeline.quantize.result import LayerAudit, QuantizeResult
from pipeline.recipe.quantize import Quantize

NOT_MEASURED = (
    "Not measured when these weights were made. `awqctl eval` measures it; `awqctl report` writes this card again with "
    "the result, as `report/model_card.md`."
)
_LEFT = "16 bit"
_SHOWN = 4
"""Layers named per reason."""


def model_card(
    made: QuantizeResult, manifest: Manifest, layers: Sequence[LayerAudit], accuracy: str = NOT_MEASURED
) -> str:
    """Return the card as Markdown with YAML front matter.

    Args:
        made: what the quantize stage reports.
        manifest: of the checkpoint; whether it lists the card itself does not matter.
        layers: the coverage audit layer by layer, for what stayed in 16 bit and why.
        accuracy: the section on it, as Markdown.
    """
    sections = (
        f"# {text(made.source)}, quantized to 4 bit with AWQ",
        f"## Base model\n\n{_base(made, manifest)}",
        f"## Quantization\n\n{_method(made, manifest)}",
        f"## What is 4 bit\n\n{_coverage(made, layers)}",
        f"## Accuracy\n\n{accuracy}",
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
    revision = "a local folder, without a commit" if made.source_commit is None else code(made.source_commit)
    return _facts(
        ("Model", code(made.source)),
        ("Revision", revision),
        ("SHA-256 over the sums of its weights and configuration", code(digest)),
        ("Parameters", count(made.parameters)),
        ("Licence", text(made.licence)),
    )


def _method(made: QuantizeResult, manifest: Manifest) -> str:
    settings = Quantize.model_validate(manifest.quantize)
    versions = [f"{name} {version}" for name, version in sorted(manifest.versions.items())]
    return _facts(
        ("Method", "AWQ, activation-aware weight quantization (arXiv 2306.00978)"),
        ("Backend", text(made.backend)),
        ("Versions", text(", ".join(versions))),
        ("Bits and groups", f"{made.bits} bit, {grouping(made.group_size)}, {_zero(made)}"),
        ("Format", code(made.format)),
        (
            "Calibration",
            text(
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
        (code(one.kind), count(one.layers), count(one.scaled), count(one.rounded), count(one.left))
        for one in found.kinds
    ]
    kinds = table(("Layers", "How many", "Scaled by AWQ", "Only rounded", "16 bit"), rows)
    return f"{shares}\n\n{kinds}\n\n{_left(layers)}"


def _left(layers: Sequence[LayerAudit]) -> str:
    """Return what stayed in 16 bit and why, one line per reason."""
    reasons = Counter(one.reason for one in layers if one.treatment == _LEFT)
    lines = [
        "In 16 bit:",
        "",
        "- embeddings, norms and biases, because AWQ quantizes the weights of linear layers only",
    ]
    for reason, amount in sorted(reasons.items()):
        names = [code(one.name) for one in layers if one.treatment == _LEFT and one.reason == reason]
        more = f" and {count(amount - _SHOWN)} more" if amount > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN]) + more if more else listed(names)
        lines.append(f"- {shown}: {text(reason) or 'no reason recorded'}")
    return "\n".join(lines)


def _verify(made: QuantizeResult) -> str:
    return (
        "```sh\nawqctl verify PATH_OF_THIS_FOLDER\n```\n\n"
        "It recomputes the SHA-256 of every file but this card and compares it with `awqctl-manifest.json`. Digest of "
        f"the checkpoint, the card left out, too: {code(made.checkpoint_digest)}."
    )


def _licence(licence: str, files: Sequence[str]) -> str:
    stated = (
        "The base model does not state its licence. Find it out before you pass these weights on."
        if licence == "unknown"
        else f"The base model is offered under: {text(licence)}. Its terms hold for weights derived from it as far as "
        f"they say so; read them before you pass these weights on."
    )
    beside = (
        f"Taken over from the base model, beside this card: {listed([code(name) for name in files])}."
        if files
        else "The base model came without a licence or notice file."
    )
    return f"{stated} {beside}"


def _facts(*facts: tuple[str, str]) -> str:
    return table(("", ""), facts)

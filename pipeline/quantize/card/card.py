"""The model card of a checkpoint: what it was made from, how, and how to use it."""

from collections import Counter
from collections.abc import Sequence

from pipeline.base.format import count, number, share, size
from pipeline.base.sentences.card import CardSentences
from pipeline.models.manifest import Manifest
from pipeline.quantize.card.metadata import front_matter, licence_files
from pipeline.quantize.card.text import code, table, text
from pipeline.quantize.result import LayerAudit, QuantizeResult
from pipeline.recipe.quantize import Quantize

_ENGLISH = CardSentences()
_LEFT = "16 bit"
_UNKNOWN = "unknown"
"""Licence of a base model that states none."""
_SHOWN = 4
"""Layers named per reason."""


def model_card(
    made: QuantizeResult,
    manifest: Manifest,
    layers: Sequence[LayerAudit],
    accuracy: str = _ENGLISH.not_measured,
    say: CardSentences = _ENGLISH,
) -> str:
    """Return the card as Markdown with YAML front matter.

    Args:
        made: what the quantize stage reports.
        manifest: of the checkpoint; whether it lists the card itself does not matter.
        layers: the coverage audit layer by layer, for what stayed in 16 bit and why.
        accuracy: the section on it, as Markdown.
        say: the language.
    """
    sections = (
        f"# {say.title(text(made.source))}",
        f"## {say.base_heading}\n\n{_base(made, manifest, say)}",
        f"## {say.method_heading}\n\n{_method(made, manifest, say)}",
        f"## {say.coverage_heading}\n\n{_coverage(made, layers, say)}",
        f"## {say.accuracy_heading}\n\n{accuracy}",
        f"## {say.use_heading}\n\n{_use(say)}",
        f"## {say.verify_heading}\n\n{_verify(made, say)}",
        f"## {say.licence_heading}\n\n{_licence(made.licence, licence_files(manifest), say)}",
    )
    return front_matter(made, manifest) + "\n" + "\n\n".join(sections) + "\n"


def _use(say: CardSentences) -> str:
    command = f"python -m vllm.entrypoints.openai.api_server --model {say.folder_of_weights}"
    return f"```sh\n{command}\n```\n\n{say.no_flag}"


def _base(made: QuantizeResult, manifest: Manifest, say: CardSentences) -> str:
    # The manifest's own digest, taken over the source's files.
    digest = manifest.model_copy(update={"files": manifest.source.files}).digest()
    return _facts(
        (say.model, code(made.source)),
        (say.revision, say.local_folder if made.source_commit is None else code(made.source_commit)),
        (say.digest, code(digest)),
        (say.parameters, count(made.parameters)),
        (say.licence, say.unknown if made.licence == _UNKNOWN else text(made.licence)),
    )


def _method(made: QuantizeResult, manifest: Manifest, say: CardSentences) -> str:
    settings = Quantize.model_validate(manifest.quantize)
    versions = [f"{name} {version}" for name, version in sorted(manifest.versions.items())]
    zero = say.zero_points if made.zero_point else say.symmetric
    blocks, tokens = count(made.calibration_blocks), count(made.calibration_block_tokens)
    calibration = say.calibration_text(made.calibration_source, blocks, tokens, str(settings.calibration.seed))
    return _facts(
        (say.method, say.method_text),
        (say.backend, text(made.backend)),
        (say.versions, text(", ".join(versions))),
        (say.bits, say.bits_text(str(made.bits), say.grouping(made.group_size), zero)),
        (say.format, code(made.format)),
        (say.calibration, text(calibration)),
        (say.weight_files, say.weight_files_text(size(made.source_bytes), size(made.checkpoint_bytes))),
        (
            say.bits_per_weight,
            say.bits_per_weight_text(number(made.bits_per_weight), number(made.bits_per_quantized_weight)),
        ),
    )


def _coverage(made: QuantizeResult, layers: Sequence[LayerAudit], say: CardSentences) -> str:
    found = made.coverage
    shares = say.shares(share(found.share_4bit), share(found.share_scaled), share(found.share_of_model_4bit))
    rows = [
        (code(one.kind), count(one.layers), count(one.scaled), count(one.rounded), count(one.left))
        for one in found.kinds
    ]
    return f"{shares}\n\n{table(say.kinds_columns, rows)}\n\n{_left(layers, say)}"


def _left(layers: Sequence[LayerAudit], say: CardSentences) -> str:
    """Return what stayed in 16 bit and why, one line per reason."""
    reasons = Counter(one.reason for one in layers if one.treatment == _LEFT)
    lines = [say.in_16bit, "", f"- {say.never_quantized}"]
    for reason, amount in sorted(reasons.items()):
        names = [code(one.name) for one in layers if one.treatment == _LEFT and one.reason == reason]
        shown = say.listing(names)
        if amount > _SHOWN:
            shown = say.and_more(", ".join(names[:_SHOWN]), count(amount - _SHOWN))
        lines.append(f"- {shown}: {text(say.left_reason(reason))}")
    return "\n".join(lines)


def _verify(made: QuantizeResult, say: CardSentences) -> str:
    return f"```sh\nawqctl verify {say.folder_of_weights}\n```\n\n{say.verifies(code(made.checkpoint_digest))}"


def _licence(licence: str, files: Sequence[str], say: CardSentences) -> str:
    stated = say.licence_unknown if licence == _UNKNOWN else say.licence_known(text(licence))
    beside = say.licence_files(say.listing([code(name) for name in files])) if files else say.no_licence_files
    return f"{stated} {beside}"


def _facts(*facts: tuple[str, str]) -> str:
    return table(("", ""), facts)

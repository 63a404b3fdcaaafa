"""Builds a calibration: the texts of all sources, tokenized, cut into blocks of exact length."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.base.errors import SourceError
from pipeline.models.tokenizer import Tokenizer, tokenizer_identity
from pipeline.quantize.calibration.result import CalibrationFacts, CalibrationSet, SourceFacts, token_ids_sha256
from pipeline.quantize.calibration.sources import locate
from pipeline.quantize.calibration.texts import UniqueTexts
from pipeline.recipe.calibration import Calibration

Block = list[int]


def build_calibration(
    calibration: Calibration, recipe_dir: Path, tokenizer: Tokenizer, tokenizer_folder: Path
) -> CalibrationSet:
    """Return at most `calibration.blocks` blocks of exactly `block_tokens` token ids, and what they are made of.

    Each source gives its share of the blocks, in the recipe's order. Its texts are shuffled with the recipe's seed,
    joined end to end and cut, so that long texts are used in full; nothing is added between them. A text that was read
    before is left out. A source that runs out gives fewer blocks (`facts.warnings()`), and at least one.

    Args:
        calibration: the recipe's section.
        recipe_dir: folder that relative paths refer to.
        tokenizer: of the model; its chat template renders messages.
        tokenizer_folder: the model's folder, whose tokenizer files are named in the facts.

    Raises:
        SourceError: a source is missing, unreadable, or holds less than one block of text.
        RecipeError: a key does not suit the kind of its source.
        EnvironmentLackError: the hub cannot be reached.
    """
    places = [locate(source, recipe_dir) for source in calibration.mixture]
    seen: set[bytes] = set()
    sources = [UniqueTexts(place, calibration.seed, tokenizer, seen) for place in places]
    quotas = calibration.blocks_per_source()
    parts = [
        _blocks_of(texts, tokenizer, calibration.block_tokens, quota)
        for texts, quota in zip(sources, quotas, strict=True)
    ]
    blocks = [block for part in parts for block in part]
    facts = CalibrationFacts(
        sources=tuple(
            _facts(texts, quota, len(part), len(part) / len(blocks))
            for texts, quota, part in zip(sources, quotas, parts, strict=True)
        ),
        blocks_wanted=calibration.blocks,
        blocks=len(blocks),
        block_tokens=calibration.block_tokens,
        seed=calibration.seed,
        tokenizer=tokenizer_identity(tokenizer, tokenizer_folder),
        token_ids_sha256=token_ids_sha256(blocks),
    )
    origins = tuple(place for place, part in enumerate(parts) for _ in part)
    return CalibrationSet(facts=facts, block_sources=origins, token_ids=tuple(tuple(block) for block in blocks))


def cut(texts: Iterable[str], tokenizer: Tokenizer, size: int) -> Iterator[Block]:
    """Yield blocks of `size` token ids from the joined texts; a rest that fills no block is left out."""
    pending: Block = []
    for text in texts:
        pending += tokenizer.encode(text, add_special_tokens=False)
        whole = len(pending) - len(pending) % size
        yield from (pending[start : start + size] for start in range(0, whole, size))
        del pending[:whole]


def _blocks_of(texts: UniqueTexts, tokenizer: Tokenizer, size: int, quota: int) -> list[Block]:
    blocks: list[Block] = []
    for block in cut(texts, tokenizer, size):
        blocks.append(block)
        if len(blocks) == quota:
            return blocks
    if blocks:
        return blocks
    source = texts.place.source.source
    if not texts.used:
        given = f", {texts.duplicate} of them given before" if texts.duplicate else ""
        raise SourceError(
            f"The calibration source {source} holds no text of its own ({texts.read} rows, {texts.blank} of them "
            f"blank{given}). Give another one, or another column than '{texts.place.column}'."
        )
    raise SourceError(
        f"The calibration source {source} holds less than one block of {size} tokens. "
        f"Give more text or lower quantize.calibration.block_tokens."
    )


def _facts(texts: UniqueTexts, wanted: int, made: int, share: float) -> SourceFacts:
    place = texts.place
    return SourceFacts(
        source=place.source.source,
        identity=texts.identity,
        column=place.column,
        is_chat=place.is_chat,
        config=place.source.config,
        split=place.split,
        weight=place.source.weight,
        blocks_wanted=wanted,
        blocks=made,
        share=share,
        texts_read=texts.read,
        texts_used=texts.used,
        texts_blank=texts.blank,
        texts_duplicate=texts.duplicate,
    )

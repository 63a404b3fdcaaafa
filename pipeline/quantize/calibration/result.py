"""What a calibration consists of, as stored in `quantize/calibration.json`."""

import hashlib
import json
from pathlib import Path
from typing import Literal, cast

from pydantic import ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError
from pipeline.base.files import read_written
from pipeline.base.results import Result
from pipeline.models.tokenizer import Decoder, Tokenizer, TokenizerIdentity


class SourceFacts(Result):
    """What one source gave."""

    source: str
    """As in the recipe."""
    identity: str
    """What was read: name and SHA-256 of a file, SHA-256 over a folder, name and commit of a hub data set."""
    column: str
    is_chat: bool
    """The column holds messages, and the model's chat template rendered them."""
    config: str | None
    split: str | None
    """None for a file."""
    weight: float
    blocks_wanted: int
    """By weight, of the blocks that the recipe asks for."""
    blocks: int
    """Fewer than wanted where the source ran out; no other source fills the gap."""
    share: float
    """Of all blocks that were made."""
    texts_read: int
    """In seeded order, until the blocks were full."""
    texts_used: int
    """The last of them may have been cut."""
    texts_blank: int
    texts_duplicate: int
    """Left out: the same as a text read before, of any source, but for white space."""


class CalibrationFacts(Result):
    """What a calibration was made of, without the tokens."""

    sources: tuple[SourceFacts, ...]
    blocks_wanted: int
    blocks: int
    block_tokens: int
    seed: int
    tokenizer: TokenizerIdentity
    token_ids_sha256: str
    """Over the token ids as JSON: equal sums mean the same calibration to the token."""

    @property
    def title(self) -> str:
        """Return the sources for a reader, with their shares of the blocks where there are several."""
        if len(self.sources) == 1:
            return self.sources[0].source
        return ", ".join(f"{source.source} ({100 * source.share:.0f} %)" for source in self.sources)

    def warnings(self) -> list[str]:
        """Return a sentence for each source that ran out."""
        return [
            f"the calibration source {source.source} fills {source.blocks} blocks of {self.block_tokens} tokens, "
            f"{source.blocks_wanted} were asked for; nothing else was put in their place. Give it more text, or ask "
            f"for fewer blocks"
            for source in self.sources
            if source.blocks < source.blocks_wanted
        ]


class CalibrationSet(Result):
    """`quantize/calibration.json`: the very token ids a model was calibrated on, and where they came from."""

    schema_version: Literal[1] = 1
    facts: CalibrationFacts
    block_sources: tuple[int, ...]
    """Per block: the place of its source in `facts.sources`. A block holds text of one source only."""
    token_ids: tuple[tuple[int, ...], ...]
    """Blocks of exactly `facts.block_tokens` ids. Blocks of one source follow one another as in its joined texts."""

    def of_source(self, place: int) -> list[int]:
        """Return the token ids of one source, its blocks joined."""
        blocks = zip(self.token_ids, self.block_sources, strict=True)
        return [token for block, source in blocks if source == place for token in block]


def token_ids_sha256(token_ids: list[list[int]]) -> str:
    """Return the SHA-256 of the token ids as JSON without spaces."""
    return hashlib.sha256(json.dumps(token_ids, separators=(",", ":")).encode()).hexdigest()


def read_calibration(path: Path) -> CalibrationSet:
    """Return what the stage `quantize` stored.

    Raises:
        MissingStageError: the file is not there, or another version of awqctl wrote it.
    """
    try:
        return CalibrationSet.model_validate_json(read_written(path))
    except FileNotFoundError as problem:
        raise MissingStageError(f"There is no {path}. Run `{command('quantize', '--force')}` to make it.") from problem
    except ValidationError as problem:
        raise MissingStageError(
            f"{path} is not calibration data this version reads. Run `{command('quantize', '--force')}` to make it "
            f"anew."
        ) from problem


def calibration_texts(stored: CalibrationSet, tokenizer: Tokenizer) -> list[str]:
    """Return the text of each source, its blocks joined; special tokens of chat templates left out."""
    decoder = cast("Decoder", tokenizer)
    return [
        decoder.decode(stored.of_source(place), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        for place in range(len(stored.facts.sources))
    ]

"""The recipe's calibration: which text AWQ observes activations on."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from pipeline.recipe.section import LARGEST, Integer, PositiveInt, Section


class CalibrationSource(Section):
    """One source of calibration text."""

    source: Annotated[str, Field(min_length=1)]
    """`packaged:demo`; a local .jsonl, .txt or .parquet file; a folder of such files; or a hub data set, `org/name`."""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Share of the blocks, in proportion to the weights of the other sources."""
    column: str | None = None
    """Column (JSONL key) that holds text; default `text`."""
    messages: str | None = None
    """Column that holds chat messages, lists of `{role, content}`, instead of text. The model's chat template renders
    them, with the functions of the column `tools` where there is one."""
    config: str | None = None
    """Configuration of a data set."""
    split: str | None = None
    """Split of a data set; default `train`."""

    @model_validator(mode="after")
    def _column_or_messages(self) -> "CalibrationSource":
        if self.column is not None and self.messages is not None:
            raise ValueError("give column for text or messages for chats, not both; list the source twice to use both")
        return self


class Calibration(Section):
    """Text that AWQ observes activations on: several `sources`, or the keys of a single one written here."""

    source: Annotated[str, Field(min_length=1)] | None = None
    """Short form for a single source; `column`, `messages`, `config` and `split` are its keys."""
    column: str | None = None
    messages: str | None = None
    config: str | None = None
    split: str | None = None
    sources: tuple[CalibrationSource, ...] = ()
    blocks: PositiveInt = 128
    """Number of blocks of exactly `block_tokens` tokens, over all sources."""
    block_tokens: Annotated[int, Field(ge=16, le=LARGEST)] = 512
    seed: Integer = 0
    """Order of the texts."""

    @property
    def mixture(self) -> tuple[CalibrationSource, ...]:
        """Return the sources, whichever form the recipe has."""
        return self.sources or (CalibrationSource.model_validate({"source": self.source} | self._short_keys()),)

    def blocks_per_source(self) -> tuple[int, ...]:
        """Return how many blocks each source of the mixture gives: largest remainder by weight, ties to the earlier."""
        weights = [Fraction(str(source.weight)) for source in self.mixture]
        exact = [self.blocks * weight / sum(weights) for weight in weights]
        counts = [int(share) for share in exact]
        by_remainder = sorted(range(len(exact)), key=lambda place: counts[place] - exact[place])
        for place in by_remainder[: self.blocks - sum(counts)]:
            counts[place] += 1
        return tuple(counts)

    def _short_keys(self) -> dict[str, str]:
        """Return the keys of a single source that are given here, without `source`."""
        return {
            key: value for key in ("column", "messages", "config", "split") if (value := getattr(self, key)) is not None
        }

    @model_validator(mode="after")
    def _one_form(self) -> "Calibration":
        if self.source is not None and self.sources:
            raise ValueError("give source (one) or sources (a list), not both")
        if self.source is None and not self.sources:
            raise ValueError("give source, or sources with at least one entry")
        if self.sources and self._short_keys():
            raise ValueError(f"with sources, {', '.join(self._short_keys())} belongs into the entries of the list")
        return self

    @model_validator(mode="after")
    def _every_source_counts(self) -> "Calibration":
        seen = [source.model_dump(exclude={"weight"}) for source in self.mixture]
        for place, (source, count) in enumerate(zip(self.mixture, self.blocks_per_source(), strict=True)):
            if seen[place] in seen[:place]:
                raise ValueError(f"{source.source} stands in sources twice; give it once, with one weight")
            if not count:
                raise ValueError(
                    f"weight {source.weight:g} gives {source.source} none of the {self.blocks} blocks; "
                    f"raise the weight or blocks"
                )
        return self

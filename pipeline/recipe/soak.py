"""The part `soak` of the recipe section `bench`: one load held for minutes, to see whether anything drifts."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipeline.base.token_range import TokenRange, Tokens
from pipeline.recipe.section import PositiveFloat, Section

_FEWEST_SLICES = 15
"""Twelve make a trend, and a run may end a little sooner than asked."""
_USUAL_SLICES = 30
_MOST_SLICES = 1_000
_USUAL = TokenRange(low=128, high=1_024)
"""Tokens of prompts where the recipe does not say."""


class Soak(Section):
    """How long which load is held, and how much drift is still called stable."""

    minutes: Annotated[float, Field(gt=0, le=7 * 24 * 60)] = 5.0
    share: Annotated[float, Field(gt=0, le=4)] = 0.8
    """Of the concurrency from which on more bring hardly more throughput."""
    arms: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names of the arms, endpoints among them; by default the first one of `bench.arms` that an engine of ours serves
    and that is not the baseline."""
    input_tokens: Tokens | None = None
    """Of every prompt, or a range that they are drawn from; by default 128-1024, as far as they fit the context."""
    output_tokens: Tokens | None = None
    """The same of answers, the most of them with natural lengths; by default those of `bench`."""
    natural_lengths: bool = False
    """Whether answers may end where the model ends them."""
    drift_limit: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Relative drift over the whole time that is still called stable."""
    slice_seconds: PositiveFloat | None = None
    """Length of a slice; by default a thirtieth of the time."""

    @property
    def slice_s(self) -> float:
        """Return the length of a slice."""
        return 60 * self.minutes / _USUAL_SLICES if self.slice_seconds is None else self.slice_seconds

    def prompts(self, room: int) -> TokenRange:
        """Return the tokens of prompts where so many fit into the context beside the longest answer."""
        asked = self.input_tokens or _USUAL
        return TokenRange(low=min(asked.low, room), high=min(asked.high, room))

    @model_validator(mode="after")
    def _slices_suffice(self) -> Self:
        slices = 60 * self.minutes / self.slice_s
        if not _FEWEST_SLICES <= slices <= _MOST_SLICES:
            raise ValueError(
                f"minutes and slice_seconds make {slices:.0f} slices; a trend needs from {_FEWEST_SLICES} to "
                f"{_MOST_SLICES}, so choose another slice_seconds"
            )
        return self

"""The keys of the recipe section `bench` that say how often, in which order and how exactly is measured."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.recipe.section import PositiveFloat, PositiveInt, Section

Order = Literal["blocks", "alternate"]
_FIRST_FOR_PRECISION = 5
"""From three the variance is so badly known that a precision takes several times the repeats."""


class Repeats(Section):
    """How often each point is measured, and the order of the arms."""

    repeats: PositiveInt = 3
    """Runs per concurrency; their mean is reported, and from how they differ what is said of speed and costs.
    Five decide much more than three."""
    order: Order = "blocks"
    """`blocks`: one engine start per arm, the order of the arms drawn by `seed`. `alternate`: A B B A, a start for each
    repeat of an arm, so that drift and what differs between starts is no difference between arms."""
    precision: Annotated[float, Field(gt=0, le=1)] | None = None
    """How narrow the interval of every speed ratio is to be, as its relative half-width: 0.05 for 5 %. The first
    `repeats`, at least five, tell how many more it takes. Without it, `repeats` are made."""
    max_repeats: PositiveInt | None = None
    """Most repeats of a level for `precision`, 20 where it is not given."""
    budget_minutes: PositiveFloat | None = None
    """Time for all arms that further repeats for `precision` are fitted into, by how long the first took."""
    reuse_engine: bool = False
    """Whether an engine that `eval` left running in the same run is measured if its arm is drawn first. Saves a start;
    but that engine is warmer than the others, which the result says."""

    @property
    def first_repeats(self) -> int:
        """Return how many repeats are made of every level, before it is decided whether more are."""
        return self.repeats if self.precision is None else max(self.repeats, _FIRST_FOR_PRECISION)

    @model_validator(mode="after")
    def _limits_fit(self) -> "Repeats":
        given = [key for key in ("max_repeats", "budget_minutes") if getattr(self, key) is not None]
        if given and self.precision is None:
            raise ValueError(f"{' and '.join(given)} limit repeats that are added for precision: set precision, too")
        if self.max_repeats is not None and self.max_repeats < self.first_repeats:
            raise ValueError(f"max_repeats must be {self.first_repeats} or more: so many are made first")
        if self.reuse_engine and self.order == "alternate":
            raise ValueError("reuse_engine is for order: blocks; alternating, every repeat has an engine of its own")
        return self

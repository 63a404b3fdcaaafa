"""How it was made sure that arms are compared alike: part of what the bench stage reports."""

from typing import Literal

from pydantic import Field

from eval.bench.enough import LevelRepeats, Limit
from eval.bench.settings_diff import SettingsDifference
from pipeline.base.results import Result


class FairArms(Result):
    """Order of the arms, repeats for a precision, and settings."""

    order: Literal["blocks", "alternate"]
    """As in the recipe."""
    seed: int
    """That the order was drawn by."""
    drawn: tuple[str, ...]
    """The arms in the order drawn; alternating, each repeat goes through them the other way round."""
    first_repeats: int
    """Of every level, before it was decided whether more are made."""
    precision: float | None = None
    """That was asked for, as the relative half-width of the interval of a ratio; None for a fixed number of repeats."""
    repeats: dict[str, tuple[LevelRepeats, ...]] = Field(default_factory=dict)
    """By arm; empty without a precision. A level that is void, or has fewer than the first repeats, is left out."""
    reference: str
    """The arm whose settings the others' are held against."""
    differences: tuple[SettingsDifference, ...] = ()

    @property
    def deciding_repeats(self) -> int | None:
        """Return how many repeats decided how many were made; None where their number was fixed."""
        return None if self.precision is None else self.first_repeats

    def limited(self, concurrency: int, *arms: str) -> tuple[Limit, ...]:
        """Return what kept the repeats of any of these arms at a concurrency below what the precision needs."""
        levels = (level for arm in arms for level in self.repeats.get(arm, ()) if level.concurrency == concurrency)
        return tuple(sorted({level.limited_by for level in levels if level.limited_by}))

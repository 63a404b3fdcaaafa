"""`Figure`: a number of the costs, with what it can be and where it came from; and what a saving is decided to be."""

from typing import Literal

from pipeline.base.results import Origin, Result

Decision = Literal["pays", "does not pay", "not decided"]


class Figure(Result):
    """A number with its range, its unit and where it came from. How it is calculated says the report, by its name."""

    value: float | None
    """None where the figure does not exist, for example a break-even that is never reached."""
    low: float | None = None
    """With `high`: what the figure can be, as far as the repeats of the benchmark tell. None without a range."""
    high: float | None = None
    """None although `low` is known: the range is open, for example a break-even that may never be reached."""
    unit: str
    origin: Origin
    source: str = ""
    """Who stated it and when, in the words of the recipe; empty for what is measured or calculated."""

"""`Risk`: what can go wrong, with the fact that it follows from."""

from dataclasses import dataclass

from pipeline.report.language.en.risks import Severity

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
"""The gravest first."""


@dataclass(frozen=True)
class Risk:
    """One risk. Where `fact` points to nothing there is no risk to tell of."""

    severity: Severity
    text: str
    reduced_by: str
    fact: str
    """Where it stands: a file of the run, and a JSON pointer into it."""


def awqctl(command: str, recipe: str, *further: str) -> str:
    """Return a command line of a recipe, as sentences print it."""
    return f"`{' '.join(('awqctl', command, recipe, *further))}`"

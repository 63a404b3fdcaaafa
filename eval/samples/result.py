"""What `awqctl compare` is asked for, and what it returns."""

from dataclasses import dataclass
from typing import Literal

from eval.comparison.result import Comparison
from eval.statistics import Margin
from pipeline.base.results import Result


class TaskComparison(Comparison):
    """One task or group that both sides have."""

    only_baseline: int
    """Items that the candidate has not answered; they are left out."""
    only_candidate: int
    unmatched_examples: tuple[str, ...]
    """The first of both, in words."""


class CompareResult(Result):
    """What `awqctl compare --json` prints."""

    schema_version: Literal[1] = 1
    baseline: str
    """File or folder, as given."""
    candidate: str
    confidence: float
    draws: int
    seed: int
    tasks: tuple[TaskComparison, ...]
    complete: bool
    """Whether every task that was to be compared is here, with all items that files and results of both sides have."""
    passed: bool | None
    """Whether every task passes; without `--allow-partial` an incomplete comparison does not. None without a margin."""
    notes: tuple[str, ...]
    """What was not compared, not stated or left out, as sentences."""


@dataclass(frozen=True)
class Request:
    """What is to be compared, and how."""

    tasks: tuple[str, ...] = ()
    """Groups or tasks by name; by default all groups, and the tasks in none."""
    metric: str | None = None
    """By default the first that lm-eval lists for the task."""
    higher_is_better: bool | None = None
    """For metrics of which neither the files nor their name say it; another direction than theirs is refused."""
    margin: Margin | None = None
    confidence: float = 0.95
    draws: int = 10_000
    seed: int = 0
    allow_partial: bool = False
    """Judge what both sides have, although one has tasks or items that the other has not."""

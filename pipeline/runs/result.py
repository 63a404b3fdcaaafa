"""What `awqctl runs` says of runs and of their differences."""

from typing import Literal

from pydantic import Field

from eval.bench.rank.likeness import Difference
from eval.statistics.repeats import Interval
from pipeline.base.results import Origin, Result

Topic = Literal["accuracy", "speed", "cost"]
Verdict = Literal["higher", "lower", "alike", "not decided", "not repeated"]
"""Of a run against the first one; `alike` where both figures are exact and the same."""


class StageOverview(Result):
    """One stage of a run."""

    stage: str
    outcome: str
    """In words."""
    started_at: str
    seconds: float
    gates: dict[str, str] = Field(default_factory=dict)
    """Outcome by the name of the gate."""
    error: str | None = None


class RunOverview(Result):
    """One output folder."""

    name: str
    """The part of the path by which runs that are named together differ."""
    folder: str
    recipe: str
    model: str
    date: str
    """Of the last stage that began, UTC, ISO 8601; empty where none did."""
    hardware: str
    awqctl: str
    """Version that made it."""
    stages: tuple[StageOverview, ...]
    gates: Literal["passed", "failed", "inconclusive", "none"]
    """The gravest of all gates."""
    acceptance: str | None = None
    """The gravest outcome of all clauses; None where nothing was agreed, or nothing is there to judge."""
    clauses: dict[str, str] = Field(default_factory=dict)
    """Outcome by the id of the clause."""
    recommendation: str = ""
    """Of the report in the folder; empty where there is none."""
    mlflow_run_id: str | None = None


class Group(Result):
    """Settings of one kind that are not the same in all runs."""

    name: Literal["recipe", "machine", "versions", "engine"]
    differences: tuple[Difference, ...]


class RunFigure(Result):
    """One figure of one run."""

    value: float
    interval: Interval | None = None
    """Of the value alone; None where the repeats do not tell, or the figure is exact."""
    against_first: float | None = None
    """Ratio to the first run's; of accuracy the difference in the metric's unit. None of the first run itself."""
    against_first_interval: Interval | None = None
    verdict: Verdict | None = None
    """None of the first run."""


class FigureRow(Result):
    """One figure of all runs that are compared."""

    topic: Topic
    name: str
    unit: str
    origin: Origin
    runs: dict[str, RunFigure]
    """By run, the first one before all others."""


class Refusal(Result):
    """Figures that are not compared."""

    topic: Topic
    what: str
    why: str


class RunsComparison(Result):
    """What `awqctl runs compare` says."""

    schema_version: Literal[1] = 1
    confidence: float
    """With which all verdicts on speed hold together."""
    runs: tuple[RunOverview, ...]
    settings: tuple[Group, ...]
    figures: tuple[FigureRow, ...]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...] = ()

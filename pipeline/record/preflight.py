"""A stage's own part of the pre-flight: what it looks at before a run begins, and the disk space that it will take."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Literal

from pipeline.base.errors import AwqctlError
from pipeline.base.results import Result
from pipeline.hardware.accelerator import planned_accelerator
from pipeline.models.described import DescribedModel, describe
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.runtimes.specs import Resolved

State = Literal["ok", "warning", "obstacle", "unchecked"]


class Effort(IntEnum):
    """How much a pre-flight may take; each includes those before it."""

    FILES = 0
    """Files on this machine alone: `recipe validate`."""
    SECONDS = 1
    """The hub, the machine, a worker: before the first stage of every run."""
    THOROUGH = 2
    """Whatever tells something without an engine's start: `run --dry-run`."""


class ProbeResult(Result):
    """One thing that was looked at."""

    subject: str
    state: State
    text: str
    exit_code: int | None = None
    """That an obstacle ends with."""

    @classmethod
    def of_problem(cls, subject: str, problem: AwqctlError) -> "ProbeResult":
        """Return what an error says as an obstacle."""
        return cls(subject=subject, state="obstacle", text=str(problem), exit_code=problem.exit_code)


@dataclass(frozen=True)
class Prospect:
    """A run that is asked about."""

    recipe: Recipe
    context: RunContext
    """Of the run; nothing is written into its output folder."""
    aside: RunContext
    """The same with an output folder for logs and for files that workers read."""
    effort: Effort

    @cached_property
    def planned(self) -> tuple[Resolved, bool]:
        """The accelerator, and whether it is on this machine."""
        return planned_accelerator(self.context.accelerator, self.context.machine)

    @cached_property
    def _described(self) -> DescribedModel | AwqctlError:
        try:
            return describe(self.recipe.model, self.context.recipe_dir)
        except AwqctlError as problem:
            return problem

    @property
    def model(self) -> DescribedModel:
        """The source model, described once.

        Raises:
            AwqctlError: it cannot be; whoever asks again is told the same.
        """
        if isinstance(self._described, AwqctlError):
            raise self._described
        return self._described


Look = Callable[[Prospect], Iterable[ProbeResult | AwqctlError]]


@dataclass(frozen=True)
class Probe:
    """One thing to look at; what it yields or raises is found, and nothing found is well."""

    subject: str
    look: Look
    effort: Effort
    """The least at which it is looked at."""
    well: str
    """What is true where nothing is found."""
    of_machine: bool = False
    """Whether it is this machine that is looked at: left out where the run will be on another."""
    at_once: bool = False
    """Whether its stage looks at the same as soon as it starts: left out where that stage is the first to run."""


@dataclass(frozen=True)
class Space:
    """Disk space that will be taken."""

    folder: Path
    bytes: int
    what: str

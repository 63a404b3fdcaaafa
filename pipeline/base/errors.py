"""Every error a user can meet, with the exit code of the command-line contract.

AwqctlError                     1  a bug, or a failure nobody foresaw
├── UsageError                  2  wrong usage
│   ├── RecipeError             2  the recipe cannot be read or does not validate
│   ├── SourceError             2  a model, data set or file named by the user is not there or not usable
│   └── MissingStageError       2  an earlier stage has not been run
├── GateError                   3  a gate failed: accuracy, validity of a measurement, acceptance
│   ├── VoidMeasurementError    3  a benchmark whose numbers must not be used
│   └── DoesNotFitError         3  what the planner finds impossible on the machine that it plans for
├── EnvironmentLackError        4  memory, disk, network, runtime or a program is missing
│   ├── ImpossiblePlanError     4  what the recipe asks for cannot work with this model or on this machine
│   ├── RuntimeInstallError     4  an engine environment could not be made
│   ├── WorkerError             4  a worker in an engine environment failed
│   ├── EngineError             4  vLLM did not start, or did not answer as it must
│   │   └── EngineDiedError     4  vLLM ended while it was in use
│   └── BusyError               4  a port, an output folder or a store is in use
├── ObstaclesError              several of these at once, with the highest of their codes
└── Interrupted                 130  SIGINT or SIGTERM

A message is one or two sentences and ends with what to do next.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path


class AwqctlError(Exception):
    """Base of all errors; `exit_code` follows the contract, `log` names a file with the details."""

    exit_code = 1

    def __init__(self, message: str, *, log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.log = log

    def __str__(self) -> str:
        return f"{self.message} Details: {self.log}" if self.log else self.message


class UsageError(AwqctlError):
    """Wrong usage of a command."""

    exit_code = 2


class RecipeError(UsageError):
    """The recipe cannot be read or does not validate."""


class SourceError(UsageError):
    """A model, data set or file named by the user is missing or not usable."""


class MissingStageError(UsageError):
    """A stage needs the result of an earlier one that has not been run."""


class GateError(AwqctlError):
    """A gate failed."""

    exit_code = 3


class VoidMeasurementError(GateError):
    """A measurement that must not be used: failed requests, or a client and a server that disagree."""


class DoesNotFitError(GateError):
    """A plan that cannot run on the machine that it is for, which need not be this one."""


class EnvironmentLackError(AwqctlError):
    """The machine lacks something."""

    exit_code = 4


class ImpossiblePlanError(EnvironmentLackError):
    """The recipe asks for something that cannot work with this model or on this machine."""


class RuntimeInstallError(EnvironmentLackError):
    """An engine environment could not be made."""


class WorkerError(EnvironmentLackError):
    """A worker in an engine environment failed."""


class EngineError(EnvironmentLackError):
    """The vLLM server did not start, or died."""


class EngineDiedError(EngineError):
    """The vLLM server ended while it was in use."""


class BusyError(EnvironmentLackError):
    """A port, an output folder or a store is in use by another process."""


class ObstaclesError(AwqctlError):
    """Several things stand in the way; every one on a line of its own, the exit code is the highest of theirs."""

    def __init__(self, problems: Sequence[AwqctlError]) -> None:
        messages = dict.fromkeys(problem.message for problem in problems)
        super().__init__("\n  ".join([f"{len(messages)} things stand in the way:", *messages]))
        self.exit_code = max(problem.exit_code for problem in problems)


def refuse(problems: Iterable[AwqctlError]) -> None:
    """Return where there is no problem; raise the one there is, or all together.

    Raises:
        AwqctlError: of the only problem's kind, or `ObstaclesError`.
    """
    found = list(problems)
    if len(found) > 1:
        raise ObstaclesError(found)
    for problem in found:
        raise problem


class Interrupted(AwqctlError):  # noqa: N818 -- named after the event, as KeyboardInterrupt is
    """The user or the system asked to stop."""

    exit_code = 130

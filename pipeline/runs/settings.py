"""What differs between runs beside their figures: recipe, machine, versions, engine."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from eval.accuracy.result import EvalResult
from eval.bench.rank.likeness import differences
from eval.bench.result import BenchResult
from pipeline.base.nested import flatten
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.runs.overview import measured_environment
from pipeline.runs.result import Group

_SAYS_NOTHING = ("name", "description", "schema_version", "report", "acceptance")
"""Sections of a recipe that no figure depends on."""


def setting_groups(records: Mapping[str, RunRecord]) -> tuple[Group, ...]:
    """Return what is not the same in all runs, by kind; kinds in which all are alike are left out."""
    groups = (
        Group(name="recipe", differences=differences({name: dict(_recipe(one)) for name, one in records.items()})),
        Group(name="machine", differences=differences({name: dict(_machine(one)) for name, one in records.items()})),
        Group(name="versions", differences=differences({name: dict(_versions(one)) for name, one in records.items()})),
        Group(name="engine", differences=differences({name: dict(_engine(one)) for name, one in records.items()})),
    )
    return tuple(group for group in groups if group.differences)


def _recipe(record: RunRecord) -> Iterator[tuple[str, str]]:
    for key, value in flatten(_resolved(record)):
        if key.partition(".")[0] not in _SAYS_NOTHING:
            yield key, "none" if value is None else str(value)


def _resolved(record: RunRecord) -> dict[str, Any]:
    """Return the recipe with today's defaults, so that a key which came later is no difference."""
    try:
        return Recipe.model_validate(record.recipe).model_dump(mode="json")
    except ValidationError:
        return record.recipe


def _machine(record: RunRecord) -> Iterator[tuple[str, str]]:
    environment = measured_environment(record)
    machine = environment.machine
    yield "accelerator", environment.accelerator
    yield "processor", f"{machine.cpu}, {machine.cores} cores"
    yield "memory", f"{machine.memory_gib:.0f} GiB"
    yield "GPUs", ", ".join(gpu.name for gpu in machine.gpus) or "none"
    yield "driver", ", ".join(dict.fromkeys(gpu.driver or "unknown" for gpu in machine.gpus)) or "none"
    yield "system", machine.platform


def _versions(record: RunRecord) -> Iterator[tuple[str, str]]:
    environment = measured_environment(record)
    yield "awqctl", environment.awqctl
    yield "commit of awqctl", environment.awqctl_commit
    yield "commit of the recipe", environment.recipe_commit or "none"
    yield "Python", environment.python
    yield from environment.packages.items()


def _engine(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield what the engines say of themselves, which is more than what they were asked for."""
    if bench := record.find(BenchResult):
        yield "engine of the benchmark", bench.engine_version
        yield "arguments", " ".join(bench.engine_arguments)
        for load in bench.arms:
            yield f"{load.arm} kernel", load.kernel
            yield f"{load.arm} dtype", load.dtype
            for key, value in load.settings.items():
                yield f"{load.arm} {key}", value
    if accuracy := record.find(EvalResult):
        yield "engine of the evaluation", accuracy.engine_version
        yield "lm-eval", accuracy.lm_eval_version

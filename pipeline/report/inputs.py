"""The results a report is made of, validated once and handed to every chapter. None of them must be there."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TypeVar

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from eval.profile.result import ProfileResult
from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError
from pipeline.base.format import day
from pipeline.base.identity import document_identity
from pipeline.base.manner import MANNERS, Manner
from pipeline.base.results import Gate, Payload
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord
from pipeline.report.evidence import Evidence
from pipeline.report.language.language import ENGLISH, Language
from pipeline.report.language.languages import LANGUAGES
from pipeline.roi.result import RoiResult, Saving
from pipeline.roi.scenarios.result import Shown
from serve.result import ServeResult

REPORTED: tuple[type[Payload], ...] = (
    QuantizeResult,
    EvalResult,
    BenchResult,
    ProfileResult,
    RoiResult,
    ServeResult,
)
"""Every result that a report has something to say of, in the order of a run."""
_MACHINES = (BenchResult, EvalResult, ServeResult, ProfileResult, QuantizeResult, RoiResult)
"""Whose machine is the one that was measured: the first that is there."""
PayloadT = TypeVar("PayloadT", bound=Payload)
_FEW = 4
_TOP = "."


@dataclass(frozen=True)
class Inputs:
    """The recipe, the record, and the results of the stages that ended.

    A result that is not there raises `MissingStageError`, which names the command that makes it.
    """

    recipe: Recipe
    """As it is now: a changed cover needs no new measurement."""
    record: RunRecord
    say: Language = ENGLISH

    def has(self, *results: type[Payload]) -> bool:
        """Return whether all these results are there."""
        return all(result in self._results for result in results)

    @property
    def quantize(self) -> QuantizeResult:
        """The checkpoint and its audit."""
        return self._of(QuantizeResult)

    @property
    def quantize_or_none(self) -> QuantizeResult | None:
        """The same; None where it is not there, and for dummy weights, of which there is no checkpoint."""
        return None if self.has_dummies or not self.has(QuantizeResult) else self.quantize

    @property
    def has_dummies(self) -> bool:
        """Whether speed and memory were measured with weights that the engine made up."""
        if self.has(ProfileResult) and self.profile.dummy_weights:
            return True
        return self.has(BenchResult) and self.load.dummy_weights is not None

    @property
    def accuracy(self) -> EvalResult:
        """What every arm lost."""
        return self._of(EvalResult)

    @property
    def load(self) -> BenchResult:
        """Speed and memory of every arm."""
        return self._of(BenchResult)

    @property
    def profile(self) -> ProfileResult:
        """Where the time of every arm goes."""
        return self._of(ProfileResult)

    @property
    def costs(self) -> RoiResult:
        """What every arm costs."""
        return self._of(RoiResult)

    @property
    def endpoint(self) -> ServeResult:
        """What was tried against the running endpoint."""
        return self._of(ServeResult)

    @cached_property
    def evidence(self) -> Evidence:
        """Finds where the figures stand in the files of the run."""
        return Evidence(self._results)

    @property
    def saving(self) -> Saving:
        """What AWQ saves against the baseline."""
        return self.costs.saving(AWQ)

    @property
    def environment(self) -> Environment:
        """The machine that was measured, which may not be the one that writes the report."""
        return self.record.done(next(one.STAGE for one in _MACHINES if self.has(one))).environment

    @property
    def on_cpu(self) -> bool:
        """Whether the engine ran without a GPU."""
        return self.environment.accelerator == "cpu"

    @property
    def hardware(self) -> str:
        """The device that was measured, in words."""
        machine, say = self.environment.machine, self.say.environment
        if self.on_cpu:
            return say.processors(machine.cpu, str(machine.cores))
        kinds = Counter(gpu.name for gpu in machine.cuda_gpus)
        return ", ".join(say.gpus(str(amount), name) for name, amount in kinds.items())

    @property
    def date(self) -> str:
        """Day of the latest stage, UTC, as the language prints it."""
        return day(max(self.record.stages[name].started_at for name in self.stages)[:10])

    @property
    def currency(self) -> Shown | None:
        """What money is printed in, with its rate: the report's, else that of the costs; None for US dollars."""
        stated = self.recipe.report.currency
        if stated is not None:
            return Shown(code=stated.code, per_usd=stated.per_usd, source=stated.source, date=stated.date.isoformat())
        scenario = self.costs.scenario if self.has(RoiResult) else None
        return scenario.currency if scenario and scenario.currency.code != "USD" else None

    @property
    def manner(self) -> Manner:
        """How the report prints numbers, days and money."""
        manner, money = MANNERS[self.say.page.language], self.currency
        return replace(manner, currency=money.code, per_usd=money.per_usd) if money else manner

    @property
    def iso_day(self) -> str:
        """Day of the latest stage, UTC, ISO 8601: for files, whatever the language prints."""
        return max(self.record.stages[name].started_at for name in self.stages)[:10]

    @property
    def stages(self) -> tuple[str, ...]:
        """The finished stages the report draws on, in order."""
        return tuple(one.STAGE for one in REPORTED if self.has(one))

    @property
    def gates(self) -> tuple[tuple[str, Gate], ...]:
        """Every gate with its stage."""
        return tuple((name, gate) for name in self.stages for gate in self.record.stages[name].gates)

    @property
    def recipe_digest(self) -> str:
        """SHA-256 over the recipe as resolved, keys sorted."""
        return document_identity(self.recipe.model_dump(mode="json"))

    def sources(self, stage: str) -> tuple[str, ...]:
        """Return the files a stage left behind; folders with a count where they are many."""
        result = self.record.stages.get(stage)
        paths = sorted(set(result.artifacts.values())) if result else []
        if len(paths) <= _FEW:
            return tuple(paths) or (f"record.json (stages.{stage})",)
        folders = Counter(PurePosixPath(path).parent.as_posix() for path in paths)
        shown: list[str] = []
        for folder, amount in folders.items():
            inside = [path for path in paths if PurePosixPath(path).parent.as_posix() == folder]
            shown += inside if amount == 1 or folder == _TOP else [self.say.files.folder(folder, str(amount))]
        return tuple(shown)

    @cached_property
    def _results(self) -> dict[type[Payload], Payload]:
        """Results by their types. One that the recipe has no section for any more is none of this recipe."""
        found = {one: self.record.find(one) for one in REPORTED if self.recipe.has(one.STAGE)}
        costs = found.get(RoiResult)
        if isinstance(costs, RoiResult) and not any(one.arm == AWQ for one in costs.comparisons):
            found[RoiResult] = None  # costs of one arm stand in roi.json, and compare nothing
        return {kind: result for kind, result in found.items() if result is not None}

    def _of(self, kind: type[PayloadT]) -> PayloadT:
        found = self._results.get(kind)
        if not isinstance(found, kind):
            raise MissingStageError(
                f"The report has no result of the stage '{kind.STAGE}'. Run `{command(kind.STAGE)}`."
            )
        return found


def inputs_of(recipe: Recipe, record: RunRecord, say: Language | None = None) -> Inputs:
    """Return what there is to report, said in the recipe's language unless another one is given.

    Raises:
        MissingStageError: no stage has a result.
    """
    inputs = Inputs(recipe=recipe, record=record, say=say or LANGUAGES[recipe.report.language])
    if not inputs.stages:
        raise MissingStageError(
            f"There is nothing to report yet: no stage of {recipe.name} has a result. Run `{command('run')}`."
        )
    return inputs

"""The results a report is made of, validated once and handed to every section."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.identity import document_identity
from pipeline.base.results import Gate
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord
from pipeline.roi.result import RoiResult, Saving
from serve.result import ServeResult

MEASURED_STAGES = ("quantize", "eval", "bench", "roi", "serve")
_FEW = 4
_TOP = "."


@dataclass(frozen=True)
class Inputs:
    """The record and the payloads of its stages."""

    recipe: Recipe
    """As it is now: a changed cover needs no new measurement."""
    record: RunRecord
    quantize: QuantizeResult
    accuracy: EvalResult
    load: BenchResult
    costs: RoiResult
    endpoint: ServeResult | None
    """None when the endpoint was not tested."""

    @property
    def saving(self) -> Saving:
        """What AWQ saves against the baseline."""
        return self.costs.saving(AWQ)

    @property
    def environment(self) -> Environment:
        """The machine the load was measured on, which may not be the one that writes the report."""
        return self.record.done("bench").environment

    @property
    def on_cpu(self) -> bool:
        """Whether the engine ran without a GPU."""
        return self.environment.accelerator == "cpu"

    @property
    def hardware(self) -> str:
        """The device that was measured, in words."""
        machine = self.environment.machine
        if self.on_cpu:
            return f"{machine.cpu} ({machine.cores} cores, no GPU)"
        kinds = Counter(gpu.name for gpu in machine.cuda_gpus)
        return ", ".join(f"{amount} x {name}" for name, amount in kinds.items())

    @property
    def date(self) -> str:
        """Day of the latest stage, UTC."""
        return max(self.record.stages[name].started_at for name in self.stages)[:10]

    @property
    def stages(self) -> tuple[str, ...]:
        """The finished stages the report draws on, in order."""
        return tuple(name for name in MEASURED_STAGES if name in self.record.stages)

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
            shown += inside if amount == 1 or folder == _TOP else [f"{folder}/ ({amount} files)"]
        return tuple(shown)


def inputs_of(recipe: Recipe, record: RunRecord) -> Inputs:
    """Return the validated results of a record.

    Raises:
        MissingStageError: quantize, eval, bench or roi has no result; serve may be missing.
    """
    return Inputs(
        record=record,
        recipe=recipe,
        quantize=record.result(QuantizeResult),
        accuracy=record.result(EvalResult),
        load=record.result(BenchResult),
        costs=record.result(RoiResult),
        endpoint=record.find(ServeResult),
    )

"""The table of stages: what each reads, what it needs, and where its function is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

from eval.accuracy.questions import questions_identity
from eval.accuracy.tasks import task_folders
from eval.alarm.probing import alarm_file
from pipeline.base.errors import UsageError
from pipeline.base.identity import document_identity, file_identity, folder_identity
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.models import identify_source
from pipeline.models.manifest import NAME as MANIFEST
from pipeline.models.manifest import read_manifest
from pipeline.quantize.backends import BACKENDS
from pipeline.quantize.calibration import calibration_identity
from pipeline.recipe.model import ModelSource
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome, StageResult
from pipeline.runtimes.store import identity

_SECTION = "recipe."
_MODEL_FILES = "the model's files"
_ARMS = "the checkpoints of eval.arms"
StageFunction = Callable[[Recipe, RunContext, RunRecord], StageOutcome]
Identify = Callable[[Recipe, RunContext, RunRecord], str]


@dataclass(frozen=True)
class Stage:
    """One stage; the function is imported when it runs."""

    name: str
    target: str
    """`module:function`"""
    sections: tuple[str, ...]
    """Recipe sections whose change asks for a new run."""
    needs: tuple[str, ...] = ()
    """Stages whose results it reads."""
    uses: tuple[str, ...] = ()
    """Stages whose results it reads when they are there."""
    engines: Callable[[Recipe], tuple[str, ...]] = lambda _recipe: ()
    """Runtimes whose change asks for a new run."""
    files: dict[str, Identify] = field(default_factory=dict)
    """What it reads beside the recipe, by name, with what tells a change of it."""
    outputs: Callable[[Recipe], tuple[str, ...]] = lambda _recipe: ()
    """Paths in the output folder that must exist for a result to be reused."""
    disagreement: Callable[[Path, StageResult], str | None] = lambda _out, _result: None
    """Returns why what lies in the output folder is not what the result describes."""

    def load(self) -> StageFunction:
        """Import and return the stage's function."""
        module, function = self.target.split(":")
        return cast("StageFunction", getattr(import_module(module), function))


def _identify_model(recipe: Recipe, context: RunContext, record: RunRecord) -> str:
    """Return what names the model now; what it was named before holds where the hub cannot be asked."""
    quantized = record.stages.get("quantize")
    earlier = quantized.inputs.get(_MODEL_FILES) if quantized else None
    found = identify_source(recipe.model, context.recipe_dir, earlier)
    if found.note:
        context.reporter.warn(found.note)
    return found.name


def _identify_calibration(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    return calibration_identity(recipe.quantize.calibration, context.recipe_dir)


def _identify_tasks(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    folders = (folder_identity(folder) for folder in task_folders(recipe.eval, context.recipe_dir))
    return " ".join((*folders, questions_identity(recipe.eval.all_tasks, context.recipe_dir)))


def _identify_alarm_text(recipe: Recipe, context: RunContext, _record: RunRecord) -> str:
    text = recipe.eval.alarm.text
    return file_identity(alarm_file(text, context.recipe_dir)) if text else ""


def _identify_arms(recipe: Recipe, context: RunContext, record: RunRecord) -> str:
    """Return what names the recipe's own checkpoints now, as `_identify_model` does for the model."""
    evaluated = record.stages.get("eval")
    lines = str(evaluated.inputs.get(_ARMS, "")).splitlines() if evaluated else []
    earlier = dict(line.split(" ", 1) for line in lines)
    names: list[str] = []
    for arm in (arm for arm in recipe.eval.arms if arm.checkpoint is not None):
        source = ModelSource(source=str(arm.checkpoint), revision=arm.revision)
        found = identify_source(source, context.recipe_dir, earlier.get(arm.name))
        if found.note:
            context.reporter.warn(found.note)
        names.append(f"{arm.name} {found.name}")
    return "\n".join(names)


def _backends(recipe: Recipe) -> tuple[str, ...]:
    return tuple(backend.engine for name, backend in BACKENDS.items() if recipe.quantize.backend in (name, "auto"))


def _vllm(_recipe: Recipe) -> tuple[str, ...]:
    return ("vllm",)


def _checkpoints(recipe: Recipe) -> tuple[str, ...]:
    folders = ("checkpoint", "control") if recipe.quantize.control else ("checkpoint",)
    return tuple(f"{folder}/{MANIFEST}" for folder in folders)


def _other_checkpoint(out: Path, result: StageResult) -> str | None:
    """Notice a run that was killed after it had published its checkpoint and before the record was written."""
    digest = read_manifest(out / "checkpoint").digest()
    return None if digest == result.payload["checkpoint_digest"] else "the checkpoint is not the recorded one"


def _outputs(*paths: str) -> Callable[[Recipe], tuple[str, ...]]:
    return lambda _recipe: paths


STAGES = (
    Stage(
        "quantize",
        "pipeline.quantize.stage:run",
        sections=("model", "quantize"),
        engines=_backends,
        files={_MODEL_FILES: _identify_model, "the calibration text": _identify_calibration},
        outputs=_checkpoints,
        disagreement=_other_checkpoint,
    ),
    Stage(
        "eval",
        "eval.accuracy.stage:run",
        sections=("engine", "eval"),
        needs=("quantize",),
        engines=_vllm,
        files={
            "the task files": _identify_tasks,
            "the text of the alarm": _identify_alarm_text,
            _ARMS: _identify_arms,
        },
        outputs=_outputs("eval/results.json"),
    ),
    Stage(
        "bench",
        "eval.bench.stage:run",
        sections=("engine", "bench"),
        needs=("quantize",),
        engines=_vllm,
        outputs=_outputs("bench/results.json"),
    ),
    Stage("roi", "pipeline.roi.stage:run", sections=("roi",), needs=("bench",), outputs=_outputs("roi/roi.json")),
    Stage("serve", "serve.stage:run", sections=("engine", "serve"), needs=("quantize",), engines=_vllm),
    Stage(
        "report",
        "pipeline.report.stage:run",
        sections=("name", "description", "report"),
        needs=("quantize", "eval", "bench", "roi"),
        uses=("serve",),
        outputs=_outputs("report/report.html", "report/report.md", "report/report.json"),
    ),
)


def stage_named(name: str) -> Stage:
    """Return a stage by name.

    Raises:
        UsageError: there is none of that name.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise UsageError(f"There is no stage '{name}'; choose from {', '.join(stage.name for stage in STAGES)}.")


def settings_of(stage: Stage, recipe: Recipe) -> dict[str, object]:
    """Return the recipe sections that the stage reads, as JSON-ready values by name."""
    document = recipe.model_dump(mode="json")
    return {f"{_SECTION}{section}": document[section] for section in stage.sections}


def inputs_of(stage: Stage, recipe: Recipe, context: RunContext, record: RunRecord) -> dict[str, object]:
    """Return everything the stage's result depends on, as JSON-ready values by name.

    Upstream results enter by what they say, not by when they were made: quantizing again to the same bytes does
    not ask for a new evaluation.
    """
    inputs = settings_of(stage, recipe)
    for engine in stage.engines(recipe):
        accelerator, _ = resolve_accelerator(context.accelerator)
        inputs[f"runtime {engine}"] = identity(engine, accelerator)
    inputs |= {name: identify(recipe, context, record) for name, identify in stage.files.items()}
    return inputs | upstream_of(stage, record)


def upstream_of(stage: Stage, record: RunRecord) -> dict[str, object]:
    """Return what the stage's result depends on of the results of others, as hashes by name."""
    results = {name: record.stages.get(name) for name in (*stage.needs, *stage.uses)}
    return {
        f"the result of '{name}'": _essence(name, stage, result.payload)
        for name, result in results.items()
        if result is not None and result.usable
    }


def changes(after: dict[str, object], before: dict[str, object]) -> list[str]:
    """Return the names that differ; `recipe.bench.repeats` rather than `recipe.bench` where single keys do."""
    names = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
    return [detail for name in names for detail in _details(name, after.get(name), before.get(name))]


def _details(name: str, new: object, old: object) -> list[str]:
    if not (name.startswith(_SECTION) and isinstance(new, dict) and isinstance(old, dict)):
        return [name]
    return [f"{name}.{key}" for key in sorted(new.keys() | old.keys()) if new.get(key) != old.get(key)]


def _essence(name: str, reader: Stage, payload: dict[str, object]) -> str:
    """Return a hash of what `reader` depends on: of `quantize` the checkpoint's bytes, except for the report."""
    if name == "quantize" and reader.name != "report":
        read = ["checkpoint_digest", "source_path", "source_commit"]
        read += ["control_digest"] if reader.name == "eval" else []
        payload = {key: payload[key] for key in read}
    return document_identity(payload)

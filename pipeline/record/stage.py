"""`Stage`: what a stage says of itself, beside its code, so that the runner knows when its result still holds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.results import Payload
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import HealthGate
from pipeline.record.preflight import Probe, Prospect, Space
from pipeline.record.record import RunRecord, StageOutcome

SECTION = "recipe."
"""How the names of inputs begin that are sections of the recipe."""
StageFunction = Callable[[Recipe, RunContext, RunRecord], StageOutcome]
Identify = Callable[[Recipe, RunContext, RunRecord], str | None]
Settings = Callable[[Recipe], Mapping[str, object]]


def sections(*names: str) -> Settings:
    """Return a reader of whole sections of the recipe, as JSON-ready values by name."""

    def read(recipe: Recipe) -> dict[str, object]:
        document = recipe.model_dump(mode="json")
        return {f"{SECTION}{name}": document[name] for name in names}

    return read


@dataclass(frozen=True)
class Need:
    """An earlier result that a stage reads."""

    result: type[Payload]
    matters: Callable[[Any], object] | None = None
    """What of it the stage depends on, as a JSON-ready value; a change of the rest asks for nothing. None for all of
    it, as it is stored: what a later version knows besides, and the result does not have, changes nothing."""
    optional: bool = False
    """Whether the stage also works without it."""
    unless: Callable[[Recipe], bool] = lambda _recipe: False
    """Whether a recipe is such that the stage does not read it."""
    nothing: Callable[[Any], str | None] = lambda _result: None
    """Returns why the result, though it is there, has nothing for the stage, which a run then leaves out."""

    @property
    def stage(self) -> str:
        """Name of the stage that makes it."""
        return self.result.STAGE


@dataclass(frozen=True)
class Stage:
    """One stage."""

    run: StageFunction
    result: type[Payload]
    """What it reports."""
    settings: Settings
    """What of the recipe it depends on, by name."""
    sections: tuple[str, ...] = ()
    """Optional sections of the recipe that it cannot do without."""
    on_request: bool = False
    """Whether a recipe without its sections is not told that it is left out."""
    takes_dummies: bool = False
    """Whether made-up weights (`bench.dummy_weights`) are something for this stage."""
    needs: tuple[Need, ...] = ()
    engines: Callable[[Recipe], tuple[str, ...]] = lambda _recipe: ()
    """Runtimes whose change asks for a new run."""
    files: Mapping[str, Identify] = field(default_factory=dict)
    """What it reads beside the recipe, by name, with what tells a change of it."""
    takes_engine: bool = False
    """Whether it may take over an engine that the stage before left running; for the others that one is stopped."""
    serves: bool = False
    """Whether a checkpoint that did not pass its gates is not for this stage, unless that is asked for."""
    outputs: Callable[[Recipe], tuple[str, ...]] = lambda _recipe: ()
    """Paths in the output folder that must exist for a result to be reused."""
    probes: tuple[Probe, ...] = ()
    """Its part of the pre-flight."""
    health: HealthGate | None = None
    """What must be well before it starts; part of the pre-flight, too."""
    space: Callable[[Prospect], Iterable[Space]] = lambda _prospect: ()
    """Disk space that it will take, as far as that can be said beforehand."""
    disagreement: Callable[[Path, Any], str | None] = lambda _out, _result: None
    """Returns why what lies in the output folder is not what `result` describes."""

    @property
    def name(self) -> str:
        """Name of the stage, its command and its place in the record."""
        return self.result.STAGE

    def reads(self, recipe: Recipe) -> tuple[Need, ...]:
        """Return the earlier results that it reads of such a recipe's run."""
        return tuple(need for need in self.needs if not need.unless(recipe))

    def without_figures(self, recipe: Recipe, record: RunRecord) -> str | None:
        """Return why what it reads has nothing for it; None where it has, or is not there."""
        found = ((need, record.find(need.result)) for need in self.reads(recipe))
        said = (need.nothing(result) for need, result in found if result is not None)
        return next((why for why in said if why), None)

    def lacks(self, recipe: Recipe) -> tuple[str, ...]:
        """Return the sections that the recipe would need for this stage."""
        return tuple(name for name in self.sections if not recipe.has(name))


def outputs(*paths: str) -> Callable[[Recipe], tuple[str, ...]]:
    """Return paths that do not depend on the recipe, as `Stage.outputs` wants them."""
    return lambda _recipe: paths

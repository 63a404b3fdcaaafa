"""`Recipe`: everything a user asks for, one frozen section per stage. Unknown keys are refused."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from pipeline.base.credentials import credentials_in
from pipeline.base.errors import RecipeError
from pipeline.recipe.acceptance import Acceptance
from pipeline.recipe.arms import DEFAULT_ARMS, Arms, Kind, check_arms, of_kind, with_engine
from pipeline.recipe.bench import Bench
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.eval import Eval
from pipeline.recipe.model import ModelSource
from pipeline.recipe.profile import ProfileSettings
from pipeline.recipe.quantize import Quantize
from pipeline.recipe.report import Report
from pipeline.recipe.roi import Roi
from pipeline.recipe.section import Section
from pipeline.recipe.serve import Serve

NAME = r"^[a-z0-9][a-z0-9._-]{0,99}$"
"""What a recipe may be called: its name is a folder's, which file systems bound."""
_Part = TypeVar("_Part", bound=Section)


class Recipe(Section):
    """Everything a user asks for, one section per stage.

    The sections `quantize`, `eval`, `profile`, `roi` and `acceptance` may be left out: whoever needs one that is not
    there is told which.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    schema_version: Literal[2] = 2
    name: Annotated[str, Field(pattern=NAME)]
    description: str = ""
    gpu: str | None = None
    """The GPU that the recipe is for, as `awqctl gpus ls` has it: dry runs and `awqctl plan` plan for it on a machine
    that has none. Nothing else depends on it."""
    model: ModelSource
    arms: Annotated[Arms, AfterValidator(check_arms)] = DEFAULT_ARMS
    quantize_or_none: Quantize | None = Field(default=None, alias="quantize")
    engine: EngineSettings = EngineSettings()
    eval_or_none: Eval | None = Field(default=None, alias="eval")
    bench: Bench = Bench()
    profile_or_none: ProfileSettings | None = Field(default=None, alias="profile")
    roi_or_none: Roi | None = Field(default=None, alias="roi")
    acceptance_or_none: Acceptance | None = Field(default=None, alias="acceptance")
    """What the client accepts: `awqctl run` ends with each clause passed, failed, not decided or not measured."""
    report: Report = Report()
    serve: Serve = Serve()

    @property
    def folder_name(self) -> str:
        """Name of the output folder below `out`, where none is given: what dummy weights show never replaces a run."""
        ending = "-dummy" if self.bench.dummy_weights else ""
        return f"{self.name.removesuffix(ending)}{ending}"

    @property
    def quantize(self) -> Quantize:
        """How the weights are quantized.

        Raises:
            RecipeError: the recipe does not say.
        """
        return _required(self.quantize_or_none, "quantize", self)

    @property
    def eval(self) -> Eval:
        """Which accuracy is measured.

        Raises:
            RecipeError: the recipe does not say.
        """
        return _required(self.eval_or_none, "eval", self)

    @property
    def profile(self) -> ProfileSettings:
        """At which load it is recorded where the time goes.

        Raises:
            RecipeError: the recipe does not say.
        """
        return _required(self.profile_or_none, "profile", self)

    @property
    def roi(self) -> Roi:
        """Prices and load.

        Raises:
            RecipeError: the recipe has none.
        """
        return _required(self.roi_or_none, "roi", self)

    @property
    def benchmarked(self) -> Arms:
        """The arms whose speed is measured, in the order of the recipe."""
        return tuple(arm for arm in self.arms if arm.name in self.bench.arms)

    def has(self, section: str) -> bool:
        """Return whether the recipe has a section, by the name it has in the file."""
        return (
            getattr(self, f"{section}_or_none" if f"{section}_or_none" in Recipe.model_fields else section) is not None
        )

    def wants(self, kind: Kind) -> bool:
        """Return whether an arm of this kind is compared."""
        return bool(of_kind(self.arms, kind))

    @model_validator(mode="before")
    @classmethod
    def _credentials_stay_out(cls, given: Any) -> Any:
        # Before the keys are checked one by one, because the message about a single key shows its value.
        if named := credentials_in(given):
            raise ValueError(
                f"{', '.join(named)} carries a token or password, and recipes are recorded and logged; take it out, "
                f"and set HF_TOKEN or run `hf auth login`"
            )
        return given

    @model_validator(mode="after")
    def _prompts_fit(self) -> "Recipe":
        longest = self.bench.input_tokens.high + self.bench.output_tokens.high
        if longest > self.engine.max_model_len:
            raise ValueError(
                f"bench.input_tokens + bench.output_tokens = {longest} exceeds engine.max_model_len = "
                f"{self.engine.max_model_len}"
            )
        return self

    @model_validator(mode="after")
    def _soak_fits(self) -> "Recipe":
        soak = self.bench.soak
        if soak is None:
            return self
        outputs = soak.output_tokens or self.bench.output_tokens
        longest = outputs.high + (soak.input_tokens.high if soak.input_tokens else 1)
        if longest > self.engine.max_model_len:
            raise ValueError(
                f"the longest prompt of bench.soak and its answer = {longest} exceed engine.max_model_len = "
                f"{self.engine.max_model_len}"
            )
        return self

    @model_validator(mode="after")
    def _items_fit(self) -> "Recipe":
        longest = (self.eval_or_none.max_length if self.eval_or_none else None) or 0
        if longest > self.engine.max_model_len:
            raise ValueError(f"eval.max_length = {longest} exceeds engine.max_model_len = {self.engine.max_model_len}")
        return self

    @model_validator(mode="after")
    def _alternatives_are_of_arms(self) -> "Recipe":
        priced = self.roi_or_none.alternatives if self.roi_or_none else ()
        names = [arm.name for arm in self.arms]
        if unknown := [one.arm for one in priced if one.arm is not None and one.arm not in names]:
            raise ValueError(f"roi.alternatives names {', '.join(unknown)}; the recipe's arms are {', '.join(names)}")
        if taken := [one.name for one in priced if one.name in names]:
            raise ValueError(f"roi.alternatives: {', '.join(taken)} is the name of an arm; choose another")
        return self

    @model_validator(mode="after")
    def _benchmarked_arms_exist(self) -> "Recipe":
        names = [arm.name for arm in self.arms]
        if unknown := [name for name in self.bench.arms if name not in names]:
            raise ValueError(f"bench.arms names {', '.join(unknown)}; the recipe's arms are {', '.join(names)}")
        if not {arm.name for arm in with_engine(self.arms)} & set(self.bench.arms):
            raise ValueError(
                "bench.arms has endpoints alone; name an arm to compare them with, or measure them by --endpoint URL"
            )
        return self


def _required(section: _Part | None, name: str, recipe: Recipe) -> _Part:
    if section is None:
        raise missing_section(recipe, name)
    return section


def missing_section(recipe: Recipe, name: str, reader: str = "this") -> RecipeError:
    """Return the error that names a section which the recipe leaves out, and who needs it."""
    return RecipeError(
        f"The recipe {recipe.name} has no section `{name}`, and {reader} needs it. Add one; "
        f"`awqctl recipe show demo` has an example."
    )

"""`Recipe`: everything a user asks for, one frozen section per stage. Unknown keys are refused."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.base.credentials import credentials_in
from pipeline.recipe.bench import Bench
from pipeline.recipe.engine import Engine
from pipeline.recipe.eval import Eval
from pipeline.recipe.model import ModelSource
from pipeline.recipe.quantize import Quantize
from pipeline.recipe.report import Report
from pipeline.recipe.roi import Roi
from pipeline.recipe.section import Section
from pipeline.recipe.serve import Serve


class Recipe(Section):
    """Everything a user asks for, one section per stage."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    description: str = ""
    model: ModelSource
    quantize: Quantize
    engine: Engine = Engine()
    eval: Eval
    bench: Bench = Bench()
    roi: Roi
    report: Report = Report()
    serve: Serve = Serve()

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
        longest = self.bench.input_tokens + self.bench.output_tokens
        if longest > self.engine.max_model_len:
            raise ValueError(
                f"bench.input_tokens + bench.output_tokens = {longest} exceeds engine.max_model_len = "
                f"{self.engine.max_model_len}"
            )
        return self

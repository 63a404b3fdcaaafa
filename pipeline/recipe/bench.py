"""The recipe section `bench`: which load is offered."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.bench_limits import BenchLimits
from pipeline.recipe.section import Integer, PositiveInt, Section


class Bench(Section):
    """Which load is offered, through vLLM's own benchmark."""

    arms: Annotated[tuple[str, ...], Field(min_length=1)] = (BASELINE, AWQ)
    """Names of the arms whose speed is measured."""
    concurrency: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 4, 16)
    input_tokens: PositiveInt = 256
    output_tokens: PositiveInt = 128
    requests_per_concurrency: PositiveInt = 8
    """Requests of a run = this times its concurrency."""
    repeats: PositiveInt = 3
    """Runs per concurrency; their mean is reported, and from how they differ what is said of speed and costs.
    Five decide much more than three."""
    warmup_requests: PositiveInt = 4
    seed: Integer = 0
    limits: BenchLimits = BenchLimits()
    dummy_weights: bool = False
    """Let the engine make up the weights from the model's configuration alone: speed and memory before anything is
    downloaded or quantized, and nothing else."""

    @model_validator(mode="after")
    def _concurrency_rises(self) -> "Bench":
        if list(self.concurrency) != sorted(set(self.concurrency)):
            raise ValueError("concurrency must rise, without repeats")
        return self

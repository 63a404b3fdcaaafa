"""The recipe section `bench`: which load is offered."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.base.token_range import TokenRange, Tokens
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.recipe.bench_limits import BenchLimits
from pipeline.recipe.open_loop import OpenLoop
from pipeline.recipe.repeats import Repeats
from pipeline.recipe.section import Integer, PositiveInt
from pipeline.recipe.service_level import ServiceLevel
from pipeline.recipe.soak import Soak


class Bench(Repeats):
    """Which load is offered, through vLLM's own benchmark."""

    arms: Annotated[tuple[str, ...], Field(min_length=1)] = (BASELINE, AWQ)
    """Names of the arms whose speed is measured."""
    concurrency: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 4, 16)
    input_tokens: Tokens = TokenRange.fixed(256)
    """Of every prompt, or a range such as `128-1024` that they are drawn from."""
    output_tokens: Tokens = TokenRange.fixed(128)
    """The same of answers."""
    prompts: str | None = None
    """File of your own prompts, relative to the recipe, instead of made ones of `input_tokens`: `{"prompt": ...}` or
    `{"messages": [...]}` a line. Every run has its own, the same for every arm."""
    multi_turn: bool = False
    """Whether the chats of `prompts` are conversations: each turn of a user is a request with what was said before, as
    the file has it, and the prefix cache is part of what is measured."""
    open_loop: OpenLoop | None = None
    """Rates instead of concurrencies, measured beside them; null for none."""
    requests_per_concurrency: PositiveInt = 8
    """Requests of a run = this times its concurrency."""
    warmup_requests: PositiveInt = 4
    seed: Integer = 0
    limits: BenchLimits = BenchLimits()
    dummy_weights: bool = False
    """Let the engine make up the weights from the model's configuration alone: speed and memory before anything is
    downloaded or quantized, and nothing else."""
    soak: Soak | None = None
    """One load held for minutes after the sweep; none where it is left out."""
    service_level: ServiceLevel | None = None
    """What a request must keep to for its tokens to count as goodput; without it there is none."""

    @model_validator(mode="after")
    def _concurrency_rises(self) -> "Bench":
        if list(self.concurrency) != sorted(set(self.concurrency)):
            raise ValueError("concurrency must rise, without repeats")
        return self

    @model_validator(mode="after")
    def _conversations_are_a_file(self) -> "Bench":
        if self.multi_turn and self.prompts is None:
            raise ValueError("multi_turn takes the conversations of a file: name it in prompts")
        if self.multi_turn and self.open_loop is not None:
            raise ValueError("multi_turn and open_loop do not go together: a turn waits for the answer before it")
        return self

    @model_validator(mode="after")
    def _soaked_arms_are_measured(self) -> "Bench":
        named = (self.soak.arms if self.soak else None) or ()
        if unknown := [name for name in named if name not in self.arms]:
            raise ValueError(f"soak.arms names {', '.join(unknown)}, of which the sweep in bench.arms tells no knee")
        return self

"""The file of `awqctl plan claims` as it is read."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipeline.base.results import Result
from pipeline.catalogue.plan_forms import ActiveShare, Amount, Count, GpuCount, KvCacheDtype, Quantized
from pipeline.plan.limits import MOST_AMOUNT, MOST_GIB


def _span(value: Any) -> Any:
    """Return a range; one number is a range of its own."""
    return value if isinstance(value, list | tuple) else (value, value)


def _ordered(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError("the lower end comes first")
    return span


_Figure = Annotated[float, Field(ge=0, le=MOST_AMOUNT)]
_Gib = Annotated[float, Field(ge=0, le=MOST_GIB)]
Stated = Annotated[
    tuple[_Figure, _Figure],
    BeforeValidator(_span),
    AfterValidator(_ordered),
]
"""A number, or [from, to]."""


class StatedFigures(Result):
    """What was stated; a number, or [from, to]."""

    weights_gb: Stated | None = None
    memory_percent: Stated | None = None
    """Of the GPU's memory, by all sequences that were asked for."""
    efficiency_percent: Stated | None = None
    sequences: Stated | None = None
    """That run at once; speeds are planned for so many."""
    tokens_per_s: Stated | None = None
    """Output tokens of all sequences together."""
    users: Stated | None = None
    times: Stated | None = None
    """Of the rate per GPU of `against`."""
    gpus: Stated | None = None
    """That `parameters` take."""


class Against(Result):
    """What a ratio is to; keys that are left out are those of the claim."""

    gpu: str | None = None
    model: str | None = None
    gpus: GpuCount | None = None
    quantization: Quantized | None = None
    cpu_offload_gib: _Gib | None = None
    concurrency: Count | None = None


class Claim(Result):
    """A configuration and what was stated of it, or a statement of which no plan can tell."""

    name: str
    stated: StatedFigures = StatedFigures()
    model: str | None = None
    parameters: Amount | None = None
    """Instead of a model: a size alone."""
    bits: Amount = 8.0
    gpu: str | None = None
    gpus: GpuCount | None = None
    quantization: Quantized = "none"
    kv_cache_dtype: KvCacheDtype = "auto"
    max_model_len: Count | None = None
    max_num_seqs: Count | None = None
    cpu_offload_gib: _Gib = 0.0
    concurrency: Count | None = None
    input_tokens: Count = 1024
    output_tokens: Count = 1024
    against: Against | None = None
    cannot_be_told: str | None = None
    """Why no plan says anything of it."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [key for key in ("model", "parameters", "cannot_be_told") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"{self.name} needs one of `model`, `parameters` and `cannot_be_told`")
        if given[0] != "cannot_be_told" and self.gpu is None:
            raise ValueError(f"{self.name} says no `gpu`")
        if (self.stated.times is None) != (self.against is None):
            raise ValueError(f"{self.name}: `stated.times` and `against` belong together")
        if self.stated.gpus is not None and self.parameters is None:
            raise ValueError(f"{self.name}: `stated.gpus` is of `parameters`")
        return self


class ClaimFile(Result):
    """`awqctl plan claims FILE`."""

    title: str
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    tokens_per_s_per_user: Amount = 10.0
    active_share: ActiveShare = 0.1
    """Of the users, that wait for an answer at the same moment."""

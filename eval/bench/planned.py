"""`ArmPlan`: what the plan says of an arm that was measured, and what that plan is made from."""

from typing import Any, Literal

from pipeline.base.results import Result
from pipeline.plan.corrections import Mismatch

WhyNot = Literal[
    "model",
    "quantization",
    "version",
    "GPU",
    "several kinds of GPUs",
    "refused",
    "not calibrated",
    "rates",
]
"""Why there is no plan: the configuration is of no model that is planned; the checkpoint stores its weights in a way
that is not; the engine's version is none; the GPU is not in the catalogue; the GPUs are not alike; the plan says that
it cannot run. Why there are no speeds: no runs on this processor corrected the plan; the GPU's rates are not known."""


class PlanBasis(Result):
    """All that a plan of an arm takes, so that it can be planned again without the model."""

    model: str
    """As the recipe names it."""
    config: dict[str, Any]
    """The checkpoint's config.json, without what says nothing of its size."""
    online_quantization: Literal["fp8"] | None = None
    """That the engine applies when it loads."""
    device: str
    """GPU by its name in the catalogue, or processor with its cores."""
    on_cpu: bool = False
    memory_gib: float
    """Of the GPU as its driver reports it, or of the system."""
    vllm: str
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    max_model_len: int
    max_num_seqs: int
    max_num_batched_tokens: int | None = None
    gpu_memory_utilization: float
    kv_cache_dtype: str = "auto"
    kv_cache_gib: float | None = None
    """Where it was stated, as on a processor."""
    block_size: int | None = None
    eager: bool = False
    input_tokens: int
    output_tokens: int
    """Of a request, as measured on the average."""
    concurrency: tuple[int, ...] = ()
    """That were measured."""


class PlannedSpeed(Result):
    """What is expected at a concurrency."""

    concurrency: int
    output_tokens_per_s: float
    low: float
    high: float
    ttft_ms: float
    """Of a request that finds the device free."""
    tpot_ms: float
    ttft_low_ms: float
    ttft_high_ms: float
    tpot_low_ms: float
    tpot_high_ms: float


class PlannedFigures(Result):
    """What the plan says, by the names that a benchmark has for it. Memory is on each GPU."""

    weights_gib: float
    kv_cache_gib: float
    kv_cache_tokens: int
    max_concurrency: float
    speeds: tuple[PlannedSpeed, ...] = ()
    """Empty where there are none to be had."""
    knee: int | None = None
    """Of those speeds; None with fewer than two."""

    def at(self, concurrency: int) -> PlannedSpeed | None:
        """Return the speeds at a concurrency."""
        return next((one for one in self.speeds if one.concurrency == concurrency), None)


class ArmPlan(Result):
    """The plan of an arm, as it stood when the arm was measured."""

    arm: str
    basis: PlanBasis | None = None
    """None where nothing can be planned."""
    figures: PlannedFigures | None = None
    """With the corrections that hold for it."""
    uncorrected: PlannedFigures | None = None
    """Without them; None where none hold."""
    calibration_runs: int = 0
    """That the corrections rest on; 0: not calibrated."""
    in_sample: bool = False
    """Whether the corrections were fitted from this very run."""
    why_not: WhyNot | None = None
    why_no_speed: WhyNot | None = None
    said: str = ""
    """What the plan says of its refusal."""
    mismatch: Mismatch | None = None
    """Why runs of the device do not correct it; None without any, and where they do."""

"""What a plan is asked for."""

from dataclasses import dataclass, field

from pipeline.plan.corrections import Finder
from pipeline.plan.engine import ASSUMED, Engine, engine_of
from pipeline.plan.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Settings:
    """Settings of the engine and the load; None stands for vLLM's default."""

    quantization: str = "none"
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    """Replicas of the attention, each with its own cache; `max_num_seqs` and the cache are of one of them."""
    expert_parallel: bool = False
    nodes: int = 1
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    """Where given, as many sequences of full length have to fit at once."""
    at_once: bool = True
    """Whether `max_num_seqs` sequences have to fit at once, or are the engine's limit alone."""
    max_num_batched_tokens: int | None = None
    kv_cache_dtype: str = "auto"
    gpu_memory_utilization: float | None = None
    kv_cache_gib: float | None = None
    """Stated instead of computed."""
    block_size: int | None = None
    eager: bool = False
    context_parallel: int = 1
    offload_gib: float = 0.0
    """Of the weights, per GPU, that stay in the CPU's memory."""
    input_tokens: int = 1024
    output_tokens: int = 1024
    concurrency: int | None = None
    """Requests under way in all replicas; None: `max_num_seqs` in each."""
    engine: Engine = field(default_factory=lambda: engine_of(ASSUMED))
    corrections: Finder | None = None
    """What runs taught; it corrects plans of the device that they were made on."""

    @property
    def gpus(self) -> int:
        """Return the number of GPUs."""
        return self.tensor_parallel * self.pipeline_parallel * self.data_parallel

    @property
    def ranks(self) -> Ranks:
        """Return the GPUs that share the weights of a layer."""
        if self.gpus == self.pipeline_parallel and not self.expert_parallel:
            return ALONE
        return Ranks(self.tensor_parallel, self.data_parallel, expert_parallel=self.expert_parallel)

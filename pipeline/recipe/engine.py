"""The recipe section `engine`: the settings of vLLM, the same for every arm."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.recipe.section import Accelerator, PositiveInt, Section

KVCacheDtype = Literal[
    "auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_per_token_head", "int8_per_token_head", "nvfp4"
]
"""vLLM's names. Those it has for one model or for hardware that awqctl does not run on are left out."""
_VALUES = (
    *("dtype", "max_model_len", "max_num_seqs", "gpu_memory_utilization", "tensor_parallel_size"),
    *("pipeline_parallel_size", "kv_cache_dtype", "kv_cache_dtype_skip_layers"),
)
_SWITCHES = ("enforce_eager", "enable_prefix_caching", "enable_chunked_prefill")
_KEYS = {
    **{f"--{key.replace('_', '-')}": key for key in (*_VALUES, *_SWITCHES)},
    **{f"--no-{key.replace('_', '-')}": key for key in _SWITCHES},
    "-tp": "tensor_parallel_size",
    "-pp": "pipeline_parallel_size",
}
"""Arguments for which the recipe has a key, with the key."""
_MANAGED = (
    *("--api-key", "--host", "--port", "--uds", "--model", "--served-model-name", "--ssl-keyfile", "--ssl-certfile"),
    *("--trust-remote-code", "--hf-token", "--load-format", "--hf-overrides", "--hf-config-path", "--tokenizer"),
    *("--revision", "--code-revision", "--tokenizer-revision"),
    # These import Python by name, or bring any of the others from a file.
    *("--worker-cls", "--worker-extension-cls", "--scheduler-cls", "--model-class-overrides", "--logits-processors"),
    *("--middleware", "--io-processor-plugin", "--tool-parser-plugin", "--reasoning-parser-plugin", "--config"),
)
"""Arguments that awqctl sets itself, or that nobody may set."""


class EngineSettings(Section):
    """Settings of the vLLM engine, the same for every arm.

    Keys without a value are left to vLLM, whose defaults depend on the model and on the hardware.
    """

    accelerator: Accelerator = "auto"
    dtype: Literal["bfloat16", "float16"] = "bfloat16"
    max_model_len: PositiveInt = 4096
    max_num_seqs: PositiveInt = 64
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.9
    tensor_parallel_size: PositiveInt | None = None
    """GPUs that share every layer; on the CPU, NUMA nodes."""
    pipeline_parallel_size: PositiveInt | None = None
    """Groups of GPUs that hold consecutive layers; on the CPU, NUMA nodes."""
    kv_cache_dtype: KVCacheDtype | None = None
    """What the KV cache is stored as: `fp8` halves it, at some cost in accuracy. Kept the same for every arm."""
    kv_cache_dtype_skip_layers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Layers whose KV cache stays unquantized: numbers from 0, or kinds of attention such as `sliding_window`."""
    enable_prefix_caching: bool | None = None
    """Reuse the KV cache of prompts that begin alike. `bench` measures prompts that do not."""
    enable_chunked_prefill: bool | None = None
    """Process long prompts in pieces between the steps of other requests."""
    cpu_kv_cache_gib: PositiveInt = 4
    """KV cache in GiB of system memory; used on the CPU only."""
    enforce_eager: bool = False
    """Skip compilation: quicker start, slower steps. On the CPU compilation needs g++."""
    start_timeout_s: PositiveInt = 900
    extra_args: tuple[str, ...] = ()
    """Further arguments of vLLM's API server, given to every arm alike."""

    @property
    def workers(self) -> int:
        """Return how many GPUs, or on the CPU NUMA nodes, the engine takes."""
        return (self.tensor_parallel_size or 1) * (self.pipeline_parallel_size or 1)

    @model_validator(mode="after")
    def _managed_arguments_stay_out(self) -> "EngineSettings":
        given = [_spelled_out(argument) for argument in self.extra_args if argument.startswith("-")]
        if any(_means(argument, option) for argument in given for option in ("--quantization", "-q")):
            raise ValueError("leave --quantization out: vLLM reads it from the checkpoint and picks the fast kernel")
        for argument in given:
            if key := next((key for option, key in _KEYS.items() if _means(argument, option)), None):
                raise ValueError(f"leave {argument} out of extra_args: set engine.{key} instead")
        managed = [option for option in _MANAGED for argument in given if _means(argument, option)]
        if managed:
            raise ValueError(f"leave {', '.join(managed)} out of extra_args: awqctl sets it, or nobody may")
        return self


def _spelled_out(argument: str) -> str:
    """Return an option without its value, with dashes for underscores, as vLLM's parser reads it."""
    return argument.split("=", maxsplit=1)[0].split(".", maxsplit=1)[0].replace("_", "-")


def _means(argument: str, option: str) -> bool:
    """Return whether vLLM's parser may take an argument for an option: it takes beginnings of names, too."""
    return argument == option or (
        argument.startswith("--") and len(argument) > len("--") and option.startswith(argument)
    )

"""The recipe section `engine`: the settings of vLLM, the same for every arm."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.recipe.section import Accelerator, PositiveInt, Section

_MANAGED_ARGUMENTS = {
    *("--api-key", "--host", "--port", "--uds", "--model", "--served-model-name", "--ssl-keyfile", "--ssl-certfile"),
    *("--dtype", "--max-model-len", "--max-num-seqs", "--gpu-memory-utilization", "--enforce-eager"),
    *("--trust-remote-code", "--hf-token", "--load-format", "--hf-overrides", "--hf-config-path", "--tokenizer"),
    *("--revision", "--code-revision", "--tokenizer-revision"),
    # These import Python by name.
    *("--worker-cls", "--worker-extension-cls", "--logits-processors", "--middleware"),
    *("--tool-parser-plugin", "--reasoning-parser-plugin"),
}


class Engine(Section):
    """Settings of the vLLM engine, the same for every arm."""

    accelerator: Accelerator = "auto"
    dtype: Literal["bfloat16", "float16"] = "bfloat16"
    max_model_len: PositiveInt = 4096
    max_num_seqs: PositiveInt = 64
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.9
    cpu_kv_cache_gib: PositiveInt = 4
    """KV cache in GiB of system memory; used on the CPU only."""
    enforce_eager: bool = False
    """Skip compilation: quicker start, slower steps. On the CPU compilation needs g++."""
    start_timeout_s: PositiveInt = 900
    extra_args: tuple[str, ...] = ()
    """Further arguments of vLLM's API server, given to every arm alike."""

    @model_validator(mode="after")
    def _managed_arguments_stay_out(self) -> "Engine":
        given = {argument.split("=")[0] for argument in self.extra_args}
        if given & {"--quantization", "-q"}:
            raise ValueError("leave --quantization out: vLLM reads it from the checkpoint and picks the fast kernel")
        managed = sorted(given & _MANAGED_ARGUMENTS)
        if managed:
            raise ValueError(f"leave {', '.join(managed)} out of extra_args: awqctl sets it, or has a key for it")
        return self

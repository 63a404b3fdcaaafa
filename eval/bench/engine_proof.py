"""`EngineProof`: what an engine says that it ran, and where its memory went."""

from typing import Literal

from pipeline.base.results import Result

MemorySource = Literal["device", "processes"]


class PeakMemory(Result):
    """The most memory that an engine was seen to hold."""

    source: MemorySource
    """`device`: all that is in use on the fullest GPU that the engine uses. `processes`: system memory of the engine's
    processes."""
    gib: float
    samples: int
    every_s: float
    """Between two samples; what came and went in between was not seen."""


class MemoryParts(Result):
    """An engine's memory in parts, in GiB; on several GPUs of the fullest one. None where it is not known."""

    weights_gib: float
    kv_cache_gib: float | None
    """Reserved for it."""
    activation_peak_gib: float | None
    """On top of weights and KV cache while a full batch ran; GPUs alone."""
    graphs_gib: float | None
    """CUDA graphs."""
    peak: PeakMemory | None = None
    """Under the load of the benchmark."""

    rest_gib: float | None = None
    """The peak without weights and KV cache: activations, graphs, libraries. None also where the engine did not touch
    all that it had reserved, so that the peak is below the two."""


class EngineProof(Result):
    """What ran, in the engine's own words."""

    integer_math: Literal["W4A8", "W4A16"] | None
    """Of vLLM's 4-bit kernel for CPUs, which has one name for both: with AMX and bfloat16 it rounds activations to 8
    bit, which is faster and another answer. None for other kernels."""
    attention_backend: str | None
    """None on the CPU, where there is one alone and the engine names none."""
    kv_cache_dtype: str
    dtype: str
    compilation: str | None
    """vLLM's name of how the model is compiled; `NONE` for not at all."""
    graphs: str | None
    """vLLM's name of which steps are replayed as CUDA graphs; `NONE` for none."""
    variables: dict[str, str]
    """Variables of vLLM's in its environment: some of them change a kernel."""
    memory: MemoryParts

"""What an engine says that it ran: kernels, graphs, and where its memory went."""

from collections.abc import Mapping

from eval.bench.peak_memory import PeakMemory
from pipeline.base.results import Result
from pipeline.engines.engine import EngineFacts, StatedMemory

_OF_ENGINE = "VLLM_"
_NOT_OF_SPEED = ("VLLM_API_KEY", "VLLM_NO_USAGE_STATS")


class MemoryParts(Result):
    """An engine's memory in parts, in GiB; on several GPUs of the fullest one. None where it is not known."""

    weights_gib: float
    kv_cache_gib: float | None
    """Reserved for it."""
    activation_peak_gib: float | None
    """On top of weights and KV cache while a full batch ran; GPUs alone."""
    graphs_gib: float | None
    """CUDA graphs."""
    peak: PeakMemory | None
    """Under the load of the benchmark."""

    @property
    def rest_gib(self) -> float | None:
        """The peak without weights and KV cache: activations, graphs, libraries; None where that is not known.

        An engine does not have to have touched all that it reserved: then the peak is below the two.
        """
        if self.peak is None or self.kv_cache_gib is None:
            return None
        rest = self.peak.gib - self.weights_gib - self.kv_cache_gib
        return rest if rest >= 0 else None


class EngineProof(Result):
    """What ran, in the engine's own words."""

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


def proof_of(
    facts: EngineFacts, environment: Mapping[str, str], weights_gib: float, peak: PeakMemory | None
) -> EngineProof:
    """Return what an engine ran, from what it says and from what it was started with."""
    settings, stated = facts.settings or {}, facts.memory
    return EngineProof(
        attention_backend=settings.get("attention_backend"),
        kv_cache_dtype=settings.get("kv_cache_dtype", "auto"),
        dtype=settings.get("dtype", "").removeprefix("torch."),
        compilation=facts.compilation,
        graphs=facts.graphs,
        variables=variables_of(environment),
        memory=_parts(stated, weights_gib, peak),
    )


def variables_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of vLLM's that are no secrets."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith(_OF_ENGINE) and name not in _NOT_OF_SPEED
    }


def _parts(stated: StatedMemory, weights_gib: float, peak: PeakMemory | None) -> MemoryParts:
    return MemoryParts(
        weights_gib=weights_gib,
        kv_cache_gib=stated.kv_cache_gib,
        activation_peak_gib=stated.activation_peak_gib,
        graphs_gib=stated.graphs_gib,
        peak=peak,
    )

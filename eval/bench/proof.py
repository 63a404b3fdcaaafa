"""What an engine ran, from what it says and from what it was started with."""

from collections.abc import Mapping
from typing import Literal

from eval.bench.engine_proof import EngineProof, MemoryParts, PeakMemory
from pipeline.engines.engine import EngineFacts

_OF_ENGINE = "VLLM_"
_CPU_KERNEL, _W4A8, _AMX = "CPUWNA16LinearKernel", "VLLM_CPU_INT4_W4A8", "amx_tile"
_NOT_OF_SPEED = ("VLLM_API_KEY", "VLLM_NO_USAGE_STATS")


def proof_of(
    facts: EngineFacts,
    environment: Mapping[str, str],
    simd: tuple[str, ...] | None,
    weights_gib: float,
) -> EngineProof:
    """Return what an engine ran, from what it says and from what it was started with.

    Args:
        facts: of the engine.
        environment: of its process.
        simd: vector and matrix instructions of the machine.
        weights_gib: that it holds.
    """
    settings, stated = facts.settings or {}, facts.memory
    dtype = settings.get("dtype", "").removeprefix("torch.")
    return EngineProof(
        integer_math=_integer_math(facts.kernel or "", dtype, environment, simd or ()),
        attention_backend=settings.get("attention_backend"),
        kv_cache_dtype=settings.get("kv_cache_dtype", "auto"),
        dtype=dtype,
        compilation=facts.compilation,
        graphs=facts.graphs,
        variables=variables_of(environment),
        memory=MemoryParts(
            weights_gib=weights_gib,
            kv_cache_gib=stated.kv_cache_gib,
            activation_peak_gib=stated.activation_peak_gib,
            graphs_gib=stated.graphs_gib,
        ),
    )


def with_peak(proof: EngineProof, *peaks: PeakMemory | None) -> EngineProof:
    """Return the same with the largest of some peaks, and what of it is neither weights nor KV cache."""
    memory, known = proof.memory, [peak for peak in peaks if peak is not None]
    if not known:
        return proof
    highest = max(known, key=lambda peak: peak.gib)
    rest = None if memory.kv_cache_gib is None else highest.gib - memory.weights_gib - memory.kv_cache_gib
    found = {"peak": highest, "rest_gib": None if rest is None or rest < 0 else rest}
    return proof.model_copy(update={"memory": memory.model_copy(update=found)})


def variables_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of vLLM's that are no secrets."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith(_OF_ENGINE) and name not in _NOT_OF_SPEED
    }


def _integer_math(
    kernel: str, dtype: str, environment: Mapping[str, str], simd: tuple[str, ...]
) -> Literal["W4A8", "W4A16"] | None:
    """Return what `CPUWNA16LinearKernel.process_weights_after_loading` of vLLM 0.32 chooses; its log does not say."""
    if _CPU_KERNEL not in kernel:
        return None
    wanted = environment.get(_W4A8, "1") != "0"
    return "W4A8" if wanted and dtype == "bfloat16" and _AMX in simd else "W4A16"

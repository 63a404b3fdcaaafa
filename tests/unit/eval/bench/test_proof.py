"""What ran, and where its memory went."""

import pytest

from eval.bench.engine_proof import EngineProof, PeakMemory
from eval.bench.proof import proof_of, variables_of, with_peak
from pipeline.engines.engine import EngineFacts, StatedMemory

CPU_KERNEL = "CPUWNA16LinearKernel (AutoAWQMarlinLinearMethod)"
FACTS = EngineFacts(
    settings={"dtype": "torch.bfloat16", "kv_cache_dtype": "fp8", "attention_backend": "FLASH_ATTN"},
    memory=StatedMemory(kv_cache_gib=50.0, activation_peak_gib=4.8, graphs_gib=0.5),
    compilation="VLLM_COMPILE",
    graphs="FULL_AND_PIECEWISE",
)


def proof(peak_gib: float | None, facts: EngineFacts = FACTS) -> EngineProof:
    """Return what is said of an engine with 15 GiB of weights and a peak."""
    peak = None if peak_gib is None else PeakMemory(source="device", gib=peak_gib, samples=9, every_s=1.0)
    return with_peak(proof_of(facts, {"VLLM_CPU_INT4_W4A8": "0"}, None, 15.0), peak)


def test_memory_is_told_in_parts() -> None:
    """What is neither weights nor KV cache is the rest of the peak."""
    found = proof(72.0)
    assert found.memory.rest_gib == pytest.approx(7.0)
    assert (found.memory.activation_peak_gib, found.memory.graphs_gib) == (4.8, 0.5)


def test_the_largest_of_several_peaks_counts() -> None:
    """A benchmark that was stopped and went on has one of each attempt."""
    smaller = PeakMemory(source="device", gib=70.0, samples=9, every_s=1.0)
    memory = with_peak(proof(72.0), smaller, proof(72.0).memory.peak, None).memory
    assert memory.peak is not None
    assert memory.peak.gib == 72.0


@pytest.mark.parametrize(
    ("peak", "facts"), [(None, FACTS), (64.0, FACTS), (72.0, FACTS.model_copy(update={"memory": StatedMemory()}))]
)
def test_the_rest_is_not_guessed(peak: float | None, facts: EngineFacts) -> None:
    """Without a peak or a size of the cache, or where the engine has not touched all of it, there is none."""
    assert proof(peak, facts).memory.rest_gib is None


def test_what_ran_is_in_the_engine_s_words() -> None:
    """Type, KV cache, attention, compilation, graphs and the variables that change kernels."""
    found = proof(None)
    assert (found.dtype, found.kv_cache_dtype, found.attention_backend) == ("bfloat16", "fp8", "FLASH_ATTN")
    assert (found.compilation, found.graphs) == ("VLLM_COMPILE", "FULL_AND_PIECEWISE")
    assert found.variables == {"VLLM_CPU_INT4_W4A8": "0"}


@pytest.mark.parametrize(
    ("kernel", "dtype", "variables", "simd", "expected"),
    [
        (CPU_KERNEL, "bfloat16", {}, ("avx512f", "amx_tile"), "W4A8"),
        (CPU_KERNEL, "bfloat16", {}, ("avx512f",), "W4A16"),
        (CPU_KERNEL, "bfloat16", {"VLLM_CPU_INT4_W4A8": "0"}, ("amx_tile",), "W4A16"),
        (CPU_KERNEL, "float16", {}, ("amx_tile",), "W4A16"),
        (CPU_KERNEL, "bfloat16", {}, None, "W4A16"),
        ("unquantized", "bfloat16", {}, ("amx_tile",), None),
        ("MarlinLinearKernel (AutoAWQMarlinLinearMethod)", "bfloat16", {}, ("amx_tile",), None),
    ],
)
def test_one_name_of_a_kernel_stands_for_two(
    kernel: str, dtype: str, variables: dict[str, str], simd: tuple[str, ...] | None, expected: str | None
) -> None:
    """With AMX the CPU's kernel rounds activations to 8 bit, without a word in the log: speeds are not comparable."""
    facts = EngineFacts(kernel=kernel, settings={"dtype": f"torch.{dtype}"})
    assert proof_of(facts, variables, simd, 1.0).integer_math == expected


def test_secrets_are_no_variables() -> None:
    """The engine's key stands in its environment, and not in a result."""
    environment = {"VLLM_API_KEY": "secret", "VLLM_DISABLED_KERNELS": "MarlinLinearKernel", "PATH": "/bin"}
    assert variables_of(environment) == {"VLLM_DISABLED_KERNELS": "MarlinLinearKernel"}

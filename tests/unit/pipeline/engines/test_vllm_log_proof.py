"""What the engine's log proves of a run: memory part by part, compilation, CUDA graphs."""

from pipeline.engines.engine import StatedMemory
from pipeline.engines.vllm_log import parse_report

CACHE = "(EngineCore pid=2) INFO KV cache size: 1,024 tokens, Maximum concurrency for 1,024 tokens per request: 1.00x\n"
GPU = """\
(EngineCore pid=2) INFO 11-29 [core.py:133] Initializing a V1 LLM engine (v0.33.0) with config: model='/m', seed=0, \
compilation_config={'mode': <CompilationMode.VLLM_COMPILE: 3>, 'cudagraph_mode': \
<CUDAGraphMode.FULL_AND_PIECEWISE: (2, 1)>}
(Worker pid=3) INFO 11-29 [gpu_worker.py:772] Available KV cache memory: 51.38 GiB
(Worker pid=3) INFO 11-29 [gpu_worker.py:1066] Free memory on device (78.6/79.2 GiB) on startup. Desired GPU memory \
utilization is (0.9, 71.28 GiB). Actual usage is 15.12 GiB for consumed memory (weights + non-torch), 4.76 GiB for \
peak activation, and 0.51 GiB for CUDAGraph memory. Replace gpu_memory_utilization config with
"""
CPU = "(Worker pid=2) INFO 11-29 [cpu_worker.py:260] Explicitly set (1.0/9.59) GiB for KV cache on node 0.\n"
CPU_AUTO = "(Worker pid=2) INFO 11-29 [cpu_worker.py:260] Auto set (7.25/9.59) GiB for KV cache on node 0, with 9 GiB\n"


def test_gpu_states_every_part_of_its_memory() -> None:
    """KV cache, weights with what is no tensor, activations, graphs: four figures of two lines."""
    expected = StatedMemory(kv_cache_gib=51.38, activation_peak_gib=4.76, graphs_gib=0.51)
    assert parse_report(CACHE + GPU).memory == expected


def test_the_fullest_gpu_counts() -> None:
    """Of several GPUs the one with the least room for the KV cache, and the one that uses the most."""
    other = GPU.replace("51.38", "50.01").replace("4.76 GiB", "6.00 GiB")
    memory = parse_report(CACHE + GPU + other).memory
    assert (memory.kv_cache_gib, memory.activation_peak_gib) == (50.01, 6.0)


def test_cpu_states_the_cache_alone() -> None:
    """Chosen by the recipe or by vLLM; the other parts are not filled in."""
    assert parse_report(CACHE + CPU).memory == StatedMemory(kv_cache_gib=1.0)
    assert parse_report(CACHE + CPU_AUTO).memory == StatedMemory(kv_cache_gib=7.25)


def test_compilation_and_graphs_have_the_engine_s_own_names() -> None:
    """As its line of the configuration has them; nothing is said where it has none."""
    report = parse_report(CACHE + GPU)
    assert (report.compilation, report.graphs) == ("VLLM_COMPILE", "FULL_AND_PIECEWISE")
    assert parse_report(CACHE).compilation is None

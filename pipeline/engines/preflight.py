"""What an engine needs of this machine, asked before it starts."""

import shutil
from collections.abc import Iterator

from pipeline.base.errors import AwqctlError, EnvironmentLackError, ImpossiblePlanError, refuse
from pipeline.hardware.machine import Machine
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.specs import Resolved

_CPU_KV_CACHE = ("auto", "fp8", "fp8_e4m3", "fp8_e5m2")
"""`CPUAttentionBackend.supported_kv_cache_dtypes` of vLLM 0.32."""
_CPU_FP8 = {"avx512f", "amx_tile"}
"""One of these, or vLLM's attention for CPUs raises NotImplementedError."""


def check_engine(engine: EngineSettings, accelerator: Resolved, machine: Machine) -> None:
    """Refuse settings that vLLM cannot start with on this machine.

    Raises:
        AwqctlError: see `engine_problems`.
    """
    refuse(engine_problems(engine, accelerator, machine))


def engine_problems(engine: EngineSettings, accelerator: Resolved, machine: Machine) -> Iterator[AwqctlError]:
    """Yield why vLLM cannot start with these settings on this machine.

    A compiler, GPUs or NUMA nodes are missing, or the KV cache cannot be stored like that on the CPU.
    """
    yield from _worker_problems(engine, accelerator, machine)
    if accelerator == "cpu":
        yield from _cpu_kv_cache_problems(engine, machine)
        if not engine.enforce_eager and shutil.which("g++") is None:
            yield EnvironmentLackError(
                "vLLM compiles the model with g++ on the CPU, and there is none. "
                "Install g++, or set engine.enforce_eager=true (quicker start, slower steps)."
            )


def _worker_problems(engine: EngineSettings, accelerator: Resolved, machine: Machine) -> Iterator[AwqctlError]:
    there, what = len(machine.cuda_gpus), "GPU"
    if accelerator == "cpu":
        # vLLM binds each worker to the cores of a node of its own, and asserts that there are enough.
        there, what = machine.numa_nodes, "NUMA node"
    if engine.workers > there:
        yield EnvironmentLackError(
            f"engine.tensor_parallel_size x engine.pipeline_parallel_size is {engine.workers}, and this machine has "
            f"{there} {what}{'' if there == 1 else 's'}. Set them so that their product is at most {max(there, 1)}."
        )


def _cpu_kv_cache_problems(engine: EngineSettings, machine: Machine) -> Iterator[AwqctlError]:
    dtype = engine.kv_cache_dtype
    if dtype is None or dtype == "auto":
        return
    if dtype not in _CPU_KV_CACHE:
        yield ImpossiblePlanError(
            f"On the CPU vLLM cannot store the KV cache as {dtype}. Set engine.kv_cache_dtype to one of "
            f"{', '.join(_CPU_KV_CACHE)}, or leave it out."
        )
    elif not _CPU_FP8 & set(machine.simd or ()):
        yield EnvironmentLackError(
            f"On the CPU vLLM needs AVX-512 or AMX for a KV cache in {dtype}, and {machine.cpu} has neither. "
            f"Leave engine.kv_cache_dtype out."
        )

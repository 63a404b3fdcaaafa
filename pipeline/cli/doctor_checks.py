"""What this machine can run, and what is missing."""

import ctypes
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from pipeline.base.errors import AwqctlError
from pipeline.base.results import Result
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine, probe_machine
from pipeline.runtimes.specs import Resolved, external_interpreter, spec_for
from pipeline.runtimes.store import is_ready

if TYPE_CHECKING:
    from collections.abc import Callable

_ENGINES = ("autoawq", "vllm")
State = Literal["ok", "missing", "note"]
_CUDA_13_DRIVER = 580


class Diagnosis(Result):
    """One thing that was looked at."""

    subject: str
    state: State
    detail: str


def examine(home: Path) -> tuple[Diagnosis, ...]:
    """Return the diagnoses on this machine; nothing is installed or changed."""
    machine = probe_machine()
    accelerator, reason = resolve_accelerator("auto", machine)
    looks: tuple[Callable[[], list[Diagnosis]], ...] = (
        lambda: _processor(machine),
        lambda: _gpus(machine),
        lambda: [Diagnosis(subject="engines", state="ok", detail=f"{accelerator} builds, because {reason}")],
        lambda: [_runtime(engine, accelerator, home) for engine in _ENGINES],
        _compiler,
        lambda: _libnuma(accelerator),
        lambda: [_disk(home, accelerator)],
        _gateway,
    )
    return tuple(diagnosis for look in looks for diagnosis in look())


def _processor(machine: Machine) -> list[Diagnosis]:
    available = min(psutil.virtual_memory().available, machine.memory_bytes)
    enough = machine.simd is None or "avx2" in machine.simd
    known = "vector instructions unknown" if machine.simd is None else ", ".join(machine.simd)
    simd = known if enough else "no AVX2, which vLLM needs on the CPU"
    return [
        Diagnosis(
            subject="processor",
            state="ok" if enough else "missing",
            detail=f"{machine.cpu}, {machine.cores} cores, {simd}",
        ),
        Diagnosis(
            subject="memory",
            state="ok",
            detail=f"{available / 2**30:.1f} GiB of {machine.memory_gib:.1f} GiB available",
        ),
    ]


def _gpus(machine: Machine) -> list[Diagnosis]:
    found = [_gpu(gpu) for gpu in machine.gpus]
    if machine.cuda_gpus:
        return found
    return [
        *found,
        Diagnosis(
            subject="gpu", state="note", detail="none for CUDA; engines run on the CPU, which suits small models"
        ),
    ]


def _gpu(gpu: Gpu) -> Diagnosis:
    memory = "unstated memory" if gpu.memory_bytes is None else f"{gpu.memory_bytes / 2**30:.0f} GiB"
    link = f", PCIe {gpu.pcie_generation} x{gpu.pcie_width}" if gpu.pcie_generation and gpu.pcie_width else ""
    what = f"{gpu.name}, {memory}, {gpu.capability or 'unknown capability'}, driver {gpu.driver or 'unknown'}{link}"
    if gpu.vendor == "amd":
        return Diagnosis(
            subject="gpu", state="note", detail=f"{what}; not used, the engine builds are for CUDA and CPUs"
        )
    return Diagnosis(subject="gpu", state="missing" if _outdated(gpu) else "ok", detail=f"{what}{_outdated(gpu)}")


def _outdated(gpu: Gpu) -> str:
    """Return what to say of a driver older than the CUDA 13 builds of the engines need; nothing if it is new enough."""
    major = (gpu.driver or "").partition(".")[0]
    old = major.isdigit() and int(major) < _CUDA_13_DRIVER
    return f", too old: the engines' CUDA 13 builds need {_CUDA_13_DRIVER} or newer" if old else ""


def _runtime(engine: str, accelerator: Resolved, home: Path) -> Diagnosis:
    subject = f"runtime {engine}"
    try:
        external = external_interpreter(engine)
    except AwqctlError as problem:
        return Diagnosis(subject=subject, state="missing", detail=problem.message)
    if external:
        return Diagnosis(subject=subject, state="ok", detail=f"{external[0]}, named by {external[1]}")
    spec = spec_for(engine, accelerator)
    version = f"{spec.package} {spec.version}"
    if is_ready(spec, home):
        return Diagnosis(subject=subject, state="ok", detail=f"{version}, ready")
    return Diagnosis(
        subject=subject, state="note", detail=f"{version}, made on first use or by `awqctl env sync {engine}`"
    )


def _compiler() -> list[Diagnosis]:
    if shutil.which("g++"):
        return [Diagnosis(subject="g++", state="ok", detail="found; vLLM can compile models on the CPU")]
    return [Diagnosis(subject="g++", state="note", detail="not found; on the CPU, set engine.enforce_eager=true")]


def _libnuma(accelerator: Resolved) -> list[Diagnosis]:
    if accelerator != "cpu":
        return []
    try:
        ctypes.CDLL("libnuma.so.1")
    except OSError:
        detail = "libnuma.so.1 not found, vLLM's CPU build needs it (Debian, Ubuntu: apt-get install libnuma1)"
        return [Diagnosis(subject="libnuma", state="missing", detail=detail)]
    return [Diagnosis(subject="libnuma", state="ok", detail="found; vLLM's CPU build links to it")]


def _disk(home: Path, accelerator: Resolved) -> Diagnosis:
    specs = [spec_for(engine, accelerator) for engine in _ENGINES]
    needed_gib = sum(spec.expected_bytes for spec in specs if not is_ready(spec, home)) / 2**30
    folder = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(folder).free / 2**30
    detail = f"{free:.0f} GiB free for {home}; engines still to be made take about {needed_gib:.0f} GiB"
    return Diagnosis(subject="disk", state="ok" if free > needed_gib else "missing", detail=detail)


def _gateway() -> list[Diagnosis]:
    from pipeline.runtimes.haproxy import haproxy_version

    try:
        return [Diagnosis(subject="haproxy", state="ok", detail=haproxy_version())]
    except AwqctlError as problem:
        return [Diagnosis(subject="haproxy", state="missing", detail=problem.message)]

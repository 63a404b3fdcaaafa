"""NVIDIA's GPUs, asked of `nvidia-smi`, which comes with the driver."""

from pipeline.hardware.gpu import Gpu
from pipeline.hardware.tools import answer_of

_QUERY = "name,memory.total,compute_cap,driver_version,pcie.link.gen.max,pcie.link.width.max"


def nvidia_gpus() -> tuple[Gpu, ...]:
    """Return the CUDA GPUs that `nvidia-smi` reports; empty without a driver."""
    return parse_nvidia_smi(answer_of("nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"))


def parse_nvidia_smi(answer: str) -> tuple[Gpu, ...]:
    """Return the GPUs in a `--format=csv,noheader,nounits` answer; lines that are no GPU are messages."""
    rows = [[field.strip() for field in line.split(",")] for line in answer.splitlines()]
    return tuple(_gpu(*row) for row in rows if len(row) == len(_QUERY.split(",")))


def _gpu(name: str, memory_mib: str, capability: str, driver: str, generation: str, width: str) -> Gpu:
    memory = _number(memory_mib)
    return Gpu(
        vendor="nvidia",
        name=name,
        memory_bytes=None if memory is None else memory * 2**20,
        capability=_text(capability),
        driver=_text(driver),
        pcie_generation=_number(generation),
        pcie_width=_number(width),
    )


def _text(value: str) -> str | None:
    """Return None for what the driver does not say: `[N/A]`, `[Not Supported]`."""
    return None if value.startswith("[") else value


def _number(value: str) -> int | None:
    return int(value) if value.isdigit() else None

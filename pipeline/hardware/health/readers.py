"""The readers of the machine's GPUs, one per vendor whose driver is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from pipeline.hardware.health.amd import open_amdsmi
from pipeline.hardware.health.nvml import open_nvml
from pipeline.hardware.health.processes import Owners
from pipeline.hardware.health.sample import GpuFacts, GpuSample


class GpuReader(Protocol):
    """Reads the GPUs of one vendor."""

    facts: tuple[GpuFacts, ...]

    def read(self, owners: Owners) -> tuple[GpuSample, ...]:
        """Return the GPUs as they are now."""
        ...

    def used_bytes(self) -> Mapping[int, int | None]:
        """Return the memory in use by the GPUs' indices, and ask for nothing else; None for one that does not tell."""
        ...

    def close(self) -> None:
        """Let go of the driver."""
        ...


@contextmanager
def gpu_readers() -> Iterator[Sequence[GpuReader]]:
    """Yield a reader for each vendor's GPUs that this machine has; none where there is no driver."""
    nvidia = open_nvml()
    amd = open_amdsmi(first=len(nvidia.facts) if nvidia else 0)
    readers = [reader for reader in (nvidia, amd) if reader is not None]
    try:
        yield readers
    finally:
        for reader in readers:
            reader.close()

"""A GPU, as its vendor's tool describes it."""

from typing import Literal

from pipeline.base.results import Result


class Gpu(Result):
    """One GPU; None where the driver does not say."""

    vendor: Literal["nvidia", "amd"]
    name: str
    memory_bytes: int | None = None
    """Also None where CPU and GPU share their memory."""
    capability: str | None = None
    """NVIDIA's compute capability (`9.0`), AMD's graphics architecture (`gfx942`)."""
    driver: str | None = None
    """Version."""
    pcie_generation: int | None = None
    """The highest that GPU and slot can do; the link is slower while nothing runs."""
    pcie_width: int | None = None
    """Lanes, the most that GPU and slot can do."""

"""A GPU in the figures that a plan needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Gpu:
    """One GPU. Rates are what the maker states; what can be attained is in `roofline`."""

    name: str
    family: str
    """Of the architecture and its market: `ampere`, `ada-consumer`, `cdna3`."""
    memory_gib: float
    """As the driver reports it."""
    bandwidth_gb_s: float
    tflops: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Dense, by number format; empty: unknown."""
    link_gb_s: float | None = None
    """NVLink or Infinity Fabric to others in the node, both directions; None: PCIe."""
    host_gb_s: float = 32.0
    """To the CPU's memory, one direction: PCIe, or C2C of a superchip."""
    gpus_per_node: int = 8
    usd_per_hour: float | None = None
    """The cheapest offer known; None: unknown."""
    price_stale: bool = False
    """That offer is older than a price may be."""
    memory_estimated: bool = False
    """The driver's figure is not known and follows from what is printed on the box."""
    lacks: tuple[str, ...] = ()
    """What cannot be run on it: quantizations, `kv fp8`, or `vllm`."""

    @property
    def ampere_data_centre(self) -> bool:
        """Return whether vLLM keeps the smaller default batch (`"a100" in device_name`)."""
        return self.family == "ampere"

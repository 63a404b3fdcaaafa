"""What nvidia-smi says, and what it does not."""

import pytest

from pipeline.hardware.gpu import Gpu
from pipeline.hardware.nvidia import parse_nvidia_smi

H200 = Gpu(
    vendor="nvidia",
    name="NVIDIA H200",
    memory_bytes=143771 * 2**20,
    capability="9.0",
    driver="580.159.04",
    pcie_generation=5,
    pcie_width=16,
)
GB10 = Gpu(vendor="nvidia", name="NVIDIA GB10", capability="12.1", driver="580.95", pcie_width=1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("NVIDIA H200, 143771, 9.0, 580.159.04, 5, 16\n", (H200,)),
        ("NVIDIA GB10, [N/A], 12.1, 580.95, [N/A], 1\n", (GB10,)),
        ("No devices were found\n", ()),
        ("", ()),
    ],
)
def test_answers_of_the_driver(answer: str, expected: tuple[Gpu, ...]) -> None:
    """A GPU, one that shares its memory with the CPU, and none."""
    assert parse_nvidia_smi(answer) == expected

"""Which GPUs a run takes."""

import pytest

from pipeline.hardware.health.sample import GpuFacts
from pipeline.hardware.health.selection import selected

LIKE = [GpuFacts(index=number, vendor="nvidia", name="NVIDIA H200", uuid=f"GPU-{number}abc") for number in range(4)]
UNLIKE = [*LIKE[:3], LIKE[3].model_copy(update={"name": "NVIDIA T400"})]


@pytest.mark.parametrize(
    ("gpus", "workers", "environment", "expected"),
    [
        (LIKE, 2, {}, (0, 1)),
        (LIKE, 1, {"CUDA_VISIBLE_DEVICES": "3,1"}, (3,)),
        (LIKE, 2, {"CUDA_VISIBLE_DEVICES": "GPU-2a, GPU-0abc"}, (2, 0)),
        (LIKE, 1, {"CUDA_VISIBLE_DEVICES": ""}, ()),
        (LIKE, 4, {"CUDA_VISIBLE_DEVICES": "0,9,1"}, (0,)),
        (UNLIKE, 1, {}, (0, 1, 2, 3)),
        (UNLIKE, 1, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "3"}, (3,)),
        (UNLIKE, 1, {"CUDA_VISIBLE_DEVICES": "GPU-3abc"}, (3,)),
        ([LIKE[0].model_copy(update={"vendor": "amd"})], 1, {}, ()),
    ],
)
def test_selected(gpus: list[GpuFacts], workers: int, environment: dict[str, str], expected: tuple[int, ...]) -> None:
    """The first visible ones; all where CUDA may number them otherwise than the driver."""
    assert selected(gpus, workers, environment) == expected

"""Which accelerator is used, and why."""

import pytest

from pipeline.base.errors import EnvironmentLackError
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.machine import Machine

H200 = Gpu(vendor="nvidia", name="NVIDIA H200", capability="9.0", driver="580.159.04")
MI210 = Gpu(vendor="amd", name="AMD Instinct MI210", capability="gfx90a")


def machine(*gpus: Gpu) -> Machine:
    """Return a machine with these GPUs."""
    return Machine(cpu="Example CPU", cores=2, memory_bytes=2**34, platform="Linux", gpus=gpus)


def test_choice_and_reason() -> None:
    """The GPU is used where there is one, unless the CPU is asked for."""
    expected = ("cuda", "1 CUDA GPU(s): NVIDIA H200, driver 580.159.04")
    assert resolve_accelerator("auto", machine(MI210, H200)) == expected
    assert resolve_accelerator("cpu", machine(H200))[0] == "cpu"


def test_gpu_that_is_not_there() -> None:
    """Asking for CUDA without a GPU is an error, not a silent CPU run."""
    assert resolve_accelerator("auto", machine())[0] == "cpu"
    with pytest.raises(EnvironmentLackError, match=r"engine\.accelerator=cpu"):
        resolve_accelerator("cuda", machine())


def test_gpu_of_another_vendor() -> None:
    """It is named, so that nobody wonders why it idles."""
    named = "no engine builds for AMD Instinct MI210"
    assert named in resolve_accelerator("auto", machine(MI210))[1]
    with pytest.raises(EnvironmentLackError, match=named):
        resolve_accelerator("cuda", machine(MI210))

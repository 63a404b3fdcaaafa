"""What nvidia-smi says, and what it does not."""

import pytest

from pipeline.base.errors import EnvironmentLackError
from pipeline.hardware import accelerator
from pipeline.hardware.accelerator import Gpu, parse_gpus, resolve_accelerator

H200 = Gpu("NVIDIA H200", 143771, "9.0", "580.159.04")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("NVIDIA H200, 143771, 9.0, 580.159.04\n", (H200,)),
        ("NVIDIA GB10, [N/A], 12.1, 580.95\n", (Gpu("NVIDIA GB10", None, "12.1", "580.95"),)),
        ("No devices were found\n", ()),
        ("", ()),
    ],
)
def test_answers_of_the_driver(answer: str, expected: tuple[Gpu, ...]) -> None:
    """A GPU, one that shares its memory with the CPU, and none."""
    assert parse_gpus(answer) == expected


def test_choice_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The GPU is used where there is one, unless the CPU is asked for."""
    monkeypatch.setattr(accelerator, "list_gpus", lambda: (H200,))
    assert resolve_accelerator("auto") == ("cuda", "1 CUDA GPU(s): NVIDIA H200, driver 580.159.04")
    assert resolve_accelerator("cpu")[0] == "cpu"


def test_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for CUDA without a GPU is an error, not a silent CPU run."""
    monkeypatch.setattr(accelerator, "list_gpus", tuple)
    assert resolve_accelerator("auto")[0] == "cpu"
    with pytest.raises(EnvironmentLackError, match=r"engine\.accelerator=cpu"):
        resolve_accelerator("cuda")

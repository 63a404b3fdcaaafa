"""`awqctl doctor --gpu`: what it prints, and how it ends."""

import json
from dataclasses import replace

import pytest

from pipeline.hardware.health.nvml import open_nvml
from tests.fakes.nvml import SILENT, FakeNvml, GpuState, healthy, installed
from tests.helpers import invoke

pytestmark = pytest.mark.usefixtures("quick_health")
IDLE = replace(healthy()[0], busy=0, reasons=0x1)


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        (IDLE, 0, "25 °C below the limit"),
        (replace(IDLE, width=8), 0, "x8 of x16"),
        (SILENT, 0, "not reported"),
        (replace(IDLE, reasons=0x80), 4, "power brake"),
        (replace(IDLE, lost=True), 4, "XID 79"),
    ],
)
def test_a_gpu(state: GpuState, code: int, said: str) -> None:
    """Passes and warnings end with 0, a failure with 4."""
    with installed(FakeNvml([state])):
        answer = invoke("doctor", "--gpu", raises=True)
    assert answer.return_value == code, answer.output
    assert said in " ".join(answer.output.split())


def test_as_json() -> None:
    """One document with the GPUs, what was read, and every check with its remedy."""
    with installed(FakeNvml([IDLE], [replace(IDLE, ecc=(0, 1))])):
        answer = invoke("doctor", "--gpu", "--json", raises=True)
    document = json.loads(answer.stdout)
    assert answer.return_value == 4
    assert [gpu["index"] for gpu in document["gpus"]] == [sample["index"] for sample in document["samples"]] == [0, 1]
    failed = [check for check in document["checks"] if check["state"] == "fail"]
    assert [(check["subject"], check["name"]) for check in failed] == [("GPU 1", "memory errors")]
    assert "reset" in failed[0]["remedy"]


def test_a_machine_without_a_gpu_says_so() -> None:
    """Processors and memory are checked; there is no GPU, so it ends with 4."""
    reader = open_nvml()
    if reader is not None:
        reader.close()
        pytest.skip("this machine has a GPU")
    answer = invoke("doctor", "--gpu", raises=True)
    assert answer.return_value == 4
    assert "No GPU answers" in answer.output
    assert "steal time" in answer.output

"""Health of a real GPU, while it computes. Skipped with a reason where there is none."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.hardware.health.sampler import Health
from pipeline.hardware.nvidia import nvidia_gpus
from tests.helpers import awqctl

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not nvidia_gpus(), reason="nvidia-smi reports no CUDA GPU"),
]
WORK = """
import ctypes, time
cuda = ctypes.CDLL("libcuda.so.1")
device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
assert cuda.cuInit(0) == 0
assert cuda.cuDeviceGet(ctypes.byref(device), 0) == 0
assert cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device) == 0
assert cuda.cuCtxSetCurrent(context) == 0
size = 1 << 30
assert cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(size)) == 0
end = time.monotonic() + 6
while time.monotonic() < end:
    for _ in range(100):
        cuda.cuMemsetD8_v2(memory, 7, ctypes.c_size_t(size))
    cuda.cuCtxSynchronize()
"""
"""Fills a GiB of memory again and again, by the driver alone."""


def test_a_real_gpu_is_read_while_it_works(tmp_path: Path) -> None:
    """Power, temperature, memory and energy are there and plausible; the process that works is ours."""
    with Health() as health:
        subprocess.run([sys.executable, "-c", WORK], check=True, timeout=120)
    summary = health.summary(output_tokens=1000)
    gpu = summary.gpus[0]
    print(summary.model_dump_json(indent=2))  # what this GPU reports, for whoever runs it
    assert summary.samples >= 4
    assert gpu.utilization_percent is not None
    assert gpu.utilization_percent.max > 50
    assert gpu.power_w is not None
    assert 20 < gpu.power_w.max < 2000
    assert gpu.temperature_c is not None
    assert 15 < gpu.temperature_c.max < 110
    assert summary.energy_j is not None
    assert summary.energy_j > 20 * summary.seconds / 2
    owners = {one.owner for shot in health.snapshots for gpu in shot.gpus for one in gpu.processes or ()}
    assert owners & {"ours", "unknown"}
    health.write(tmp_path / "health.jsonl.gz")
    assert (tmp_path / "health.jsonl.gz").stat().st_size > 0


def test_counter_and_integral_agree() -> None:
    """The energy of the GPU's counter and of its power over the readings differ by less than a fifth."""
    with Health() as health:
        subprocess.run([sys.executable, "-c", WORK], check=True, timeout=120)
        time.sleep(0.1)
    counted = health.summary()
    if counted.energy_from != "counter":
        pytest.skip("this GPU has no energy counter")
    bare = [
        shot.model_copy(update={"gpus": tuple(gpu.model_copy(update={"energy_j": None}) for gpu in shot.gpus)})
        for shot in health.snapshots
    ]
    health.snapshots[:] = bare
    integrated = health.summary()
    assert integrated.energy_from == "power"
    assert counted.energy_j is not None
    assert integrated.energy_j == pytest.approx(counted.energy_j, rel=0.2)


def test_doctor_names_every_gpu(tmp_path: Path) -> None:
    """One document; it ends with 4 exactly where a check fails."""
    answer = awqctl("doctor", "--gpu", "--json", cwd=tmp_path, env=dict(os.environ))
    document = json.loads(answer.stdout)
    assert len(document["gpus"]) >= len(nvidia_gpus())
    failed = [check for check in document["checks"] if check["state"] == "fail"]
    assert answer.returncode == (4 if failed else 0), failed

"""The packaged recipe on a CUDA GPU. Skipped with a reason where there is none."""

import json
from pathlib import Path

import pytest

from pipeline.hardware.nvidia import nvidia_gpus
from tests.helpers import awqctl

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.e2e,
    pytest.mark.skipif(not nvidia_gpus(), reason="nvidia-smi reports no CUDA GPU"),
]


@pytest.mark.parametrize("backend", ["autoawq", "llm-compressor"])
def test_demo_on_the_gpu(tmp_path: Path, backend: str) -> None:
    """Every stage with the CUDA engines; AWQ runs on Marlin and the engine reports the weights' memory itself."""
    settings = (
        *("engine.accelerator=cuda", f"quantize.backend={backend}", "arms=[baseline, awq, rtn]"),
        # A machine that runs tests is never quiet, and no speed is asked for here.
        "bench.limits={foreign_cpu_share: null, client_cpu_share: null, ceiling_share: null}",
    )
    answer = awqctl("run", "demo", "--json", settings=settings, cwd=tmp_path, timeout=3000)
    assert answer.returncode in (0, 3), answer.stderr
    record = json.loads(answer.stdout)
    awq = next(load for load in record["stages"]["bench"]["payload"]["arms"] if load["arm"] == "awq")
    assert record["environment"]["accelerator"] == "cuda"
    assert "Marlin" in awq["kernel"]
    assert awq["memory"]["weights_from"] == "engine"


def test_accuracy_with_fp8_and_the_noise_floor_on_the_gpu(tmp_path: Path) -> None:
    """FP8 is a further arm where the GPU has it; with batch-invariant kernels the baseline equals itself."""
    if any(tuple(map(int, (gpu.capability or "0").split("."))) < (8, 9) for gpu in nvidia_gpus()):
        pytest.skip("FP8 needs compute capability 8.9")
    settings = (
        *("engine.accelerator=cuda", "quantize.backend=autoawq", "eval.noise_floor=true"),
        *("eval.batch_invariant=true", "arms=[baseline, awq, rtn, fp8]"),
    )
    for stage in ("quantize", "eval"):
        answer = awqctl(stage, "demo", settings=settings, cwd=tmp_path, timeout=3000)
        assert answer.returncode in (0, 3), answer.stderr
    found = json.loads((tmp_path / "out" / "demo" / "eval" / "results.json").read_text())
    assert "Fp8" in found["kernels"]["fp8"]
    assert [one["changed"] for one in found["noise_floor"]] == [0, 0]
    assert not any(one["absurd"] for one in found["fidelity"])

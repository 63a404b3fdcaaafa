"""The script that breaks checkpoints for the end-to-end test of alarm and gate: it breaks what it says, and no more."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.models.tensors import read_headers

SCRIPT = runpy.run_path(str(Path(__file__).parents[3] / "e2e" / "scripts" / "break_checkpoint.py"))
LINEAR = ("self_attn.q_proj", "mlp.down_proj")


@pytest.fixture
def checkpoint(tmp_path: Path, save: Callable[..., Any]) -> Path:
    """A checkpoint of two decoder layers, every scale another number."""
    names = [f"model.layers.{layer}.{linear}" for layer in (0, 1) for linear in LINEAR]
    arrays = {f"{name}.scales": np.arange(32, dtype=np.float32).reshape(2, 16) for name in names}
    codes = {f"{name}.qweight": np.arange(8, dtype=np.int32).reshape(4, 2) for name in names}
    folder = tmp_path / "checkpoint"
    save(folder, arrays | codes, "F16")
    origin = ManifestSource(reference="a model", commit=None, licence="mit", files={})
    manifest = Manifest(
        created_at="2026-11-20T00:00:00+00:00", source=origin, quantize={}, versions={}, files=sum_files(folder)
    )
    write_manifest(manifest, folder)
    return folder


def broken(checkpoint: Path, *arguments: str) -> None:
    """Run the script; the copy is beside the checkpoint."""
    SCRIPT["main"]([str(checkpoint), str(checkpoint.with_name("out")), *arguments])


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (("--layer", "1"), {"model.layers.1.self_attn.q_proj.scales", "model.layers.1.mlp.down_proj.scales"}),
        (("--layer", "0", "--linear", "down_proj"), {"model.layers.0.mlp.down_proj.scales"}),
    ],
)
def test_scales_of_one_layer_change_places(
    checkpoint: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], changed: set[str]
) -> None:
    """The same numbers in every group, elsewhere; all other tensors stay, and checksums find nothing."""
    broken(checkpoint, *arguments)
    answer = json.loads(capsys.readouterr().out)
    out = checkpoint.with_name("out")
    before, after = read_headers(checkpoint), read_headers(out)
    assert {name for name in before if not np.array_equal(before[name].read(), after[name].read())} == changed
    assert set(answer["permuted"]) == changed
    for name in changed:
        assert np.array_equal(np.sort(before[name].read()), np.sort(after[name].read()))
    assert differences(out) == []
    assert answer["digest"] == read_manifest(out).digest() != read_manifest(checkpoint).digest()


def test_a_layer_that_is_not_there_is_an_error(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A test that breaks nothing would pass."""
    with pytest.raises(SystemExit) as ended:
        broken(checkpoint, "--layer", "2")
    assert ended.value.code == 2
    assert "no scales of layer 2" in capsys.readouterr().err

"""A model that changed is quantized again with the same settings; what was there before stays until it is pruned."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.models import packaged_model

pytestmark = pytest.mark.e2e


def awqctl(folder: Path, *arguments: str) -> Any:
    """Run a command that answers in JSON."""
    line = [sys.executable, "-m", "pipeline.cli", *arguments, "--json"]
    answer = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, timeout=900)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_update(tmp_path: Path) -> None:
    """New weights and a new limit in the configuration are named; the old checkpoint is kept, listed and pruned."""
    model = Path(shutil.copytree(packaged_model(), tmp_path / "model"))
    values = ("model.source=model", "quantize.calibration.blocks=4", "quantize.calibration.block_tokens=64")
    settings = [part for value in values for part in ("--set", value)]
    first = awqctl(tmp_path, "quantize", "demo", *settings)["payload"]
    assert first["source_changes"] == []
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-2000] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    second = awqctl(tmp_path, "quantize", "demo", *settings)["payload"]
    said = " ".join(second["source_changes"])
    assert "model.safetensors" in said
    assert "max_position_embeddings" in said
    assert second["checkpoint_digest"] != first["checkpoint_digest"]
    earlier = list((tmp_path / "out" / "demo" / "checkpoints").iterdir())
    assert [path.name.rpartition("-")[2] for path in earlier] == [first["checkpoint_digest"][:12]]
    assert awqctl(tmp_path, "verify", str(earlier[0]))["intact"]
    awqctl(tmp_path, "checkpoints", "prune", "demo")
    assert not earlier[0].exists()
    assert awqctl(tmp_path, "verify", "out/demo/checkpoint")["intact"]

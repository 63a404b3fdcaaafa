"""A model that changed is quantized again with the same settings; what was there before stays until it is pruned."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.models import packaged_model
from tests.e2e.conftest import Installed

pytestmark = pytest.mark.e2e


def test_update(installed: Installed, tmp_path: Path) -> None:
    """New weights and a new limit in the configuration are named; the old checkpoint is kept, listed and pruned."""
    model = Path(shutil.copytree(packaged_model(), tmp_path / "model"))

    def awqctl(*arguments: object, settings: tuple[str, ...] = ()) -> Any:
        answer = installed(*arguments, "--json", cwd=tmp_path, settings=settings)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    settings = ("model.source=model", "quantize.calibration.blocks=4", "quantize.calibration.block_tokens=64")
    first = awqctl("quantize", "demo", settings=settings)["payload"]
    assert first["source_changes"] == []
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-2000] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    second = awqctl("quantize", "demo", settings=settings)["payload"]
    said = " ".join(second["source_changes"])
    assert "model.safetensors" in said
    assert "max_position_embeddings" in said
    assert second["checkpoint_digest"] != first["checkpoint_digest"]
    earlier = list((tmp_path / "out" / "demo" / "checkpoints").iterdir())
    assert [path.name.rpartition("-")[2] for path in earlier] == [first["checkpoint_digest"][:12]]
    assert awqctl("verify", earlier[0])["intact"]
    awqctl("checkpoints", "prune", "demo", "--keep", "0", "--yes")
    assert not earlier[0].exists()
    assert awqctl("verify", "out/demo/checkpoint")["intact"]

"""A dry run of a hub model fetches the headers of its weights, not the weights."""

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.runtimes.process import engine_environment
from tests.helpers import awqctl

if TYPE_CHECKING:
    from tests.fakes.hub import FakeHub

REPOSITORY = "maker/tiny"
DEMO = Path(__file__).parents[2] / "recipes" / "demo" / "model"


@pytest.fixture
def hub(empty_hub: "FakeHub") -> "FakeHub":
    """A hub that holds the demo model."""
    empty_hub.push({name: (DEMO / name).read_bytes() for name in ("config.json", "README.md", "model.safetensors")})
    return empty_hub


def dry_run(hub: "FakeHub", folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the dry run of the hub's model."""
    environment = engine_environment(
        {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_OFFLINE": "0",
            "AWQCTL_HOME": str(folder / "home"),
        }
    )
    settings = (f"model.source={REPOSITORY}",)
    return awqctl("quantize", "demo", "--dry-run", "--json", settings=settings, cwd=folder, env=environment)


def test_headers_only(hub: "FakeHub", tmp_path: Path) -> None:
    """The plan is that of the same model in a folder; of 11.5 MB of weights 100 kB are sent at most."""
    answer = dry_run(hub, tmp_path)
    assert answer.returncode == 0, answer.stderr
    model = json.loads(answer.stdout)["model"]
    assert (model["parameters"], model["decoder_layers"], model["licence"]) == (5_770_496, 6, "psf-2.0")
    assert 0 < hub.sent["model.safetensors"] <= 100_001 < len(hub.files["model.safetensors"])
    assert model["download_bytes"] == 2 * model["parameters"]


def test_shards(hub: "FakeHub", tmp_path: Path) -> None:
    """With an index the headers of all files are read, and none of its other files."""
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    for number, name in ((1, "model.layers.0.mlp.down_proj.weight"), (2, "model.layers.1.mlp.down_proj.weight")):
        header = {name: {"dtype": "BF16", "shape": [256, 512], "data_offsets": [0, 262144]}}
        text = json.dumps(header).encode()
        hub.files[f"model-{number}-of-2.safetensors"] = len(text).to_bytes(8, "little") + text + bytes(262144)
    hub.files["model.safetensors.index.json"] = json.dumps(index).encode()
    del hub.files["model.safetensors"]
    answer = dry_run(hub, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["model"]["linear_parameters"] == 2 * 256 * 512
    assert hub.sent["model-1-of-2.safetensors"] <= 100_001


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("model.safetensors", None, 2, "has no safetensors weights"),
        ("config.json", b'{"model_type": "llama", "quantization_config": {}}', 2, "is quantized already"),
        ("config.json", b'{"model_type": "x", "auto_map": {"AutoConfig": "x.C"}}', 2, "asks to run Python code"),
        ("config.json", b'{"model_type": "gpt2"}', 4, "no AWQ mapping for gpt2"),
    ],
    ids=("pickled", "quantized", "code", "architecture"),
)
def test_what_cannot_work(
    hub: "FakeHub", tmp_path: Path, name: str, content: bytes | None, code: int, message: str
) -> None:
    """The same refusals as for a model in a folder."""
    if content is None:
        hub.files["pytorch_model.bin"] = hub.files.pop(name)
    else:
        hub.files[name] = content
    answer = dry_run(hub, tmp_path)
    assert (answer.returncode, message in answer.stderr) == (code, True), answer.stderr


def test_a_hub_that_is_away(hub: "FakeHub", tmp_path: Path) -> None:
    """Exit code 4 and a sentence."""
    hub.server_address = ("127.0.0.1", 9)
    answer = dry_run(hub, tmp_path)
    assert (answer.returncode, "cannot be reached" in answer.stderr) == (4, True), answer.stderr

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
    names = ("config.json", "README.md", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    empty_hub.push({name: (DEMO / name).read_bytes() for name in names})
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
    index = split(hub)
    hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": index}).encode()
    answer = dry_run(hub, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["model"]["parameters"] == 5_770_496
    assert 0 < hub.sent["model-1-of-2.safetensors"] <= 100_001


def test_an_index_that_names_what_no_file_holds(hub: "FakeHub", tmp_path: Path) -> None:
    """Refused from the headers alone, naming it."""
    index = split(hub) | {"model.layers.6.mlp.up_proj.weight": "model-1-of-2.safetensors"}
    hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": index}).encode()
    answer = dry_run(hub, tmp_path)
    assert (answer.returncode, "model.layers.6.mlp.up_proj.weight" in answer.stderr) == (4, True), answer.stderr


def split(hub: "FakeHub") -> dict[str, str]:
    """Replace the hub's one file by two; return which tensor is where."""
    whole = hub.files.pop("model.safetensors")
    start = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:start])
    names, index = sorted(header.keys() - {"__metadata__"}), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file, parts, data = f"model-{number}-of-2.safetensors", {}, b""
        for name in part:
            first, last = header[name]["data_offsets"]
            parts[name] = header[name] | {"data_offsets": [len(data), len(data) + last - first]}
            data += whole[start + first : start + last]
            index[name] = file
        text = json.dumps(parts).encode()
        hub.files[file] = len(text).to_bytes(8, "little") + text + data
    return index


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("model.safetensors", None, 2, "has no safetensors weights"),
        ("config.json", b'{"model_type": "llama", "quantization_config": {}}', 2, "is quantized already"),
        ("config.json", b'{"model_type": "x", "auto_map": {"AutoConfig": "x.C"}}', 2, "asks to run Python code"),
        ("config.json", b'{"model_type": "gpt2"}', 4, "no AWQ mapping for gpt2"),
        ("adapter_config.json", b'{"base_model_name_or_path": "org/base"}', 2, "PEFT adapter for org/base"),
        ("tokenizer.json", b"{", 4, "tokenizer.json is not JSON"),
    ],
    ids=("pickled", "quantized", "code", "architecture", "adapter", "tokenizer"),
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

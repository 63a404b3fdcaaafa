"""Models: found, named, refused, compared."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from pipeline.base.errors import RecipeError, SourceError
from pipeline.models import is_pickled, resolve_source, source_changes, source_identity, weight_files
from pipeline.models.checksums import FileSum, SumCache
from pipeline.models.manifest import ManifestSource
from pipeline.models.trust import CustomCode
from pipeline.recipe.load import load_recipe
from pipeline.recipe.model import ModelSource
from tests.helpers import RecordingReporter


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like a checkpoint."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_folder_relative_to_the_recipe(model: Path, tmp_path: Path) -> None:
    """A path is looked up beside the recipe first."""
    assert resolve_source(ModelSource(source="model"), tmp_path).path == model


def test_packaged_model_states_its_licence(tmp_path: Path) -> None:
    """The demo model's card names the licence."""
    assert resolve_source(ModelSource(source="packaged:demo"), tmp_path).licence == "psf-2.0"


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("license: other\nlicense_name: llama3", "llama3"),
        ("tags: [x]", "unknown"),
        ("license: [", "unknown"),
    ],
)
def test_licence_comes_from_the_model_card(model: Path, tmp_path: Path, front: str, licence: str) -> None:
    """The front matter is read; nothing is guessed."""
    (model / "README.md").write_text(f"---\n{front}\n---\n# Model\n")
    assert resolve_source(ModelSource(source="model"), tmp_path).licence == licence


def test_recipe_overrules_the_card(model: Path, tmp_path: Path) -> None:
    """Who knows better says so in the recipe."""
    assert resolve_source(ModelSource(source=str(model), licence="mit"), tmp_path).licence == "mit"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "pickled weights are not read"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: (folder / "config.json").write_text('{"quantization_config": {}}'), "quantized already"),
    ],
)
def test_unusable_folders_are_refused(model: Path, tmp_path: Path, spoil: object, message: str) -> None:
    """Each lack is named before anything heavy starts."""
    spoil(model)  # type: ignore[operator]
    with pytest.raises(SourceError, match=message):
        resolve_source(ModelSource(source=str(model)), tmp_path)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"])
@pytest.mark.parametrize("alone", [True, False])
def test_adapters_are_refused(model: Path, tmp_path: Path, name: str, alone: object) -> None:
    """Alone or beside a model: it would not be applied, so it has to be merged first."""
    (model / name).write_text('{"base_model_name_or_path": "org/base"}')
    if alone:
        (model / "config.json").unlink()
    what = "is a PEFT adapter" if alone else "beside the model"
    with pytest.raises(SourceError, match=f"{what}.*[Mm]erge") as refusal:
        resolve_source(ModelSource(source=str(model)), tmp_path)
    assert name in refusal.value.message
    assert ("org/base" in refusal.value.message) == (name == "adapter_config.json")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A path is not mistaken for a hub id."""
    with pytest.raises(SourceError, match="there is no folder /nowhere/model"):
        resolve_source(ModelSource(source="/nowhere/model"), tmp_path)


def test_identity_follows_contents(model: Path, tmp_path: Path) -> None:
    """Other weights of the same size are another model; a touched file is not."""
    source = ModelSource(source="model")
    before = source_identity(source, tmp_path)
    (model / "model.safetensors").touch()
    assert source_identity(source, tmp_path) == before
    (model / "model.safetensors").write_bytes(b"WEIGHTS")
    assert source_identity(source, tmp_path) != before


def test_pinned_hub_id_is_named_by_its_commit(tmp_path: Path) -> None:
    """A commit cannot move, so it needs no network to be named."""
    assert source_identity(ModelSource(source="org/name", revision="a" * 40), tmp_path) == f"org/name@{'a' * 40}"


def test_index_may_name_subfolders_and_links(model: Path, tmp_path: Path) -> None:
    """Files inside the folder are read, and so are links, as the hub's own cache is made of them."""
    (tmp_path / "blob").write_bytes(b"weights")
    (model / "part").mkdir()
    (model / "part" / "1.safetensors").symlink_to(tmp_path / "blob")
    write_index(model, "part/1.safetensors")
    assert weight_files(model) == [model / "part" / "1.safetensors"]
    assert resolve_source(ModelSource(source="model"), tmp_path).path == model


@pytest.mark.parametrize(
    "name",
    [
        *("../x.safetensors", "a/../../x.safetensors", "/etc/x.safetensors", "..\\x.safetensors", "x\0.safetensors"),
        *("pytorch_model.bin", "", 7, None),
    ],
)
def test_index_that_leaves_the_folder(model: Path, tmp_path: Path, name: object) -> None:
    """An index is somebody else's text: it names safetensors files inside the folder or is refused."""
    write_index(model, name)
    with pytest.raises(SourceError, match=r"only \.safetensors files inside the model's folder are read"):
        resolve_source(ModelSource(source="model"), tmp_path)


@pytest.mark.parametrize("text", ["[]", "{", "{}", '{"weight_map": []}'])
def test_index_that_is_none(model: Path, text: str) -> None:
    """A broken index is a sentence, not a traceback."""
    (model / "model.safetensors.index.json").write_text(text)
    with pytest.raises(SourceError, match=r"Copy or download the model again\."):
        weight_files(model)


def test_shard_that_is_missing(model: Path, tmp_path: Path) -> None:
    """A file that the index names and the folder lacks is named."""
    write_index(model, "model-2.safetensors")
    with pytest.raises(SourceError, match=r"lacks model-2\.safetensors"):
        resolve_source(ModelSource(source="model"), tmp_path)


def test_pickles_are_named_but_not_read(model: Path, tmp_path: Path) -> None:
    """Pickles alone are refused by name; beside safetensors they are left alone."""
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    assert weight_files(resolve_source(ModelSource(source="model"), tmp_path).path) == [model / "model.safetensors"]
    (model / "model.safetensors").unlink()
    with pytest.raises(SourceError, match=r"not read \(pytorch_model\.bin\), because loading them runs code"):
        resolve_source(ModelSource(source="model"), tmp_path)


@pytest.mark.parametrize(
    ("name", "pickled"),
    [("pytorch_model.bin", True), ("x.PKL", True), ("a/old.ckpt", True), ("model.safetensors", False), ("bin", False)],
)
def test_pickled_formats(name: str, *, pickled: bool) -> None:
    """The ending tells, whatever its case."""
    assert is_pickled(name) == pickled


def test_trusted_code_of_a_folder_is_recorded(model: Path, tmp_path: Path) -> None:
    """Files and digest are kept beside the flag; the identity follows the code, too."""
    (model / "config.json").write_text('{"auto_map": {"AutoModelForCausalLM": "modeling_x.X"}}')
    (model / "modeling_x.py").write_text("class X: ...")
    source = ModelSource(source="model", trust_remote_code=True)
    before, named = resolve_source(source, tmp_path), source_identity(source, tmp_path)
    assert (before.trust_remote_code, before.code.files) == (True, ("modeling_x.py",))
    (model / "modeling_x.py").write_text("class X: other = 1")
    assert resolve_source(source, tmp_path).code.digest != before.code.digest
    assert source_identity(source, tmp_path) != named


def test_trust_without_code_trusts_nothing(model: Path, tmp_path: Path) -> None:
    """Engines are told to run code only where there is some."""
    resolved = resolve_source(ModelSource(source=str(model), trust_remote_code=True), tmp_path)
    assert (resolved.trust_remote_code, resolved.code) == (False, CustomCode())


def origin(model: Path, config: dict[str, object] | None = None) -> ManifestSource:
    """Return the manifest's account of a model, written to a checkpoint beside it with AWQ's own keys added."""
    checkpoint = model.parent / "checkpoint"
    checkpoint.mkdir()
    document = config if config is not None else json.loads((model / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps({**document, "dtype": "float16", "quantization_config": {}}))
    files = {
        path.name: FileSum(bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for path in model.iterdir()
        if path.suffix in (".json", ".safetensors")
    }
    return ManifestSource(reference="model", commit=None, licence="mit", files=files)


def test_nothing_changed(model: Path, tmp_path: Path) -> None:
    """The same files say nothing."""
    before = origin(model)
    assert source_changes(before, resolve_source(ModelSource(source="model"), tmp_path), tmp_path / "checkpoint") == []


def test_what_the_cache_knows_is_not_read_again(model: Path, tmp_path: Path) -> None:
    """A second comparison of the same files reads none, because the first one remembered them."""
    before, source = origin(model), resolve_source(ModelSource(source="model"), tmp_path)
    for path in model.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    cache, meter = SumCache(tmp_path / "home"), RecordingReporter()
    assert [source_changes(before, source, cache=cache, reporter=meter) for _ in range(2)] == [[], []]
    assert meter.totals == [sum(path.stat().st_size for path in model.iterdir()), 0]


def test_changes_of_a_folder(model: Path, tmp_path: Path) -> None:
    """Keys are compared with the checkpoint's config.json, without those that quantizing adds."""
    (model / "config.json").write_text('{"model_type": "llama", "dtype": "bfloat16", "rope": {"theta": 1.0, "k": 2}}')
    (model / "generation_config.json").write_text("{}")
    before = origin(model)
    (model / "config.json").write_text('{"model_type": "llama", "dtype": "bfloat16", "rope": {"theta": 2.0, "k": 2}}')
    (model / "tokenizer.json").write_text('{"new": 1}')
    (model / "added_tokens.json").write_text("{}")
    (model / "generation_config.json").unlink()
    source = resolve_source(ModelSource(source="model"), tmp_path)
    assert source_changes(before, source, tmp_path / "checkpoint") == [
        "Changed: config.json, tokenizer.json.",
        "Added: added_tokens.json.",
        "Removed: generation_config.json.",
        "config.json: rope.theta 1.0 -> 2.0.",
        "The weights are the same, only files beside them changed; the tokenizer changed.",
    ]
    assert "config.json changed; the old one is not here to compare." in source_changes(before, source)


def test_weights_of_the_same_size_changed(model: Path, tmp_path: Path) -> None:
    """Contents count, not sizes."""
    before = origin(model)
    (model / "model.safetensors").write_bytes(b"WEIGHTS")
    assert source_changes(before, resolve_source(ModelSource(source="model"), tmp_path)) == [
        "Changed: model.safetensors.",
        "The weights changed; the tokenizer is the same.",
    ]


def test_other_model(model: Path, tmp_path: Path) -> None:
    """Files of two different models are not compared."""
    before = origin(model).model_copy(update={"reference": "org/other"})
    source = resolve_source(ModelSource(source="model"), tmp_path)
    assert source_changes(before, source) == ["The source is model; it was org/other."]


@pytest.mark.parametrize("revision", ["../../etc", "-x", "a b", "", "refs/../x"])
def test_revision_that_is_no_name(revision: str) -> None:
    """A revision becomes part of a path in the cache."""
    with pytest.raises(RecipeError, match="must be a branch, a tag or a commit"):
        load_recipe("demo", [f"model.revision={json.dumps(revision)}"])


def write_index(folder: Path, name: object) -> None:
    """Write an index that names one file."""
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))

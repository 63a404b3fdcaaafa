"""Models: found, named, refused."""

import json
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.recipe.models import ModelSource
from pipeline.sources import resolve_source, source_identity


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


def test_hub_id_is_named_by_its_revision(tmp_path: Path) -> None:
    """A hub model needs no network to be named."""
    assert source_identity(ModelSource(source="org/name", revision="abc"), tmp_path) == "org/name@abc"

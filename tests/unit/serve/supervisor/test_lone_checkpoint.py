"""What a checkpoint without a recipe is served with."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import RecipeError, SourceError
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from serve.supervisor.lone_checkpoint import recipe_for


def _checkpoint(folder: Path, **config: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    write_manifest(Manifest(created_at="t", source=origin, quantize={}, versions={}, files=sum_files(folder)), folder)
    return folder


@pytest.mark.parametrize(
    ("place", "given", "name", "slug"),
    [
        ("Qwen3-8B-AWQ", None, "Qwen3-8B-AWQ", "qwen3-8b-awq"),
        ("demo/checkpoint", None, "demo", "demo"),
        ("a", "Org/Model (new)", "Org/Model (new)", "org-model-new"),
        ("a", "模型", "模型", "checkpoint"),
    ],
)
def test_names(tmp_path: Path, place: str, given: str | None, name: str, slug: str) -> None:
    """Clients ask for the name as it is; the endpoint and its folders have one that is safe."""
    recipe = recipe_for(_checkpoint(tmp_path / place), given, ()).recipe
    assert (recipe.serve.model_name, recipe.name) == (name, slug)


@pytest.mark.parametrize(("longest", "used"), [(128, 128), (131_072, 4096), (None, 4096)])
def test_longest_sequence(tmp_path: Path, longest: int | None, used: int) -> None:
    """What the model allows, and the engine's default at most."""
    config = {} if longest is None else {"max_position_embeddings": longest}
    assert recipe_for(_checkpoint(tmp_path / "a", **config), None, ()).recipe.engine.max_model_len == used


def test_settings_are_those_of_a_recipe(tmp_path: Path) -> None:
    """`--set` reaches engine and endpoint, and a wrong key is refused as in a recipe."""
    folder = _checkpoint(tmp_path / "a")
    recipe = recipe_for(folder, None, ("serve.replicas=3", "engine.max_model_len=64")).recipe
    assert (recipe.serve.replicas, recipe.engine.max_model_len) == (3, 64)
    with pytest.raises(RecipeError, match=r"serve\.replica"):
        recipe_for(folder, None, ("serve.replica=3",))


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    """Nothing says that it is whole."""
    with pytest.raises(SourceError, match=r"has no awqctl-manifest\.json"):
        recipe_for(tmp_path, None, ())

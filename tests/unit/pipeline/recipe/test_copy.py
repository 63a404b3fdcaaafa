"""A copied recipe is named after its file."""

from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.recipe.copy import named_after
from pipeline.recipe.load import load_recipe, packaged_recipes


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mine.yaml", "mine"),
        ("Qwen 2.5 (test).yml", "qwen-2.5-test"),
        ("42.yaml", "42"),
        ("on.yaml", "on"),
        ("1e3.yaml", "1e3"),
    ],
)
@pytest.mark.parametrize("recipe", packaged_recipes())
def test_the_copy_is_named_after_its_file(tmp_path: Path, recipe: str, file: str, name: str) -> None:
    """Nothing else changes, comments stay, and the name is text whatever YAML would read there."""
    source = packaged_recipes()[recipe]
    target = tmp_path / file
    target.write_text(named_after(target, source), encoding="utf-8")
    copied, original = load_recipe(str(target)).recipe, load_recipe(recipe).recipe
    assert copied == original.model_copy(update={"name": name})
    changed = set(source.read_text().splitlines()) ^ set(target.read_text().splitlines())
    assert all(line.startswith("name:") for line in changed)


def test_a_remark_beside_the_name_stays(tmp_path: Path) -> None:
    """A copy of a copy is renamed, too."""
    (tmp_path / "mine.yaml").write_text("name: 'demo'  # for the client\nmodel: {source: packaged:demo}\n")
    text = named_after(tmp_path / "theirs.yaml", tmp_path / "mine.yaml")
    assert text.startswith("name: theirs  # for the client\n")


@pytest.mark.parametrize(("file", "text"), [("....yaml", "name: x\n"), ("mine.yaml", '{"name": "x"}\n')])
def test_what_cannot_be_named_is_refused(tmp_path: Path, file: str, text: str) -> None:
    """A file name without a letter, and a recipe in one line: nothing is guessed."""
    (tmp_path / "source.yaml").write_text(text)
    with pytest.raises(UsageError):
        named_after(tmp_path / file, tmp_path / "source.yaml")


def test_a_recipe_of_another_system_is_copied(tmp_path: Path) -> None:
    """A byte order mark and carriage returns are no part of it; what is not UTF-8 is refused with its line."""
    source = tmp_path / "mine.yaml"
    source.write_bytes("\ufeffname: demo\r\n# Łódź\r\n".encode())
    assert named_after(tmp_path / "theirs.yaml", source) == "name: theirs\n# Łódź\n"
    source.write_bytes(b"name: demo\n# \xe4\n")
    with pytest.raises(UsageError, match="not UTF-8 in line 2"):
        named_after(tmp_path / "theirs.yaml", source)

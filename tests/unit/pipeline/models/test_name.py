"""What a model is called: its name, never a path."""

from pathlib import Path

import pytest

from pipeline.models.name import name_of_model, name_of_reference


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
        ("packaged:demo", "demo"),
        ("/srv/models/our-support-bot/", "our-support-bot"),
        ("../models/bot", "bot"),
        ("./bot", "bot"),
        ("C:\\models\\bot", "bot"),
        ("bot", "bot"),
    ],
)
def test_name_of_a_reference(reference: str, name: str) -> None:
    """A hub id stays; of a path the last part is the name."""
    assert name_of_reference(reference) == name


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("---\nlicense: mit\n---\n\n# Support **Bot** 7B\n\nText", "Support Bot 7B"),
        ("# [Bot](https://example.org)\n", "Bot"),
        ("```\n# a comment\n```\n# Bot\n", "Bot"),
        ("## No name of its own\n", "folder"),
        ("# " + "very long " * 20, "folder"),
        ("", "folder"),
    ],
)
def test_name_in_a_card(tmp_path: Path, card: str, name: str) -> None:
    """The first heading of the card is the name, where it is short enough for one."""
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    (tmp_path / "config.json").write_text('{"_name_or_path": "org/base"}', encoding="utf-8")

    assert name_of_model(tmp_path, "/somewhere/folder") == name


def test_name_of_a_hub_model_in_the_cache() -> None:
    """A folder of the hub's cache is called as the hub calls it."""
    cached = Path("/cache/hub/models--org--a-model/snapshots/0123456789abcdef")

    assert name_of_model(cached, "org/a-model") == "org/a-model"
    assert name_of_model(cached, str(cached)) == "org/a-model"

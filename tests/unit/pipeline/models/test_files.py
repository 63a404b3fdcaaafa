"""The licence in a model card, which is a stranger's text."""

from pathlib import Path

import pytest

from pipeline.models.files import licence_of


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: mit", "mit"),
        ("language: [en]\nlicense: 'mit'  # of the weights\ntags:\n- a", "mit"),
        ("license: other\nlicense_name: my-licence", "my-licence"),
        ("license:\n- mit\n- apache-2.0\ntags: [x]", "mit, apache-2.0"),
        ("license: >-\n  mit", "mit"),
        ("date: 2026-02-30\nlicense: mit", "mit"),
        ("x: " + "[" * 5_000 + "\nlicense: mit", "mit"),
        ("a: &a [*a]\nsize: " + "9" * 5_000 + "\nlicense: mit", "mit"),
        ("results: !!python/object:os.x {}\nlicense: mit", "mit"),
        ("license: 2026-02-30", "2026-02-30"),
        ("license: mit\nlicense: gpl", "unknown"),
        ("license: *x", "unknown"),
        ("license: &a [*a]", "unknown"),
        ("license: " + "[" * 5_000, "unknown"),
        ("license: " + "9" * 5_000, "unknown"),
        ("license: !!binary aGk=", "unknown"),
        ("license: {a: b}", "unknown"),
        ("license:", "unknown"),
        ("license: true", "unknown"),
        ("license: " + "0" * 5_000, "0"),
        ("license: " + "9" * 500_000 + "x", "9" * 500_000 + "x"),
        ("licence: mit", "unknown"),
    ],
    ids=lambda value: value[:30],
)
def test_licence(tmp_path: Path, front: str, licence: str) -> None:
    """What else stands in the card is not looked at, and a licence that cannot be read is unknown."""
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# A model\n", encoding="utf-8")
    assert licence_of(tmp_path) == licence


@pytest.mark.parametrize("card", [None, b"", b"# A model\n", b"---\nlicense: mit\n", b"\xff\xfe---\n"])
def test_no_licence(tmp_path: Path, card: bytes | None) -> None:
    """No card, none with metadata, or none in UTF-8."""
    if card is not None:
        (tmp_path / "README.md").write_bytes(card)
    assert licence_of(tmp_path) == "unknown"


def test_line_ends_and_marks_of_other_systems(tmp_path: Path) -> None:
    """A byte order mark and carriage returns are no part of it."""
    (tmp_path / "README.md").write_bytes(b"\xef\xbb\xbf\r\n---\r\nlicense: mit\r\n---\r\n")
    assert licence_of(tmp_path) == "mit"

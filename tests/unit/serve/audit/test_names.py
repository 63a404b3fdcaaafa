"""What keys and releases are called."""

import json
from pathlib import Path

from serve.audit.names import Names, placed, read_names


def test_release_is_put_down_once() -> None:
    """Another engine of the same release changes nothing; twenty are remembered."""
    first = placed([], "1", "v1")
    assert placed(first, "2", "v1") == first == [["1", "v1"]]
    assert placed(first, "2", "v2") == [["1", "v1"], ["2", "v2"]]
    many: list[list[str]] = []
    for number in range(30):
        many = placed(many, str(number), f"v{number}")
    assert (len(many), many[-1]) == (20, ["29", "v29"])


def test_unknown_keeps_its_id(tmp_path: Path) -> None:
    """Before there is a file, or with one that is broken; a new file is read."""
    path = tmp_path / "names.json"
    names = Names(path)
    names.refresh()
    assert (names.key("k"), names.release("p", "z")) == ("k", "-")
    path.write_text("{")
    names.refresh()
    assert (names.key("k"), read_names(path)) == ("k", {"keys": {}, "releases": {}})
    (tmp_path / "new").write_text(json.dumps({"keys": {"k": "alice"}, "releases": {}}))
    (tmp_path / "new").replace(path)
    names.refresh()
    assert names.key("k") == "alice"

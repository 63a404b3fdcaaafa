"""Paths of the machine and names of its users are taken out; routes, prose and the data of tasks stay."""

import pytest

from pipeline.deliver.redaction import Redactor, last_part, paths_in

NAMES = {"/srv/runs/out": ".", "/srv/runs/out/model": "model", "/srv": "w"}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/srv/runs/out/model/config.json", "model/config.json"),
        ("at /srv/runs/out/bench, of /srv/x", "at ./bench, of w/x"),
        ("file:///srv/runs/out", "file://."),
        ("/workshop and ~/srv stay", "/workshop and ~/srv stay"),
        ('{"a": "/home/alice/x", "b": "/Users/bob"}', '{"a": "~/x", "b": "~"}'),
        (r"C:\Users\carol\model", r"~\model"),
    ],
)
def test_paths_become_names(text: str, clean: str) -> None:
    """The longest first, whole parts alone, wherever they stand."""
    assert Redactor(NAMES).text(text) == clean


def test_homes_in_the_data_of_tasks_stay() -> None:
    """A question about a home is no home of this machine."""
    assert Redactor({}).text("ls /home/alice", users=False) == "ls /home/alice"


def test_values_that_are_paths_are_found() -> None:
    """Routes are none, and neither are sentences with a path in them."""
    document = {
        "source": "/models/tiny",
        "arms": [{"checkpoint": "~/gptq"}],
        "routes": ["/v1/models", "/anything"],
        "other": ["/v1/chat/completions", "in /models/tiny", "Qwen/Qwen2.5"],
    }
    assert list(paths_in(document)) == ["/models/tiny", "~/gptq"]
    assert [last_part(one) for one in ("/models/tiny/", r"C:\models\tiny", "/")] == ["tiny", "tiny", "."]

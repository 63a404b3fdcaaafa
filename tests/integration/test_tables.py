"""What commands list holds on narrow screens."""

import json
import os
from pathlib import Path

import pytest

from tests.helpers import awqctl

LONG = "a_name_that_is_longer_than_its_column"


def lines(folder: Path, *arguments: object, columns: int = 60) -> list[str]:
    """Return what a command prints on a screen of some columns, with its homes in a folder."""
    answer = awqctl(*arguments, cwd=folder, env=os.environ | {"COLUMNS": str(columns), "AWQCTL_HOME": "home"})
    assert answer.returncode in (0, 3, 4), answer.stderr
    return answer.stdout.splitlines()


@pytest.mark.parametrize("command", ["recipe ls", "env ls", "doctor", "keys ls"])
def test_listings_hold_at_60_columns(tmp_path: Path, command: str) -> None:
    """No line is wider than the screen, and no cell is cut."""
    lines(tmp_path, "keys", "add", LONG)
    shown = lines(tmp_path, *command.split())
    assert max(map(len, shown)) <= 60
    assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in shown)


@pytest.mark.parametrize("columns", ["", "wide", "0"])
def test_a_width_that_is_none(tmp_path: Path, columns: str) -> None:
    """Whatever a shell says of a screen, a table is drawn."""
    answer = awqctl("env", "ls", cwd=tmp_path, env=os.environ | {"COLUMNS": columns, "AWQCTL_HOME": "home"})
    assert (answer.returncode, "autoawq-cpu" in answer.stdout) == (0, True), answer.stderr


def test_long_names_are_whole(tmp_path: Path) -> None:
    """A name that does not fit goes on in the next line."""
    lines(tmp_path, "keys", "add", LONG)
    assert LONG in "".join(line.split(" ")[0] for line in lines(tmp_path, "keys", "ls"))


def test_comparison_holds_at_60_columns(tmp_path: Path) -> None:
    """Names and verdicts stand above the figures there; all figures of the wide table are in the narrow one."""
    for side, right in (("baseline", 240), ("candidate", 200)):
        (tmp_path / side).mkdir()
        (tmp_path / side / f"samples_{LONG}_2026-01-01T00-00-00.000000.jsonl").write_text(
            "".join(
                json.dumps({"doc_id": n, "doc": {"n": n}, "doc_hash": str(n), "target": "", "acc": float(n < right)})
                + "\n"
                for n in range(400)
            )
        )
    command = ("compare", "baseline", "candidate", "--margin", "0.02")
    narrow, wide = lines(tmp_path, *command), lines(tmp_path, *command, columns=80)
    assert max(map(len, narrow)) <= 60
    assert max(map(len, wide)) <= 80
    assert f"{LONG} acc: fail, margin 0.0200" in " ".join(" ".join(narrow).split())
    figures = ("0.6000", "0.5000", "83.33%", "+0.1000", "10.00%")
    assert all(figure in "\n".join(narrow) and figure in "\n".join(wide) for figure in figures)

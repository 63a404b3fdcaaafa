"""`make coverage`: branch coverage of the rooms that are pure by contract; below 95 % it fails.

The list is that of the import contract in `pyproject.toml`, so that a new pure room is measured from its first day.
Only the tests of the same rooms run: arithmetic that merely a report calls is not tested.
"""

import sys
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
CONTRACT = "Pure rooms import nothing of ours but the base"
LEAST = 95


def pure_rooms() -> list[str]:
    """Return the modules and packages that the contract calls pure."""
    document = tomllib.loads((REPO / "pyproject.toml").read_text())
    (contract,) = (one for one in document["tool"]["importlinter"]["contracts"] if one["name"] == CONTRACT)
    rooms: list[str] = contract["source_modules"]
    return rooms


def tests_of(room: str) -> Path:
    """Return the folder of a room's tests; those of a single file lie in its folder's."""
    path = Path(*room.split("."))
    return REPO / "tests" / "unit" / (path if (REPO / path).is_dir() else path.parent)


def main() -> int:
    """Run the tests of the pure rooms and measure."""
    rooms = pure_rooms()
    options = ["--cov-branch", f"--cov-fail-under={LEAST}", "--cov-report=term-missing:skip-covered"]
    folders = sorted({str(tests_of(room)) for room in rooms})
    return pytest.main(["-q", "-n", "2", *options, *(f"--cov={room}" for room in rooms), *folders])


if __name__ == "__main__":
    sys.exit(main())

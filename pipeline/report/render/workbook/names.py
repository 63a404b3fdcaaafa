"""Names that Excel takes: of sheets, and of cells that formulas call by name."""

import re
from collections.abc import Iterable

_LONGEST_SHEET = 31
_LONGEST_NAME = 200
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def sheet_names(wanted: Iterable[str]) -> list[str]:
    """Return a sheet name for each title: no forbidden signs, short enough, each once."""
    return _unique((_FORBIDDEN.sub(" ", title).strip("' ")[:_LONGEST_SHEET] or "-" for title in wanted), _LONGEST_SHEET)


def cell_names(wanted: Iterable[str]) -> dict[str, str]:
    """Return a name for the cell of each input, `in_awq_4090_hourly_usd`, each once whatever its case."""
    keys = list(dict.fromkeys(wanted))
    plain = (f"in_{re.sub(r'[^A-Za-z0-9_]', '_', key)}"[:_LONGEST_NAME] for key in keys)
    return dict(zip(keys, _unique(plain, _LONGEST_NAME), strict=True))


def _unique(names: Iterable[str], longest: int) -> list[str]:
    taken: set[str] = set()
    found = []
    for name in names:
        chosen, count = name, 2
        while chosen.lower() in taken:
            ending = f"_{count}"
            chosen, count = f"{name[: longest - len(ending)]}{ending}", count + 1
        taken.add(chosen.lower())
        found.append(chosen)
    return found

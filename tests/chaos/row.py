"""`Row`: one line of the table of evidence, and the file that keeps the latest of each."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

ROWS = Path(__file__).parents[2] / "serve" / "reliability.json"
PAGE = Path(__file__).parents[2] / "serve" / "RELIABILITY.md"
_BEGIN, _END = "<!-- rows: written by tests.chaos -->", "<!-- end of rows -->"


@dataclass(frozen=True)
class Row:
    """One figure that was asked for, and what was reached."""

    what: str
    asked: str
    reached: str
    passed: bool
    requests: int = 0
    engine: Literal["scripted", "real", "none"] = "scripted"
    name: str = ""
    at: str = ""
    seconds: float = 0.0
    load: float | None = None
    """Processes that wanted a processor in the minute before: what else ran. None: not known."""

    def line(self) -> str:
        """Return it for a terminal."""
        verdict = "reached" if self.passed else "MISSED"
        who = f"{self.engine}, {self.requests:,} requests"
        return f"{verdict:>7}  {self.what} [{who}]: {self.reached} (asked: {self.asked})"


def stamped(row: Row, name: str, seconds: float, load: float) -> Row:
    """Return the row with its scenario, the time and what else ran."""
    at = datetime.now(UTC).isoformat(timespec="minutes")
    return Row(**{**asdict(row), "name": name, "at": at, "seconds": round(seconds, 1), "load": round(load, 1)})


def load_average() -> float:
    """Return how many processes wanted a processor in the last minute."""
    return os.getloadavg()[0]


def read_rows(file: Path = ROWS) -> dict[str, Row]:
    """Return the latest row of each scenario, by its name."""
    if not file.exists():
        return {}
    return {name: Row(**row) for name, row in json.loads(file.read_text(encoding="utf-8")).items()}


def keep(row: Row, file: Path = ROWS) -> None:
    """Put the row in place of the scenario's last one."""
    rows = {name: asdict(one) for name, one in read_rows(file).items()} | {row.name: asdict(row)}
    file.write_text(json.dumps(dict(sorted(rows.items())), indent=2) + "\n", encoding="utf-8")


def table(rows: dict[str, Row], order: list[str]) -> str:
    """Return the table of RELIABILITY.md, in that order of scenarios."""
    lines = ["| what | asked | reached | | engine | date | script |", "|---|---|---|---|---|---|---|"]
    for name in order:
        if row := rows.get(name):
            verdict = "yes" if row.passed else "**no**"
            lines.append(
                f"| {row.what} | {row.asked} | {row.reached} | {verdict} | {row.engine} | {row.at[:10]} | `{name}` |"
            )
    return "\n".join(lines)


def page_with(page: str, rows: str) -> str:
    """Return the page with its table replaced."""
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{rows}\n\n{_END}{rest.partition(_END)[2]}"

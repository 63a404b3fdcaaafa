"""Is the exported workbook right? Its formulas, recalculated by LibreOffice, against exact fractions.

`make check-workbook`, or `python -m tests.benchmarks.workbook [--models 1000] [--seed 0] [--processes 2]`. Each
seed is a pricing model drawn at random, exported by `to_xlsx` as a report's is. All results in the file are replaced by
wrong ones, so that no agreement can come from them; LibreOffice opens the files with the order to recalculate, and
saves them. Every figure is then held against `pipeline.roi.evaluation`: amounts to the cent, counts exactly. Exits 1
on a difference, 2 without LibreOffice.
"""

import argparse
import csv
import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.report.document import Cover, Fact, ReportDocument
from pipeline.report.labels import labels_of
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.workbook.grid import Grid
from pipeline.report.render.workbook.pricing.layout import layout_of
from pipeline.report.render.xlsx import to_xlsx
from pipeline.roi.evaluation import evaluate
from pipeline.roi.model import PricingModel
from tests.benchmarks.pricing_models import drawn_model

_BATCH = 50
_PATIENCE_S = 600
_TOLERANCE = {"idle": 1e-9, "machines": 0.0, "even": 0.0}
"""Of columns; of all others half a cent."""
_HALF_A_CENT = 0.005
_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""
_EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Comma, quotes, UTF-8, numbers with all their digits, a file for each sheet."""
_PAIR = {
    "month": "saving_per_month",
    "year": "saving_per_year",
    "total": "saving_total",
    "net_present_value": "net_present_value",
    "payback": "payback_months",
    "even": "break_even_requests_per_day",
}
_OPTION = {
    "machines": "machines",
    "idle": "idle_share",
    "monthly": "monthly",
    "yearly": "yearly",
    "total": "total",
    "present_value": "present_value",
    "per_mtok": "per_mtok",
}
_YEAR = ("machines", "rent", "depreciation", "energy", "cooling", "staff", "fees", "support", "paid", "cost")


@dataclass(frozen=True)
class Compared:
    """A figure of the workbook beside the exact one."""

    where: str
    found: float | str
    exact: Fraction | int | None
    tolerance: float

    @property
    def difference(self) -> float:
        """Return how far apart they are; infinite where only one of them is a number."""
        number = isinstance(self.found, float)
        if self.exact is None:
            return float("inf") if number or not self.found or str(self.found).startswith("#") else 0.0
        return float(abs(Fraction(self.found) - self.exact)) if number else float("inf")

    @property
    def agrees(self) -> bool:
        """Return whether they are as near as they have to be."""
        return self.difference <= self.tolerance


def soffice() -> str | None:
    """Return LibreOffice's program; None where there is none."""
    return shutil.which("soffice")


def document_of(model: PricingModel) -> ReportDocument:
    """Return a report that has nothing but a model."""
    page = ENGLISH.page
    return ReportDocument(
        labels=labels_of(ENGLISH),
        cover=Cover(title="Costs", client=None, prepared_by=None, facts=(Fact(label=page.date, text="2026-11-29"),)),
        findings=(),
        summary=(),
        key_figures=(),
        recommendation="",
        next_steps=(),
        legend=(),
        sections=(),
        signatures=(),
        pricing=model,
    )


def spoiled(workbook: bytes) -> bytes:
    """Return a workbook whose formulas all come with a wrong result."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as before, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text = re.sub(rb"(<f[^>]*>[^<]*</f>)<v>[^<]*</v>", rb"\1<v>-777.25</v>", text)
                text = re.sub(rb'(<c [^>]*) t="str"(>)', rb"\1\2", text)
            after.writestr(name, text)
    return found.getvalue()


def recalculated(files: Sequence[Path], folder: Path) -> None:
    """Let LibreOffice recalculate files into a folder; both folders are not the same."""
    program = soffice()
    if program is None:
        sys.exit("LibreOffice's `soffice` is not on PATH. Install it (Debian: libreoffice-calc-nogui).")
    with tempfile.TemporaryDirectory() as profile:
        settings = Path(profile) / "user" / "registrymodifications.xcu"
        settings.parent.mkdir()
        settings.write_text(_ALWAYS)
        command = [
            program,
            f"-env:UserInstallation={Path(profile).as_uri()}",
            "--headless",
            "--convert-to",
            _EVERY_SHEET,
        ]
        done = subprocess.run(
            [*command, "--outdir", folder, *files], capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    missing = [path.name for path in files if not list(folder.glob(f"{path.stem}-*.csv"))]
    if missing:
        sys.exit(f"LibreOffice left out {', '.join(missing[:5])}: {done.stdout[-500:]} {done.stderr[-500:]}")


def compared(folder: Path, stem: str, model: PricingModel) -> Iterator[Compared]:
    """Yield every figure of a recalculated workbook beside the exact one."""
    layout, exact = layout_of(model, ENGLISH.pricing_sheets), evaluate(model)
    sheets = {grid.sheet: _sheet(folder / f"{stem}-{grid.sheet}.csv") for grid in (layout.options, layout.years)}
    for name, costs in exact.options.items():
        yield from _row(sheets, layout.options, name, {key: getattr(costs, field) for key, field in _OPTION.items()})
        for year in costs.years:
            yield from _row(sheets, layout.years, (name, year.number), {key: getattr(year, key) for key in _YEAR})
    for pair, costs in exact.pairs.items():
        yield from _row(sheets, layout.pairs, pair, {key: getattr(costs, field) for key, field in _PAIR.items()})


def _sheet(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def _row(
    sheets: dict[str, list[list[str]]], grid: Grid, key: Any, figures: dict[str, Fraction | int | None]
) -> Iterator[Compared]:
    cells = sheets[grid.sheet][grid.row(key)]
    for name, exact in figures.items():
        text = cells[grid.column(name)]
        try:
            found: float | str = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            found = text
        yield Compared(f"{grid.sheet} {key} {name}", found, exact, _TOLERANCE.get(name, _HALF_A_CENT))


def check(seeds: Sequence[int]) -> list[Compared]:
    """Return every figure of the models of some seeds, by LibreOffice and exactly."""
    models = {seed: drawn_model(seed) for seed in seeds}
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before", Path(folder) / "after"
        before.mkdir()
        after.mkdir()
        files = {seed: before / f"{seed}.xlsx" for seed in seeds}
        for seed, path in files.items():
            path.write_bytes(spoiled(to_xlsx(document_of(models[seed]))))
        recalculated(list(files.values()), after)
        return [
            Compared(f"seed {seed}: {one.where}", one.found, one.exact, one.tolerance)
            for seed, path in files.items()
            for one in compared(after, path.stem, models[seed])
        ]


def main() -> int:
    """Check all seeds, print what was found, and judge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", type=int, default=1000)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    asked, began = options.parse_args(), time.monotonic()
    if soffice() is None:
        print("LibreOffice's `soffice` is not on PATH. Install it (Debian: libreoffice-calc-nogui).")
        return 2
    seeds = range(asked.seed, asked.seed + asked.models)
    batches = [seeds[first : first + _BATCH] for first in range(0, len(seeds), _BATCH)]
    found: list[Compared] = []
    with ProcessPoolExecutor(asked.processes) as processes:
        for place, figures in enumerate(processes.map(check, batches), start=1):
            found += figures
            print(
                f"{place} of {len(batches)} batches, {len(found)} figures, {time.monotonic() - began:.0f} s", flush=True
            )
    wrong = [one for one in found if not one.agrees]
    for one in wrong[:20]:
        print(f"{one.where}: {one.found!r}, exactly {None if one.exact is None else float(one.exact)}")
    numbers = [one for one in found if one.exact is not None]
    amounts = max((one.difference for one in numbers if one.agrees), default=0.0)
    print(
        f"{len(seeds)} models, {len(found)} figures, {len(numbers)} of them numbers: {len(wrong)} differ; "
        f"largest difference of those that agree {amounts:.2g}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

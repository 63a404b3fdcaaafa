"""`make check-page`: the HTML report in a real Chromium.

The calculator is moved over hundreds of inputs and every figure compared with `pipeline.roi.evaluation`. The report of
the last `make demo` (or of the record that is given) is then opened as desktop, phone, dark and print, clicked through
and walked through by keyboard; nothing may overflow, say anything in the console or ask for anything, and axe-core,
fetched from npm, may find no serious fault. `--pictures FOLDER` keeps what was seen.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from pathlib import Path

from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.document import ReportDocument
from pipeline.report.inputs import inputs_of
from pipeline.report.render.html import to_html
from pipeline.report.view import report_of
from tests.browser import Page, browser_path, chromium
from tests.page.appearances import (
    SCREENS,
    faults_on_screens,
    faults_without_scripts,
    fetched_axe,
    keyboard_faults,
    print_faults,
)
from tests.page.documents import LABELS, priced_report
from tests.page.inputs import compare, drawn_changes, fields_of
from tests.page.models import drawn_models, packaged_models

RECORD = Path(__file__).parents[2] / "out" / "demo" / "record.json"
COMBINATIONS = 12
DRAWN_MODELS = 16
LARGEST = 1_000_000
"""Bytes of a page."""


def main() -> int:
    """Return 1 where anything is wrong, 4 where something that the check needs is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", nargs="?", type=Path, default=RECORD)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    browser = browser_path()
    if browser is None or shutil.which("npm") is None:
        sys.stderr.write("Chromium and npm have to be on PATH (Debian: chromium-headless-shell, npm).\n")
        return 4
    if not given.record.is_file():
        sys.stderr.write(f"There is no {given.record}. Run `make demo` first, or name the record of a run.\n")
        return 4
    if given.pictures:
        given.pictures.mkdir(parents=True, exist_ok=True)
    faults = asyncio.run(_check(browser, _demo(given.record), given.pictures))
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


def _demo(file: Path) -> ReportDocument:
    record = RunRecord.model_validate_json(file.read_text(encoding="utf-8"))
    report = report_of(inputs_of(Recipe.model_validate(record.recipe), record))
    return (
        report if report.pricing else report.model_copy(update={"pricing": packaged_models()["support-chatbot-sized"]})
    )


async def _check(browser: str, report: ReportDocument, pictures: Path | None) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="awqctl-page-") as name:
        folder = Path(name)
        axe = fetched_axe(folder)
        async with chromium(browser) as running:
            page = await running.page()
            faults = await _figures(page, folder)
            html = to_html(report)
            size = len(html.encode())
            print(f"whole report: {size:,} bytes, {len(report.sections)} chapters")
            faults += [f"the page has {size:,} bytes"] if size > LARGEST else []
            address = _written(folder / "report.html", html)
            walks = (
                faults_on_screens(page, address, axe, pictures),
                keyboard_faults(page, address),
                print_faults(page, address, pictures),
                faults_without_scripts(page, address),
            )
            faults += [fault for walk in walks async for fault in walk]
            print(f"screens: {', '.join(SCREENS)}, each in five states with axe; keyboard; print; without scripts")
        return faults


async def _figures(page: Page, folder: Path) -> list[str]:
    models = packaged_models() | {f"drawn {place}": model for place, model in enumerate(drawn_models(DRAWN_MODELS, 23))}
    combinations, figures, faults = 0, 0, []
    for name, model in models.items():
        dice, fields = random.Random(name), fields_of(model, LABELS)  # noqa: S311 -- a check's dice
        await page.open(_written(folder / "priced.html", to_html(priced_report(model))))
        for changes in ({}, *(drawn_changes(fields, dice) for _ in range(COMBINATIONS))):
            compared, differ = await compare(page, model, LABELS, changes)
            combinations, figures = combinations + 1, figures + compared
            faults += [f"{name}: {one}" for one in differ]
        faults += [f"{name}: {said}" for said in (*page.said, *page.requests)]
    print(f"calculator: {len(models)} models, {combinations} combinations of inputs, {figures:,} figures compared")
    return faults


def _written(file: Path, html: str) -> str:
    file.write_text(html, encoding="utf-8")
    return file.as_uri()


if __name__ == "__main__":
    sys.exit(main())

"""The calculator in a real Chromium; `make check-page` does more of it, over hundreds of inputs."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pipeline.report.render.html import to_html
from tests.browser import Page, browser_path, chromium
from tests.page.documents import LABELS, priced_report
from tests.page.inputs import READ, compare, drawn_changes, fields_of, type_inputs
from tests.page.models import drawn_models, packaged_models

BROWSER = browser_path()
MODEL = next(one for one in drawn_models(50, 7) if one.currency == "EUR" and one.values["load.requests_per_day"])
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is on PATH")


def _visit(file: Path, look: Callable[[Page], Awaitable[None]], html: str | None = None) -> Page:
    file.write_text(html or to_html(priced_report(MODEL)), encoding="utf-8")

    async def visit() -> Page:
        async with chromium(BROWSER or "") as browser:
            page = await browser.page()
            await page.look(1180, 900)
            await page.open(file.as_uri())
            await look(page)
            return page

    return asyncio.run(visit())


def test_the_page_computes_what_python_computes(tmp_path: Path) -> None:
    """Every figure, at the report's inputs and at drawn ones; nothing is said in the console, nothing asked for."""
    dice, fields = random.Random(3), fields_of(MODEL, LABELS)  # noqa: S311 -- a test's dice

    async def look(page: Page) -> None:
        for changes in ({}, *(drawn_changes(fields, dice) for _ in range(12))):
            compared, differ = await compare(page, MODEL, LABELS, changes)
            assert compared > 10
            assert differ == []

    page = _visit(tmp_path / "page.html", look)
    assert page.said == []
    assert page.requests == []


def test_invalid_input_keeps_the_last_figures_and_says_so(tmp_path: Path) -> None:
    """The field is marked, the message stands at it, the status says it; the reset brings the report's figures back."""

    async def look(page: Page) -> None:
        stated = await page.run(READ)
        await type_inputs(page, {"discount_rate": "7"})
        before = await page.run(READ)
        assert before != stated
        for text in ("1,5", "", "7 %", "101", "-1", "1e3"):
            assert await type_inputs(page, {"discount_rate": text}) != []
            assert await page.run(READ) == before
        assert await page.run("document.querySelector('[name=discount_rate]').getAttribute('aria-invalid')") == "true"
        assert await type_inputs(page, {"years": "2.5"}) == [LABELS.not_whole]
        await page.run("document.querySelector('.reset').click()")
        assert await page.run(READ) == stated
        assert await page.run("document.querySelectorAll('[aria-invalid=true]').length") == 0
        assert await page.run("document.activeElement.tagName") == "INPUT"

    _visit(tmp_path / "page.html", look)


def test_changed_figures_are_marked_and_announced(tmp_path: Path) -> None:
    """Labels appear, the report's own figures stay beside, and the status names the inputs that changed."""

    async def look(page: Page) -> None:
        visible = "[...document.querySelectorAll('.tag-yours')].filter((each) => each.checkVisibility()).length"
        assert await page.run(visible) == 0
        await type_inputs(page, {"discount_rate": "7"})
        assert await page.run(visible) == 3
        assert await page.run("document.querySelectorAll('.differs .stated').length") > 0
        await asyncio.sleep(1)
        status = await page.run("document.querySelector('[role=status]').textContent")
        assert LABELS.inputs["discount_rate"] in status
        await page.look(1180, 900, media="print")
        printed = "[...document.querySelectorAll('.yours, .tag-yours, form')].filter((each) => each.checkVisibility())"
        assert await page.run(f"{printed}.length") == 0
        assert await page.run("document.querySelector('.differs .stated').checkVisibility()") is True

    _visit(tmp_path / "page.html", look)


def test_claimed_machines_without_a_load_have_no_curve_and_no_complaint(tmp_path: Path) -> None:
    """Prices can be changed all the same, and nothing says that they cannot be computed."""
    model = packaged_models()["support-chatbot"]

    async def look(page: Page) -> None:
        _, differ = await compare(page, model, LABELS, {"engagement.one_time_usd": "1,000"})
        assert differ == []
        await asyncio.sleep(1)
        assert LABELS.failed not in await page.run("document.querySelector('[role=status]').textContent")
        assert await page.run("document.querySelector('.curve').checkVisibility()") is False

    _visit(tmp_path / "page.html", look, to_html(priced_report(model)))


def test_no_other_script_runs(tmp_path: Path) -> None:
    """A script that somebody put into the file is refused by the page's policy."""
    html = to_html(priced_report(MODEL)).replace("<main", "<script>window.foreign = 1</script><main", 1)

    async def look(page: Page) -> None:
        assert await page.run("typeof window.foreign") == "undefined"

    page = _visit(tmp_path / "page.html", look, html)
    assert any("Content Security Policy" in message for message in page.said)


def test_without_scripts_the_report_s_figures_stand(tmp_path: Path) -> None:
    """The tables are there, the fields are not."""
    html = to_html(priced_report(MODEL)).replace("script-src 'sha256-", "script-src 'sha256-0")

    async def look(page: Page) -> None:
        shown = "[...document.querySelectorAll('.stated')].filter((each) => each.checkVisibility()).length"
        assert await page.run(shown) == await page.run("document.querySelectorAll('.stated').length") > 10
        assert await page.run("document.querySelector('form').checkVisibility()") is False
        assert await page.run("document.querySelector('.curve').checkVisibility()") is False

    _visit(tmp_path / "page.html", look, html)

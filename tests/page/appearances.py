"""A whole report in four appearances: what overflows, what the console says, what axe finds, what is printed."""

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.browser import Page

SCREENS = {"desktop": (1180, False), "phone": (360, False), "dark": (1180, True), "dark phone": (360, True)}
"""Width in pixels, and whether the machine asks for dark colours."""
_HEIGHT = 900
_OVERFLOW = """[...document.querySelectorAll("body *")].filter((each) => !each.closest(".scroll, .unseen, svg, .skip")
  && each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => `${each.tagName}.${each.className} #${each.id}`).slice(0, 5)"""
_CLICK = """(() => {
  const clicked = [...document.querySelectorAll("a, summary, button, label")].filter((each) => each.checkVisibility());
  for (const each of clicked) each.click();
  return clicked.length;
})()"""
_FOCUSABLE = """[...document.querySelectorAll("a[href], summary, button:not(:disabled), input, [tabindex='0']")]
  .filter((each) => each.checkVisibility()).map((each, place) => (each.dataset.stop = place))"""
_FOCUSED = """(() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  return [document.activeElement.dataset.stop ?? null, outlineStyle !== "none" && outlineWidth !== "0px"
    && box.bottom > 0 && box.top < innerHeight]; })()"""
_AXE = """axe.run(document).then(({ violations, passes }) => [passes.length, violations.map(
  ({ id, impact, nodes }) => [impact, id, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary])])"""
_LEAST_RULES = 20
"""That axe has to have found kept, or it looked at nothing."""


def fetched_axe(folder: Path) -> str:
    """Return axe-core's script, fetched from npm."""
    line = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), "axe-core@4"]
    subprocess.run(line, check=True, timeout=180)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


async def faults_on_screens(page: Page, address: str, axe: str, pictures: Path | None) -> AsyncIterator[str]:
    """Yield what is wrong on any screen: as the page comes, all of it open, inputs changed and inputs invalid."""
    for name, (width, dark) in SCREENS.items():
        await page.look(width, _HEIGHT, dark=dark)
        await page.open(address)
        for state, script in (
            ("as it comes", ""),
            ("clicked", _CLICK),
            ("open", "for (const each of document.querySelectorAll('details')) each.open = true"),
            ("changed", _typed("load.requests_per_day", "123,456")),
            ("invalid", _typed("discount_rate", "much")),
        ):
            if script:
                await page.run(script)
            await asyncio.sleep(0.6)
            for fault in await page.run(_OVERFLOW):
                yield f"{name}, {state}: wider than the screen: {fault}"
            if await page.run("document.documentElement.scrollWidth > innerWidth"):
                yield f"{name}, {state}: scrolls sideways"
            async for fault in _axe(page, axe):
                yield f"{name}, {state}: {fault}"
            if pictures:
                await _picture(page, pictures / f"{name}, {state}.png")
        for said in (*page.said, *page.requests):
            yield f"{name}: {said}"


async def keyboard_faults(page: Page, address: str) -> AsyncIterator[str]:
    """Yield what is wrong on the way with the tabulator key: order, visibility of the focus, traps."""
    await page.look(1180, _HEIGHT)
    await page.open(address)
    stops = await page.run(_FOCUSABLE)
    for stop in stops:
        for kind in ("rawKeyDown", "keyUp"):
            await page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        focused, visible = await page.run(_FOCUSED)
        if focused != str(stop):
            yield f"keyboard: stop {stop} is {focused}"
            return
        if not visible:
            yield f"keyboard: the focus at stop {stop} is not seen"


async def print_faults(page: Page, address: str, pictures: Path | None) -> AsyncIterator[str]:
    """Yield what is wrong on paper: a reader's own figures on it, or a page without its number."""
    await page.look(1180, _HEIGHT, media="")
    await page.open(address)
    stated = await page.run("[...document.querySelectorAll('.stated')].map((each) => each.textContent)")
    await page.run(_typed("load.requests_per_day", "123,456"))
    printed = await page.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
    text = _text_of(base64.b64decode(printed["data"]), pictures)
    if text is None:
        yield "print: pdftotext (poppler-utils) is not on PATH"
        return
    pages = text.split("\f")[:-1]
    for number, each in enumerate(pages[1:], 2):
        if f"{number} / {len(pages)}" not in each:
            yield f"print: page {number} of {len(pages)} has no number"
    if missing := [figure for figure in stated if figure not in text]:
        yield f"print: figures of the report are missing: {missing[:5]}"
    if "123,456" in text:
        yield "print: a reader's own input is on paper"


def _text_of(pdf: bytes, pictures: Path | None) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        file = (pictures or Path(folder)) / "print.pdf"
        file.write_bytes(pdf)
        if shutil.which("pdftotext") is None:
            return None
        return subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout


async def faults_without_scripts(page: Page, address: str) -> AsyncIterator[str]:
    """Yield what is wrong where scripts are off: fields that do nothing, figures that are not there."""
    await page.call("Emulation.setScriptExecutionDisabled", value=True)
    await page.open(address)
    await page.call("Emulation.setScriptExecutionDisabled", value=False)
    shown = "[...document.querySelectorAll('%s')].filter((each) => each.checkVisibility()).length"
    if await page.run(shown % "form, .curve, .tag-yours"):
        yield "without scripts: there are fields"
    if not await page.run(shown % ".stated") or await page.run(shown % ".yours"):
        yield "without scripts: the report's figures are not there"


def _typed(name: str, text: str) -> str:
    return f"""((input) => {{
      if (!input) return;
      input.value = {json.dumps(text)};
      input.dispatchEvent(new Event("input", {{ bubbles: true }}));
    }})(document.querySelector('[name="{name}"]'))"""


async def _axe(page: Page, axe: str) -> AsyncIterator[str]:
    if not axe:
        return
    await page.run(f"void (window.axe || (() => {{ {axe} }})())")
    kept, broken = await page.run(_AXE)
    if kept < _LEAST_RULES:
        yield f"axe found only {kept} rules kept"
    for impact, *fault in broken:
        if impact in ("serious", "critical"):
            yield f"axe, {impact}: {fault}"


async def _picture(page: Page, file: Path) -> None:
    height = min(16000, await page.run("document.documentElement.scrollHeight"))
    clip: dict[str, Any] = {"x": 0, "y": 0, "width": await page.run("innerWidth"), "height": height, "scale": 1}
    drawn = await page.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    file.write_bytes(base64.b64decode(drawn["data"]))  # noqa: ASYNC240 -- nothing else waits

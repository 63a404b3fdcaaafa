"""A headless Chromium, driven over its DevTools protocol, and all that a page says, asks for or does wrong in it."""

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_DEADLINE_S = 60
_ADDRESS = re.compile(r"DevTools listening on (ws://\S+)")


def browser_path() -> str | None:
    """Return a Chromium of this machine; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class BrowserError(Exception):
    """What the browser refused, or what a script in it threw."""


@dataclass
class Page:
    """One tab."""

    browser: "Browser"
    session: str
    said: list[str] = field(default_factory=list)
    """Messages of the console, warnings and errors, whoever wrote them."""
    requests: list[str] = field(default_factory=list)
    """Addresses that were asked for, but for the page's own file and data in it."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what a command of the protocol answers."""
        return await self.browser.call(method, session=self.session, **parameters)

    async def open(self, address: str) -> None:
        """Load an address and wait until all of it is there."""
        self.said.clear()
        self.requests.clear()
        loaded = self.browser.wait_for(self.session, "Page.loadEventFired")
        await self.call("Page.navigate", url=address)
        await asyncio.wait_for(loaded, _DEADLINE_S)

    async def run(self, script: str) -> Any:
        """Return what an expression comes to, promises awaited.

        Raises:
            BrowserError: it threw.
        """
        answer = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    async def look(self, width: int, height: int, *, dark: bool = False, media: str = "screen", scale: int = 1) -> None:
        """Take the size of a screen, its colours and its kind; without a kind, printing is printing."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        given = [{"name": name, "value": value} for name, value in features.items()]
        await self.call("Emulation.setEmulatedMedia", media=media, features=given)


class Browser:
    """A running Chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._waiting: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._pages: dict[str, Page] = {}

    async def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Return what a command of the protocol answers.

        Raises:
            BrowserError: it was refused.
        """
        number = next(self._numbers)
        answered = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        answer = await asyncio.wait_for(answered, _DEADLINE_S)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        return answer.get("result", {})

    def wait_for(self, session: str, event: str) -> asyncio.Future[None]:
        """Return what is done when an event comes."""
        return self._waiting.setdefault((session, event), asyncio.get_running_loop().create_future())

    async def page(self) -> Page:
        """Return a new tab that is listened to."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = self._pages[attached["sessionId"]] = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            await page.call(f"{domain}.enable")
        return page

    async def listen(self) -> None:
        """Hand out answers and events until the browser is gone."""
        async for frame in self._socket:
            message = json.loads(frame.data)
            waiting = self._answers.pop(message.get("id", 0), None)
            if waiting and not waiting.done():
                waiting.set_result(message)
            elif "method" in message:
                self._heard(message.get("sessionId", ""), message["method"], message.get("params", {}))

    def _heard(self, session: str, event: str, given: dict[str, Any]) -> None:
        if done := self._waiting.pop((session, event), None):
            done.set_result(None)
        page = self._pages.get(session)
        if page is None:
            return
        if event == "Network.requestWillBeSent":
            address = given["request"]["url"]
            if not address.startswith("data:") and address != given["documentURL"]:
                page.requests.append(address)
        elif event in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded"):
            page.said.append(f"{event}: {json.dumps(given)[:600]}")


@asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Browser]:
    """Start a Chromium with a profile of its own, and end it with all its processes."""
    with tempfile.TemporaryDirectory(prefix="awqctl-browser-", ignore_cleanup_errors=True) as folder:
        line = ["--headless", "--no-sandbox", "--hide-scrollbars", "--remote-debugging-port=0", "--disable-gpu"]
        process = await asyncio.create_subprocess_exec(
            path, *line, f"--user-data-dir={folder}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            address = await asyncio.wait_for(_address(process), _DEADLINE_S)
            async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
                browser = Browser(socket)
                listening = asyncio.create_task(browser.listen())
                try:
                    yield browser
                finally:
                    listening.cancel()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    said = ""
    while process.stderr and (line := (await process.stderr.readline()).decode(errors="replace")):
        said += line
        if found := _ADDRESS.search(line):
            return found.group(1)
    raise BrowserError(f"Chromium did not start: {said[-2000:]}")

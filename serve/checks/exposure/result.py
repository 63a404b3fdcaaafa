"""What the self-audit found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.base.results import Result

Verdict = Literal["pass", "fail", "not checked"]


class Item(Result):
    """One thing that was tried."""

    area: str
    name: str
    verdict: Verdict
    detail: str


class SelfAudit(Result):
    """All of them, for one endpoint at one time."""

    endpoint: str
    base_url: str
    at: str
    engine_version: str | None
    """Whose routes were tried; None where the application could not be read."""
    items: tuple[Item, ...]

    @property
    def passed(self) -> bool:
        """Return whether nothing failed; what was not checked is no failure, and said."""
        return all(item.verdict != "fail" for item in self.items)


@dataclass(frozen=True)
class Target:
    """The endpoint as its own machine knows it."""

    base_url: str
    """Of OpenAI's routes, ending in `/v1`."""
    host: str
    """That it was told to listen on."""
    port: int
    ca_certificate: Path | None
    """None over plain HTTP."""
    key: str
    """That the door lets in."""
    model: str
    pid: int
    """Of the supervisor: the processes looked at are its own and those below it."""
    max_body_bytes: int
    also_listening: tuple[int, ...] = ()
    """Ports of loopback that it was told to open beside, such as the page for Prometheus."""
    probes_at_door: bool = False


def item(area: str, name: str, wrong: str | None, detail: str) -> Item:
    """Return an item that fails with what is wrong, or passes with the detail."""
    return Item(area=area, name=name, verdict="fail" if wrong else "pass", detail=wrong or detail)

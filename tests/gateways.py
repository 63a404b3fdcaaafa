"""A gateway as tests want it: on loopback, with one model behind it and all of its engines admitted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from pipeline.runtimes.scratch import ScratchFolder
from serve.audit.lines import DoorLine
from serve.gateway.backends import Backend, Place
from serve.gateway.gateway import Gateway
from serve.gateway.keys import digest
from serve.gateway.rules import KeyRule
from serve.gateway.settings import DoorSettings
from tests.fakes.upstream import Behaviour, FakeUpstream

KEY = "awq-test-key"
BEARER = {"Authorization": f"Bearer {KEY}"}
BACKEND = "model-1"
MODEL = "fake"
FIRST, SECOND = Place(BACKEND, 1), Place(BACKEND, 2)


def bearer(key: str) -> dict[str, str]:
    """Return the header that brings a key."""
    return {"Authorization": f"Bearer {key}"}


class OpenGateway(Gateway):
    """A gateway that gives its engines requests from the start."""

    def __enter__(self) -> Self:
        super().__enter__()
        for backend in self.backends:
            for number in range(1, len(backend.sockets) // 2 + 1):
                self.admit(Place(backend.name, number))
        return self


def backend_of(sockets: Sequence[Path], name: str = BACKEND, model: str = MODEL) -> Backend:
    """Return a backend with these engines, and as many places again that nobody has taken."""
    spare = tuple(path.with_name(f"{path.stem}-spare.sock") for path in sockets)
    return Backend(name=name, models=(model,), sockets=(*sockets, *spare))


def rule_of(key: str = KEY, identifier: str = "key00001", **limits: Any) -> KeyRule:
    """Return the rule of a key that may everything unless limits say otherwise."""
    return KeyRule(digest=digest(key), id=identifier, name=identifier, **limits)


def open_gateway(folder: Path, log: Path, *, sockets: Sequence[Path] = (), **settings: Any) -> OpenGateway:
    """Return a gateway that is not started, in front of `folder/engine.sock` or of the sockets given.

    Args:
        folder: for its files.
        log: of HAProxy.
        sockets: of the engines.
        settings: of `Gateway`, in place of plain HTTP on a free port of loopback with one key, and no care about wrong
            ones.
    """
    usual: dict[str, Any] = {
        "backends": (backend_of(sockets or (folder / "engine.sock",)),),
        "host": "127.0.0.1",
        "port": 0,
        "bundle": None,
        "keys": (rule_of(),),
        "settings": DoorSettings(failed_keys=10_000),
    }
    return OpenGateway(folder=folder, log=log, **{**usual, **settings})


def door_lines(path: Path) -> list[DoorLine]:
    """Return the door's line for each request so far; HAProxy's own words, at a reload, are left out."""
    texts = path.read_text(encoding="utf-8").splitlines()
    return [DoorLine.model_validate_json(text) for text in texts if text.startswith("{")]


@dataclass(frozen=True)
class Pair:
    """Two engines behind one door."""

    gateway: Gateway
    client: httpx.Client
    engines: tuple[FakeUpstream, FakeUpstream]
    folder: Path

    def served(self, times: int) -> tuple[int, int]:
        """Ask so many times; return how many each engine answered."""
        before = [len(engine.behaviour.seen) for engine in self.engines]
        assert ask(self.client, times) == [200] * times
        first, second = (len(engine.behaviour.seen) - count for engine, count in zip(self.engines, before, strict=True))
        return first, second


@contextmanager
def open_pair(log: Path, **settings: Any) -> Iterator[Pair]:
    """Start two engines and the door before them."""
    with ScratchFolder() as folder:
        sockets = folder / "1.sock", folder / "2.sock"
        with (
            FakeUpstream(sockets[0], Behaviour()) as first,
            FakeUpstream(sockets[1], Behaviour()) as second,
            open_gateway(folder, log, sockets=sockets, **settings) as gateway,
            httpx.Client(base_url=gateway.base_url, trust_env=False) as client,
        ):
            yield Pair(gateway, client, (first, second), folder)


def ask(client: httpx.Client, times: int) -> list[int]:
    """Return the statuses of so many requests with the key, one after the other."""
    body = {"model": MODEL, "prompt": "x"}
    return [client.post("/v1/completions", headers=BEARER, json=body).status_code for _ in range(times)]

"""Steady traffic: so many requests a second whatever the endpoint does, and what became of them around each mark."""

import asyncio
import itertools
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.chaos.client import Answer, Client, Request, Target, Verdict


@dataclass(frozen=True)
class Load:
    """What is asked for."""

    rate_per_s: float
    tokens: int = 16
    stream: bool = False
    chat: bool = True
    checked: bool = True
    timeout_s: float = 60.0
    keep_alive: bool = True


@dataclass
class Traffic:
    """One load on one target; `run` it beside what goes wrong."""

    target: Target
    load: Load
    answers: list[Answer] = field(default_factory=list)
    late_s: float = 0.0
    """By which the driver itself sent its latest request too late: above some tenths the rate was not reached."""
    stopped: bool = False
    """Set to end it before its time."""
    prompt: str | None = None
    """Of every request; None: each has its own."""

    async def run(self, seconds: float) -> "Traffic":
        """Send for so long, and wait for all answers."""
        client = Client(self.target, timeout_s=self.load.timeout_s, keep_alive=self.load.keep_alive)
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                if self.stopped or number >= seconds * self.load.rate_per_s:
                    break
                due = start + number / self.load.rate_per_s
                if (ahead := due - time.monotonic()) > 0:
                    await asyncio.sleep(ahead)
                self.late_s = max(self.late_s, -ahead)
                group.create_task(self.send(client, number))
        await client.close()
        return self

    async def send_in_order(self, count: int) -> None:
        """Send so many, each after the answer to the one before."""
        client = Client(self.target, timeout_s=self.load.timeout_s, keep_alive=self.load.keep_alive)
        for number in range(count):
            await self.send(client, number)
        await client.close()

    async def send(self, client: Client, number: int) -> None:
        """Send one request and keep what becomes of it."""
        load = self.load
        prompt = self.prompt or f"request {number} {secrets.token_hex(8)}"
        answer = await client.ask(Request(prompt, load.tokens, load.stream, chat=load.chat, checked=load.checked))
        self.answers.append(answer)

    def during(self, start: float, end: float = math.inf) -> list[Answer]:
        """Return the answers to requests that were sent in that time."""
        return [answer for answer in self.answers if start <= answer.began < end]


@contextmanager
def running(traffic: Traffic, seconds: float) -> Iterator[Traffic]:
    """Run the traffic beside the block, and wait for its last answer."""
    thread = threading.Thread(target=lambda: asyncio.run(traffic.run(seconds)), daemon=True)
    thread.start()
    yield traffic
    thread.join()


async def closed_loop(target: Target, load: Load, *, concurrency: int, seconds: float) -> Traffic:
    """Keep so many requests under way for so long; the load's rate says nothing."""
    traffic, client = Traffic(target, load), Client(target, timeout_s=load.timeout_s)
    end = time.monotonic() + seconds

    async def one_after_the_other(number: int) -> None:
        while time.monotonic() < end:
            await traffic.send(client, number)

    async with asyncio.TaskGroup() as group:
        for number in range(concurrency):
            group.create_task(one_after_the_other(number))
    await client.close()
    return traffic


def verdicts(answers: Iterable[Answer]) -> Counter[Verdict]:
    """Return how many there are of each."""
    return Counter(answer.verdict for answer in answers)


def failed(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers that are neither right nor refused."""
    return [answer for answer in answers if answer.verdict not in ("ok", "refused")]


def quantile_ms(answers: Sequence[Answer], share: float) -> float:
    """Return below which so large a share of the whole answers' times is; not a number without any."""
    times = sorted(answer.total_ms for answer in answers if answer.verdict == "ok")
    return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] if times else math.nan


def said(answers: Sequence[Answer]) -> str:
    """Return the verdicts in words, and an example of each that is not right."""
    counts = verdicts(answers)
    text = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) or "nothing"
    examples = {answer.verdict: f"{answer.status} {answer.detail}" for answer in answers if answer.verdict != "ok"}
    return text + "".join(f"; {verdict}: {example[:120]}" for verdict, example in examples.items())

"""A thousand requests a second through the real HAProxy, the audit's writer stopped in the middle: lines = requests?

`python -m tests.benchmarks.audit_load [--rate N] [--seconds N] [--stall N] [--threads N] [--out FILE]`. One process
offers the load at a steady rate and plays the engine, which answers at once and writes its usage as the middleware
does; a tenth of the requests has no valid key. Ends with 3 where a line is missing, doubled or of other tokens, or the
rate was not reached.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from pipeline.base.progress import SilentReporter
from pipeline.recipe.serve import AuditSettings
from pipeline.runtimes.scratch import ScratchFolder
from serve.audit.chain import audit_files
from serve.audit.recorder import AuditRecorder
from serve.audit.usage import usage_report
from serve.audit.verify import verify_folder
from serve.endpoint import EndpointFolder
from tests.gateways import BACKEND, KEY, open_gateway

CONNECTIONS = 64
TOKENS = (7, 3)
_PLACE = f"{BACKEND}/place-1"
_BODY = b'{"model":"fake","prompt":"a"}'
_ANSWER = b'{"choices":[]}'
_STRANGERS = 10
"""One of so many has no valid key."""
_REACHED = 0.98
_TAKEN_S = 30.0


@dataclass
class AuditLoad:
    """What was offered, and what the audit has of it."""

    requests: int = 0
    rate: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    lines: int = 0
    doubled: int = 0
    with_tokens: int = 0
    stalled_s: float = 0.0
    behind_bytes_at_most: int = 0
    taken_after_s: float = 0.0
    """From the last answer until the audit had every line."""
    writer_cpu_share: float = 0.0
    """Of one processor, from its start on."""
    dropped: int = 0
    lost: int = 0
    whole: bool = False

    def kept_all(self) -> bool:
        """Return whether every request has its line, once, with its tokens."""
        exact = (self.lines, self.with_tokens) == (self.requests, self.statuses.get(200, 0))
        return exact and self.whole and not (self.doubled or self.dropped or self.lost)


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head, await reader.readexactly(length)


async def _engine(socket: Path, usage: Path) -> asyncio.Server:
    """Answer at once, and write the line before the answer goes out."""
    descriptor = os.open(usage, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_ANSWER) + _ANSWER

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"POST"):
                    await reader.readexactly(len(_BODY))
                    headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
                    counted = {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1], "exact": True}
                    whose = {"id": headers[b"x-request-id"].decode(), "key": headers[b"x-awqctl-key"].decode()}
                    line = {**whose, **counted, "first_token_ms": None, "total_ms": 0.1}
                    os.write(descriptor, json.dumps(line).encode() + b"\n")
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()

    return await asyncio.start_unix_server(serve, str(socket), backlog=2048)


async def _offer(port: int, rate: float, seconds: float) -> Counter[int]:
    """Send requests at a steady rate over connections that stay; return the statuses."""
    statuses: Counter[int] = Counter()
    due = iter(range(int(rate * seconds)))
    started = time.perf_counter()

    async def client() -> None:
        streams = None
        for number in due:
            await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            key = "awq-nobody" if number % _STRANGERS == 0 else KEY
            if streams is None:
                streams = await asyncio.open_connection("127.0.0.1", port)
            reader, writer = streams
            head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            writer.write(f"{head}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY)
            answer, _ = await _read(reader)
            statuses[int(answer.split(b" ", 2)[1])] += 1
            if b"connection: close" in answer.lower():
                writer.close()
                streams = None

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return statuses


async def _stall(recorder: AuditRecorder, after_s: float, for_s: float, found: AuditLoad) -> None:
    await asyncio.sleep(after_s)
    pid = recorder.writer_pid
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(for_s)
    os.kill(pid, signal.SIGCONT)
    found.stalled_s = for_s
    found.behind_bytes_at_most = sum(path.stat().st_size for path in recorder.spool.glob("*.jsonl"))


async def _run(recorder: AuditRecorder, port: int, engine: tuple[Path, Path], load: argparse.Namespace) -> AuditLoad:
    found = AuditLoad()
    async with await _engine(*engine):
        await asyncio.sleep(2)  # HAProxy's check finds the engine
        started = time.perf_counter()
        stall = _stall(recorder, load.seconds / 4, load.stall, found)
        statuses, _ = await asyncio.gather(_offer(port, load.rate, load.seconds), stall)
        found.statuses, found.requests = dict(statuses), statuses.total()
        found.rate = found.requests / (time.perf_counter() - started)
    return found


def _wait(recorder: AuditRecorder, found: AuditLoad) -> None:
    """Wait until every line is in the audit, at most half a minute."""
    started = time.perf_counter()
    while recorder.status().lines < found.requests and time.perf_counter() < started + _TAKEN_S:
        time.sleep(0.05)
    found.taken_after_s = time.perf_counter() - started
    writer = psutil.Process(recorder.writer_pid)
    spent = writer.cpu_times()
    found.writer_cpu_share = (spent.user + spent.system) / (time.time() - writer.create_time())


def measure(rate: float = 1000, seconds: float = 20, stall: float = 10, threads: int = 1) -> AuditLoad:
    """Offer the load and return what the audit has of it.

    Args:
        rate: requests a second.
        seconds: of load.
        stall: for how long the writer is stopped in the middle of it.
        threads: of HAProxy.
    """
    load = argparse.Namespace(rate=rate, seconds=seconds, stall=stall)
    with tempfile.TemporaryDirectory() as base, ScratchFolder() as scratch:
        folder = EndpointFolder(Path(base) / "load")
        log = Path(base) / "logs"
        with AuditRecorder(folder, AuditSettings(), log=log / "audit.log", reporter=SilentReporter()) as recorder:
            recorder.name_keys({"key00001": "load"})
            engine = scratch / "engine.sock", recorder.usage_file(_PLACE)
            with open_gateway(scratch, log / "haproxy.log", lines=recorder.door_file(), threads=threads) as gateway:
                found = asyncio.run(_run(recorder, gateway.port, engine, load))
                _wait(recorder, found)
                found.dropped = gateway.figures().dropped_logs
        found.lost = recorder.status().lost
        _compare(folder, found)
    return found


def _compare(folder: EndpointFolder, found: AuditLoad) -> None:
    ids: Counter[str] = Counter()
    for path in audit_files(folder.audit):
        for line in map(json.loads, path.open(encoding="utf-8")):
            ids[line["id"]] += line["kind"] == "request"
            asked: tuple[Any, Any] = line.get("prompt_tokens"), line.get("completion_tokens")
            found.with_tokens += asked == TOKENS
    found.lines, found.doubled = ids.total(), sum(count > 1 for count in ids.values())
    found.whole = verify_folder(folder.audit).whole
    rows = usage_report(folder.audit, by=("key",)).rows
    found.whole = found.whole and [row.prompt_tokens for row in rows] == [found.with_tokens * TOKENS[0]]


def main(arguments: list[str]) -> int:
    """Measure; print and write what was found; return 3 where a line is missing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--stall", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    found = measure(given.rate, given.seconds, given.stall, given.threads)
    text = json.dumps({**asdict(found), "load_average": os.getloadavg()[0]}, indent=2)
    sys.stdout.write(f"{text}\n")
    if given.out:
        given.out.write_text(f"{text}\n", encoding="utf-8")
    return 0 if found.kept_all() and found.rate >= given.rate * _REACHED else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

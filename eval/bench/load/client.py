"""`LoadClient`: offers a load with `vllm-rs bench serve`, one process per run, and reads what it wrote."""

import hashlib
import json
import os
import re
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eval.bench.load.build_up import EVEN
from eval.bench.load.details import (
    answers_of,
    arrival_rate,
    begun_in,
    errors_of,
    latencies,
    peak_concurrency,
    steady_state,
    times_of,
    too_early,
)
from eval.bench.load.prompts import Prompt, write_prompts
from eval.bench.load.relay import relayed
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import Target
from pipeline.base.errors import WorkerError
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.rootcause import root_cause
from pipeline.runtimes.store import Runtime

_TOKENIZER = "cl100k_base"
"""One inside the client, which does not start without. It only counts prompts, and ours are counted already where the
model's own tokenizer is known."""
_IN_ORDER_PER_S = 500.0
"""Rate at which requests are released that have to be sent one after the other: of those that are released together
the client starts any first."""
_CAUSES = "Caused by these errors"
_LOCAL = ("127.0.0.1", "localhost", "::1")
"""Hosts that no proxy leads to."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy")


class LoadTimeoutError(WorkerError):
    """The load did not end in its time."""


@dataclass(frozen=True)
class LoadClient:
    """The client as it is installed."""

    runtime: Runtime

    @property
    def version(self) -> str:
        """Return its version."""
        return f"vllm-rs {self.runtime.version}"

    def offer(
        self, spec: LoadSpec, target: Target, prompts: Sequence[Prompt], folder: Path, name: str, *, limit_s: float
    ) -> LoadResult:
        """Offer a load of so many prompts; the client's own file stays as `folder/name.json`.

        Raises:
            LoadTimeoutError: it was not over after `limit_s`.
            WorkerError: the client failed.
        """
        log = folder / f"{name}.log"
        log.unlink(missing_ok=True)
        run = self.run(spec, target, prompts, folder / f"{name}.json", log, limit_s=limit_s)
        return result_of(run, self.version)

    def run(
        self, spec: LoadSpec, target: Target, prompts: Sequence[Prompt], output: Path, log: Path, *, limit_s: float
    ) -> "ClientRun":
        """Offer a load of so many prompts; the client's own file is `output`.

        Raises:
            LoadTimeoutError: it was not over after `limit_s`.
            WorkerError: the client failed.
        """
        output.parent.mkdir(parents=True, exist_ok=True)
        spec, asked = spec.with_requests(len(prompts)), output.with_suffix(".prompts.jsonl")
        write_prompts(asked, prompts)
        before = _children_cpu_s()
        try:
            with relayed(target, output.parent, connections=spec.concurrency or len(prompts)) as reached:
                in_order = any(prompt.after is not None for prompt in prompts)
                arguments = _arguments(spec, reached, asked, output, in_order=in_order)
                self._run(arguments, reached, log, limit_s)
        finally:
            asked.unlink()
        cpu_s = _children_cpu_s() - before
        lengths = tuple(prompt.output_tokens for prompt in prompts)
        counts = [prompt.tokens for prompt in prompts if prompt.tokens is not None]
        known = sum(counts) if len(counts) == len(prompts) else None
        asked_for = Asked(
            spec,
            lengths,
            known,
            target.chat,
            after=tuple(prompt.after for prompt in prompts),
            history_tokens=sum(prompt.history_tokens for prompt in prompts),
        )
        return ClientRun(asked_for, output.read_bytes(), cpu_s)

    def _run(self, arguments: list[str], target: Target, log: Path, limit_s: float) -> None:
        far = urlsplit(target.base_url).hostname not in _LOCAL
        environment = engine_environment({name: os.environ[name] for name in _PROXIES if far and name in os.environ})
        # The client would read it from the command line of nothing else, and its own is for everybody to see.
        environment |= {"OPENAI_API_KEY": target.api_key} if target.api_key else {}
        environment |= {"SSL_CERT_FILE": str(target.ca_certificate.absolute())} if target.ca_certificate else {}
        command = [str(self.runtime.python), "bench", "serve", *arguments]
        with GuardedProcess(command, log=log, environment=environment, grace_s=1.0) as process:
            try:
                status = process.process.wait(limit_s)
            except subprocess.TimeoutExpired:
                raise LoadTimeoutError(
                    f"The load was not over after {limit_s:.0f} s. Look at the server, or offer less.", log=log
                ) from None
        if status != 0:
            cause = cause_of(log.read_text(encoding="utf-8", errors="replace"))
            raise WorkerError(f"The load client ended with status {status}: {cause}", log=log)


def cause_of(log: str) -> str:
    """Return why the client ended: the last of the causes that it lists, which is the first one in time."""
    _, listed, causes = log.partition(_CAUSES)
    deepest = re.findall(r"^\s+\d+: (\S.*)$", causes, re.MULTILINE) if listed else []
    return f"{deepest[-1].rstrip('.')}." if deepest else root_cause(log)


def timed(spec: LoadSpec, rate_per_s: float) -> LoadSpec:
    """Return a timed load as the number of requests: that come in its time, or that the rate just measured serves."""
    if spec.arrivals:
        return spec.with_requests(spec.arrivals.requests_in(spec.duration_s or 0))
    least = spec.concurrency or 1
    return spec.with_requests(max(round(rate_per_s * (spec.duration_s or 0)), least))


@dataclass(frozen=True)
class Asked:
    """What a run of the client was asked for."""

    spec: LoadSpec
    """With the number of requests."""
    lengths: tuple[int, ...]
    """Tokens of each answer, in the order of the requests."""
    prompt_tokens: int | None = None
    """Of all prompts; None where the model's tokenizer is not known."""
    chat: bool = False
    after: tuple[int | None, ...] = ()
    """Of each request, the one that has to be answered before."""
    history_tokens: int = 0
    """Of all prompts, what their conversations sent before."""


@dataclass(frozen=True)
class ClientRun:
    """What a run of the client left."""

    asked: Asked
    file: bytes
    """The client's own."""
    cpu_s: float
    """Processor time of the client."""

    @cached_property
    def raw(self) -> dict[str, Any]:
        """Return what stands in the file, which is large, and read once."""
        found: dict[str, Any] = json.loads(self.file)
        return found


def result_of(run: ClientRun, version: str) -> LoadResult:
    """Return the result of a load from the client's own file.

    Args:
        run: of the client.
        version: the client's.
    """
    asked, raw = run.asked, run.raw
    answers, spec = answers_of(raw, chat=asked.chat), asked.spec
    got = [
        (tokens, length)
        for tokens, length, error in zip(raw["output_lens"], asked.lengths, raw["errors"], strict=True)
        if not error
    ]
    duration = max((answer.end for answer in answers), default=float(raw["duration"]))
    tokens = sum(answer.tokens for answer in answers)
    steady = steady_state(answers, spec.concurrency) if spec.concurrency and not spec.arrivals else None
    begun = begun_in(answers, steady) if steady and spec.build_up else ()
    whole = tokens / duration if duration else 0.0
    count = len(answers)
    return LoadResult(
        spec=spec,
        client=version,
        sent=len(raw["errors"]),
        answered=count,
        failed=len(raw["errors"]) - count,
        errors=errors_of(raw),
        duration_s=duration,
        input_tokens=int(raw["total_input_tokens"]) if asked.prompt_tokens is None else asked.prompt_tokens,
        output_tokens=tokens,
        answers_too_short=sum(tokens < length for tokens, length in got),
        answers_too_long=sum(tokens > length for tokens, length in got),
        turns=sum(before is not None for before in asked.after),
        turns_too_early=too_early(raw, asked.after),
        history_tokens=asked.history_tokens,
        pieces_beyond_tokens=sum(answer.pieces > answer.tokens + 1 + asked.chat for answer in answers),
        output_tokens_per_s=steady.output_tokens_per_s if steady else whole,
        throughput_over="steady state" if steady else "whole run",
        whole_run_output_tokens_per_s=whole,
        requests_per_s=count / duration if duration else 0.0,
        steady_state=steady,
        arrival_rate_per_s=arrival_rate(raw),
        peak_concurrency=peak_concurrency(answers),
        client_cpu_s=run.cpu_s,
        raw_sha256=hashlib.sha256(run.file).hexdigest(),
        latencies_over="steady state" if begun else "whole run",
        **latencies([times_of(begun or answers)]),
    )


def _arguments(spec: LoadSpec, target: Target, asked: Path, output: Path, *, in_order: bool) -> list[str]:
    values: dict[str, Any] = {
        "--backend": "openai-chat" if target.chat else "openai",
        "--base-url": target.base_url,
        "--endpoint": target.route,
        "--model": target.model,
        "--tokenizer": _TOKENIZER,
        "--dataset-name": "custom",
        "--dataset-path": asked,
        "--custom-output-len": -1,
        "--num-prompts": spec.requests,
        "--temperature": 0,
        "--seed": spec.seed,
        "--ready-check-timeout-sec": 0,
        "--result-dir": output.parent,
        "--result-filename": output.name,
    }
    if spec.concurrency:
        values["--max-concurrency"] = spec.concurrency
    if spec.arrivals:
        values |= _rates(spec.arrivals.ramp_from_per_s, spec.arrivals.rate_per_s, spec.arrivals.burstiness)
    elif spec.build_up:
        values |= _rates(spec.build_up.first_per_s, spec.build_up.last_per_s, EVEN)
    elif in_order:
        values |= _rates(None, _IN_ORDER_PER_S, EVEN)
    flags = ["--save-result", "--save-detailed", "--disable-tqdm", "--disable-shuffle", "--skip-chat-template"]
    flags += ["--ignore-eos"] if spec.ignore_eos else []
    flags += ["--insecure"] if target.insecure else []
    flags += [f"--header={name}={value}" for name, value in target.headers.items()]
    return [*(str(part) for pair in values.items() for part in pair), *flags, "--no-steady-state"]


def _rates(first_per_s: float | None, last_per_s: float, burstiness: float) -> dict[str, Any]:
    values: dict[str, Any] = {"--request-rate": last_per_s, "--burstiness": burstiness}
    if first_per_s:
        values |= {
            "--ramp-up-strategy": "linear",
            "--ramp-up-start-rps": first_per_s,
            "--ramp-up-end-rps": last_per_s,
        }
    return values


def _children_cpu_s() -> float:
    """Return the processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

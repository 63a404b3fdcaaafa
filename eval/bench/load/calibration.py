"""What the load client measures rightly on this machine: held against the null server, once per machine and version."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from eval.bench.load.ceiling import OUTPUT_TOKENS, TOLERANCE, Calibration, Level, Step
from eval.bench.load.client import LoadClient
from eval.bench.load.null_server import Times
from eval.bench.load.prompts import MadePrompts
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import Target
from eval.bench.load.watch import Watch
from eval.bench.load.words import COMMON
from pipeline.base.errors import EngineError
from pipeline.base.files import write_atomically
from pipeline.base.progress import Reporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from pipeline.hardware.machine import Machine, probe_machine
from pipeline.runtimes.process import GuardedProcess, engine_environment

_TTFT_SLACK_MS = 10.0
"""The same for the time to the first token where it is more: what two processes lose when they take turns on a core."""
_MODEL = "null"
_INPUT_TOKENS = 32
_WAVES = 3
_LIMIT_S = 120.0
STEPS = (
    Step(concurrency=1, ttft_ms=100, inter_token_ms=10),
    Step(concurrency=16, ttft_ms=100, inter_token_ms=20),
    Step(concurrency=64, ttft_ms=100, inter_token_ms=20),
    Step(concurrency=256, ttft_ms=200, inter_token_ms=25),
    Step(concurrency=1_000, ttft_ms=500, inter_token_ms=50),
    Step(concurrency=1_000, ttft_ms=500, inter_token_ms=25),
)
"""From the least output rate to the highest."""


def calibration_of(client: LoadClient, home: Path) -> Calibration | None:
    """Return what is known of the client on this machine; None where it was never calibrated."""
    path = calibration_path(client, home)
    try:
        return Calibration.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (ValidationError, UnicodeDecodeError):  # of another version, or damaged
        return None


def known_or_measured(client: LoadClient, home: Path, scratch: Path, reporter: Reporter) -> Calibration:
    """Return what is known of the client on this machine, measured now where nothing is.

    Raises:
        EngineError: the null server did not start.
        WorkerError: the client failed.
    """
    return calibration_of(client, home) or calibrate(client, home, scratch, reporter)


def calibrate(client: LoadClient, home: Path, scratch: Path, reporter: Reporter) -> Calibration:
    """Measure the client against the null server and remember it, unless others kept the machine busy.

    Raises:
        EngineError: the null server did not start.
        WorkerError: the client failed.
    """
    machine = probe_machine()
    levels: list[Level] = []
    shares: list[float] = []
    with reporter.task("calibrating the load client", total=len(STEPS)) as task:
        for number, step in enumerate(STEPS):
            task.update(done=number, text=f"calibrating the load client: concurrency {step.concurrency}")
            level, share = _level(client, step, scratch)
            levels.append(level)
            shares.append(share)
            if len(_right(levels[-2:])) < min(number, 1):  # two in a row
                break
    found = Calibration(
        client=client.version,
        machine=_named(machine),
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        ceiling_output_tokens_per_s=max((level.true_output_tokens_per_s for level in _right(levels)), default=0.0),
        ceiling_concurrency=max((level.step.concurrency for level in _right(levels)), default=0),
        foreign_cpu_share=max(shares),
        levels=tuple(levels),
    )
    if found.disturbed:
        reporter.warn(
            f"other processes took {found.foreign_cpu_share:.0%} of this machine while the load client was calibrated; "
            f"it will be done again when it is needed next"
        )
    else:
        write_atomically(calibration_path(client, home), found.model_dump_json(indent=2) + "\n")
    return found


@contextmanager
def null_server(times: Times, log: Path) -> Iterator[str]:
    """Run the null server; yields its address.

    Raises:
        EngineError: it did not start.
    """
    # -P: a folder `eval` where the user stands is not ours.
    command = [sys.executable, "-P", "-m", "eval.bench.load.null_server"]
    command += ["--ttft-ms", str(times.ttft_s * 1000), "--inter-token-ms", str(times.inter_token_s * 1000)]
    with GuardedProcess(command, log=log, environment=engine_environment(), pipes=True, grace_s=1.0) as process:
        line = process.stdout.readline()
        if not line:
            raise EngineError("The null server did not start. Look at its log.", log=log)
        yield f"http://127.0.0.1:{json.loads(line)['port']}"


def _level(client: LoadClient, step: Step, scratch: Path) -> tuple[Level, float]:
    spec = LoadSpec(
        concurrency=step.concurrency,
        requests=step.concurrency * _WAVES,
        input_tokens=TokenRange.fixed(_INPUT_TOKENS),
        output_tokens=TokenRange.fixed(OUTPUT_TOKENS),
    )
    times = Times(step.ttft_ms / 1000, step.inter_token_ms / 1000)
    with null_server(times, scratch / "null-server.log") as base_url:
        endpoint = ExternalEndpoint(base_url, model=_MODEL)
        with Watch(endpoint) as watch:
            name, prompts = f"calibration-{step.concurrency}", MadePrompts(COMMON).of(spec)
            result = client.offer(spec, Target(base_url, _MODEL), prompts, scratch, name, limit_s=_LIMIT_S)
        metrics = endpoint.metrics()
    histogram = metrics.histogram("vllm:time_to_first_token_seconds") if metrics else None
    late = histogram.total / histogram.count if histogram and histogram.count else None
    return level_of(step, result, late), _foreign_share(watch)


def level_of(step: Step, result: LoadResult, server_ttft_s: float | None) -> Level:
    """Return one step with how far the client is from the truth."""
    truth = step.output_tokens_per_s
    apart = {
        "output_rate_difference": result.output_tokens_per_s / truth - 1,
        "ttft_difference": (result.ttft_ms.mean or 0.0) / step.ttft_ms - 1,
        "tpot_difference": (result.tpot_ms.mean or 0.0) / step.inter_token_ms - 1,
    }
    return Level(
        step=step,
        true_output_tokens_per_s=truth,
        output_tokens_per_s=result.output_tokens_per_s,
        ttft_ms=result.ttft_ms,
        tpot_ms=result.tpot_ms,
        failed=result.failed,
        server_ttft_difference=None if server_ttft_s is None else server_ttft_s * 1000 / step.ttft_ms - 1,
        client_cpu_s=result.client_cpu_s,
        right=not result.failed and _within(apart, step),
        **apart,
    )


def _within(apart: dict[str, float], step: Step) -> bool:
    slack = max(TOLERANCE, _TTFT_SLACK_MS / step.ttft_ms)
    return all(abs(value) <= (slack if name == "ttft_difference" else TOLERANCE) for name, value in apart.items())


def _right(levels: list[Level]) -> list[Level]:
    return [level for level in levels if level.right]


def _foreign_share(watch: Watch) -> float:
    return (watch.machine.foreign_share if watch.machine else None) or 0.0


def _named(machine: Machine) -> str:
    return f"{machine.cpu}, {machine.cores} cores"


def calibration_path(client: LoadClient, home: Path) -> Path:
    """Return where the calibration of a client on this machine is kept."""
    machine = probe_machine()
    key = hashlib.sha256(f"{client.version} {client.runtime.digest} {_named(machine)}".encode()).hexdigest()[:12]
    return home / "calibration" / f"loadgen-{key}.json"

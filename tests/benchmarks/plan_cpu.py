"""The planner against vLLM's own log on this machine's CPU: KV tokens and concurrency of shapes that differ.

`make grade-plan-cpu`, or `python -m tests.benchmarks.plan_cpu [--only NAME,...]`. Starts the locked vLLM once per shape
of `tests/planner_truth/cpu.yaml`, with made-up weights and a stated size of the KV cache, keeps the lines that are read
in `tests/planner_truth/cpu_logs/`, which the unit tests compare with the planner, and prints the table. A minute each.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipeline.base.errors import AwqctlError
from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.engines.vllm import VllmServer
from pipeline.engines.vllm_log import LINES
from pipeline.models.dummy import Shape as Described
from pipeline.models.dummy import with_architecture, write_dummy_model
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.store import Runtime, ensure
from tests.planner_truth.cpu import Shape, shapes

_KEPT = ("kv_cache", "kv_cache_memory", "concurrency", "weights")
"""Lines of the log that hold figures of memory."""
MOST = 0.01
"""Relative error of the tokens that is promised."""


def start(shape: Shape, runtime: Runtime, folder: Path) -> None:
    """Start vLLM with a shape, and keep what it logs."""
    write_dummy_model(Described(with_architecture(shape.config), None), folder / shape.name, None)
    settings = shape.settings
    engine = EngineSettings(
        accelerator="cpu",
        max_model_len=settings["max_model_len"],
        max_num_seqs=settings["max_num_seqs"],
        gpu_memory_utilization=0.3,
        cpu_kv_cache_gib=settings["kv_cache_gib"],
        enforce_eager=True,
        extra_args=("--max-num-batched-tokens", str(settings["max_num_batched_tokens"])),
    )
    server = VllmServer(
        runtime,
        folder / shape.name,
        engine,
        accelerator="cpu",
        log=folder / f"{shape.name}.log",
        served_name="model",
        reporter=SilentReporter(),
        dummy_weights=True,
    )
    with server:
        version = server.facts().version
    lines = server.log.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if any(LINES[name].pattern.search(line) for name in _KEPT)]
    head = f"# {runtime.name} {version}, {datetime.now(UTC):%Y-%m-%d}, {shape.model}"
    shape.log.write_text("\n".join([head, *kept, ""]), encoding="utf-8")


def row(shape: Shape) -> tuple[str, float]:
    """Return a row of the table and the relative error of the tokens."""
    _, logged = shape.logged()
    plan = shape.plan()
    error = plan.capacity.tokens / logged.kv_cache_tokens - 1
    text = (
        f"{shape.name:<12} {shape.model:<30} {logged.kv_cache_tokens:>10,} {plan.capacity.tokens:>10,} {error:>+8.2%} "
        f"{logged.max_concurrency:>9.2f} {plan.capacity.concurrency:>9.2f}"
    )
    return text, error


def main() -> int:
    """Start, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="names, comma-separated; all")
    only = parser.parse_args().only
    runtime, failed, errors = ensure("vllm", "cpu", user_home(), SilentReporter()), False, []
    print(f"{'shape':<12} {'model':<30} {'KV tokens':>10} {'planned':>10} {'error':>8} {'at once':>9} {'planned':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        for shape in shapes():
            if only and shape.name not in only.split(","):
                continue
            try:
                start(shape, runtime, Path(scratch))
                text, error = row(shape)
            except AwqctlError as problem:
                failed = True
                print(f"{shape.name:<12} {shape.model:<30} {problem}", flush=True)
                continue
            errors.append(error)
            print(text, flush=True)
    return int(failed or any(abs(error) > MOST for error in errors))


if __name__ == "__main__":
    sys.exit(main())

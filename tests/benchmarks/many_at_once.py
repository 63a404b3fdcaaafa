"""Ten to ten thousand requests at once on the demo's model: is any lost, and what is measured?

`make bench-many`, or `python -m tests.benchmarks.many_at_once [--door] [--out FILE] [--concurrency N,...]`. Starts vLLM
once, with `--door` behind HAProxy and TLS as `awqctl serve` does, and lets `awqctl bench --endpoint` offer twice as
many requests as are to be under way. Fails where one is lost. Nothing else should run on the machine, or points are
void and say so. At the door the engine's counters are out of reach, so points there lack what those would show.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.models import packaged_model
from pipeline.recipe.load import load_recipe
from pipeline.recipe.serve import Serve
from pipeline.runtimes.store import ensure
from serve.supervisor.spec import ServedModel, ServingSpec
from serve.supervisor.supervisor import Supervisor
from tests.benchmarks.second_server import PROGRAMS, vllm

CONCURRENCY = "10,100,400,1000,10000"
CONNECTIONS_PER_S = 400
"""New ones over TLS: at the usual 200 many requests are answered before the last one has come; of 800 many handshakes
take longer than the door waits, where engine, door and client share two cores."""
QUEUE_S = 900
"""That the last of ten thousand may wait for an engine on two cores."""
QUEUE = 20_000
"""Nobody is told to come back: what is tried is whether anything is lost."""


@contextmanager
def door(folder: Path, key: str) -> Iterator[tuple[str, Path]]:
    """Serve the model as `awqctl serve` does; yields address and certificate."""
    spec = ServingSpec(
        endpoint="demo",
        models=(ServedModel("demo", packaged_model(), load_recipe("demo").recipe.engine),),
        runtime=ensure("vllm", "cpu", user_home(), SilentReporter()),
        accelerator="cpu",
        host="127.0.0.1",
        port=0,
        tls=True,
        offered=Serve(queue_timeout_s=QUEUE_S, max_queued_requests=QUEUE),
    )
    with Supervisor(spec, logs=folder, reporter=SilentReporter(), key_store=None, extra_keys=[key]) as served:
        assert served.ca_certificate is not None
        yield served.base_url, served.ca_certificate


def offered(address: str, key: str, concurrency: str, folder: Path, *more: str | Path) -> dict[str, Any]:
    """Return what the command says, points that are void included."""
    command: list[Any] = [PROGRAMS / "awqctl", "bench", "--endpoint", address, "--model", "demo", "--json"]
    command += ["--api-key-env", "AWQCTL_API_KEY", "--tokenizer", packaged_model(), "--out", folder / "out"]
    command += ["--concurrency", concurrency, "--requests-per-concurrency", "2", "--patience", "900"]
    command += ["--input-tokens", "32", "--output-tokens", "16", *more]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ | {"AWQCTL_API_KEY": key}
    )
    if done.returncode not in (0, 3):
        raise SystemExit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Offer the loads, print a line for each, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--concurrency", default=CONCURRENCY)
    parser.add_argument("--door", action="store_true")
    arguments = parser.parse_args()
    key, concurrency = secrets.token_urlsafe(24), arguments.concurrency
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.door:
            with door(Path(scratch), key) as (address, certificate):
                more = ("--ca", certificate, "--connections-per-second", str(CONNECTIONS_PER_S))
                found = offered(address, key, concurrency, Path(scratch), *more)
        else:
            with vllm(Path(scratch), key) as address:
                found = offered(address, key, concurrency, Path(scratch))
    for point in found["points"]:
        speed = "void: " + "; ".join(point["void"]) if point["void"] else f"{point['output_tokens_per_s']:.0f} tok/s"
        peak = (point["engine"] or {}).get("peak_requests")
        seen = f"the engine saw {peak:,.0f} at once" if peak else "what the engine saw is not known"
        first = point["ttft_ms"]["p50"] or 0
        sys.stdout.write(
            f"{point['concurrency']:>6} at once, {point['requests']:>6} requests, {point['failed']} failed, "
            f"{seen}, first token {first:,.0f} ms (p50), {speed}\n"
        )
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return int(any(point["failed"] for point in found["points"]))


if __name__ == "__main__":
    sys.exit(main())

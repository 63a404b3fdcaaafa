"""A real server that is not vLLM, measured by `awqctl bench --endpoint`: llama.cpp with the demo's model.

`make bench-second-server`, or `python tests/benchmarks/second_server.py [--out FILE] [--concurrency N,...]
[--beside-vllm]`. Makes an environment for llama.cpp beside nothing of awqctl's (the package `xllamacpp`, 34 MB),
serves the demo's model from a GGUF file made of it, and offers it the load twice: with lengths fixed by `ignore_eos`
and with natural ones. Nothing else should run on the machine, or the points are void and say so.
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

import numpy as np

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.engines.vllm import VllmServer
from pipeline.models import packaged_model
from pipeline.models.tensors import read_headers
from pipeline.recipe.load import load_recipe
from pipeline.runtimes.process import GuardedProcess, engine_environment
from pipeline.runtimes.store import ensure

PACKAGES = ("xllamacpp==2026.10.11549", "gguf==0.19.0")
PROGRAMS = Path(sys.executable).parent
SEEDS = {"fixed": 1, "natural": 2}
"""Apart, because llama.cpp answers prompts that it has seen from its cache."""


@contextmanager
def llama_cpp(folder: Path, slots: int) -> Iterator[str]:
    """Serve the demo's model with llama.cpp; yields its address."""
    place = folder / "environment"
    subprocess.run([PROGRAMS / "uv", "venv", "--quiet", place], check=True)
    subprocess.run(
        [PROGRAMS / "uv", "pip", "install", "--quiet", "--python", place / "bin" / "python", *PACKAGES], check=True
    )
    weights = folder / "weights.npz"
    np.savez(weights, **{name: tensor.read() for name, tensor in read_headers(packaged_model()).items()})
    script = Path(__file__).parent / "llama_cpp_server.py"
    command = [place / "bin" / "python", script, packaged_model(), weights, slots]
    with GuardedProcess(
        [str(part) for part in command],
        log=folder / "llama.cpp.log",
        environment=engine_environment(),
        pipes=True,
        cwd=folder,
    ) as process:
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit(process.log_text())
        yield address


@contextmanager
def vllm(folder: Path, key: str) -> Iterator[str]:
    """Serve the same model with vLLM; yields its address."""
    server = VllmServer(
        ensure("vllm", "cpu", user_home(), SilentReporter()),
        packaged_model(),
        load_recipe("demo").recipe.engine,
        accelerator="cpu",
        log=folder / "vllm.log",
        served_name="demo",
        reporter=SilentReporter(),
        api_key=key,
    )
    with server:
        yield server.base_url


def measured(address: str, lengths: str, concurrency: str, folder: Path, *more: str) -> dict[str, Any]:
    """Return what `awqctl bench --endpoint` says, points that are void included."""
    command: list[Any] = [PROGRAMS / "awqctl", "bench", "--endpoint", address, "--model", "demo", "--json", "--quiet"]
    command += ["--tokenizer", packaged_model(), "--concurrency", concurrency, "--out", folder / lengths]
    command += ["--input-tokens", "64", "--output-tokens", "32", "--seed", str(SEEDS[lengths])]
    command += ["--patience", "120", *more]
    command += ["--natural-lengths"] if lengths == "natural" else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(server: str, lengths: str, found: dict[str, Any]) -> None:
    """Print a line for each point."""
    for point in found["points"]:
        engine = point["engine"] or {}
        speed = "void: " + "; ".join(point["void"]) if point["void"] else f"{point['output_tokens_per_s']:.0f} tok/s"
        ttft, tpot = point["ttft_ms"]["mean"] or 0.0, point["tpot_ms"]["mean"] or 0.0
        sys.stdout.write(
            f"{server:<10} {lengths:<8} {point['concurrency']:>4} {point['requests']:>5} requests, "
            f"TTFT {ttft:.1f} ms, TPOT {tpot:.2f} ms, counted by {engine.get('counted_by', 'nobody')}, {speed}\n"
        )
    sys.stdout.flush()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--concurrency", default="1,4")
    parser.add_argument("--beside-vllm", action="store_true")
    arguments = parser.parse_args()
    slots = max(map(int, arguments.concurrency.split(",")))
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # llama.cpp closes connections that were kept for a while, also under a request that is on its way.
        alone = ("--header", "Connection: close")
        with llama_cpp(folder, slots) as address:
            for lengths in SEEDS:
                document[f"llama.cpp {lengths}"] = measured(address, lengths, arguments.concurrency, folder, *alone)
                show("llama.cpp", lengths, document[f"llama.cpp {lengths}"])
        if arguments.beside_vllm:
            os.environ["VLLM_KEY"] = secrets.token_urlsafe(24)
            with vllm(folder, os.environ["VLLM_KEY"]) as address:
                key = ("--api-key-env", "VLLM_KEY")
                document["vLLM fixed"] = measured(address, "fixed", arguments.concurrency, folder, *key)
                show("vLLM", "fixed", document["vLLM fixed"])
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

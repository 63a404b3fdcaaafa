"""The load client against the null server, whose truth is known; vLLM's Python client beside it where it is installed.

`python tests/benchmarks/bench_client.py [--out FILE] [--only N,...] [--beside-vllm] [--requests N]`, or
`make bench-client`. Nothing else may run: the null server and the client share the processors. Fails unless
steady-state throughput, TTFT and TPOT are within 2 % of the truth at 1, 16, 256 and 1 000 concurrent requests, and
10 000 at once all get their answers.

Then both clients offer the same load to the same server at 1, 8 and 32 concurrent requests, A B B A: to the null server
and with `--beside-vllm` to vLLM with an untrained model of 0.4 billion parameters. That has one half of the processors
and the clients have the other, so that a client's own work is not seen as a slower server. What is compared is what
both define alike: output tokens over the whole run, and the mean time to the first token and per token after it. On
vLLM it fails where they differ by more than 3 %; on the null server the truth is known, and it is the Python client
that is late.
"""

import argparse
import itertools
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.bench.load.calibration import null_server
from eval.bench.load.client import LoadClient
from eval.bench.load.null_server import Times
from eval.bench.load.prompts import MadePrompts, write_prompts
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import Target
from eval.bench.load.words import COMMON, Words, words_of
from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from pipeline.engines.vllm import VllmServer
from pipeline.models.dummy import shape_of, write_dummy_model
from pipeline.recipe.load import load_recipe
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.specs import spec_for
from pipeline.runtimes.store import ensure, is_ready, place

WITHIN = 0.02
ALIKE = 0.03
"""Largest difference between both clients on the same server."""
SIDE_BY_SIDE = (1, 8, 32)
VLLM_REQUESTS, FEWEST = 4, 16
"""Side by side on vLLM, times the concurrency; of a load at least."""
SEEDS_APART = 100
"""Between the prompts of two concurrencies, and one between two loads: an engine would answer the second one from its
cache."""
MODEL = "null"
INPUT_TOKENS, OUTPUT_TOKENS = 32, 20
TOKENIZER = Path(__file__).parents[2] / "recipes" / "demo" / "model"
PYTHON_UP_TO = 1_000
"""The Python client takes minutes for more."""
PYTHON_CLIENT = """
import asyncio, sys
from vllm.benchmarks import serve
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = FlexibleArgumentParser()
serve.add_cli_args(parser)
asyncio.run(serve.main_async(parser.parse_args(sys.argv[1:])))
"""


@dataclass(frozen=True)
class Case:
    """A load with a known truth."""

    concurrency: int
    requests: int
    ttft_ms: float
    inter_token_ms: float
    judged: bool = True
    """Whether the figures must be right, and not the number of answers alone."""

    @property
    def tokens_per_s(self) -> float:
        """Return the truth."""
        return self.concurrency * OUTPUT_TOKENS * 1000 / (self.ttft_ms + (OUTPUT_TOKENS - 1) * self.inter_token_ms)


CASES = (
    Case(1, 8, 500, 50),
    Case(16, 128, 500, 50),
    Case(256, 1_536, 1_000, 50),
    Case(1_000, 5_000, 1_000, 100),
    Case(10_000, 20_000, 1_000, 1_000, judged=False),
)


def row(client: str, case: Case, measured: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the table."""
    truth = {"output_tokens_per_s": case.tokens_per_s, "ttft_ms": case.ttft_ms, "tpot_ms": case.inter_token_ms}
    apart = {f"{name}_difference": measured[name] / value - 1 for name, value in truth.items()}
    return {"client": client, "concurrency": case.concurrency, "requests": case.requests, **measured, **apart}


def load(case: Case, seed: int = 0) -> LoadSpec:
    """Return the load of a case."""
    return LoadSpec(
        concurrency=case.concurrency,
        requests=case.requests,
        input_tokens=TokenRange.fixed(INPUT_TOKENS),
        output_tokens=TokenRange.fixed(OUTPUT_TOKENS),
        seed=seed,
    )


def rust(
    case: Case, client: LoadClient, server: Target, folder: Path, words: Words = COMMON, seed: int = 0
) -> dict[str, Any]:
    """Measure with the product's client."""
    made = MadePrompts(words).of(load(case, seed))
    result = client.offer(load(case, seed), server, made, folder, f"rust-{case.concurrency}", limit_s=600)
    return {
        "output_tokens_per_s": result.output_tokens_per_s,
        "whole_run_output_tokens_per_s": result.whole_run_output_tokens_per_s,
        "ttft_ms": result.ttft_ms.mean or 0.0,
        "tpot_ms": result.tpot_ms.mean or 0.0,
        "failed": result.failed,
        "peak_concurrency": result.peak_concurrency,
        "client_cpu_s": result.client_cpu_s,
        "raw_sha256": result.raw_sha256,
    }


def python(
    case: Case, interpreter: Path, server: Target, folder: Path, words: Words = COMMON, seed: int = 0
) -> dict[str, Any]:
    """Measure with vLLM's Python client."""
    write_prompts(folder / "prompts.jsonl", MadePrompts(words).of(load(case, seed)))
    values = {
        "--backend": "openai",
        "--base-url": server.base_url,
        "--endpoint": "/v1/completions",
        "--model": TOKENIZER,
        "--served-model-name": server.model,
        "--dataset-name": "custom",
        "--dataset-path": folder / "prompts.jsonl",
        "--custom-output-len": OUTPUT_TOKENS,
        "--num-prompts": case.requests,
        "--max-concurrency": case.concurrency,
        "--ready-check-timeout-sec": 0,
        "--result-dir": folder,
        "--result-filename": "python.json",
    }
    flags = ["--ignore-eos", "--save-result", "--disable-tqdm", "--skip-chat-template"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [interpreter, "-c", PYTHON_CLIENT, *(str(part) for pair in values.items() for part in pair), *flags],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ
        | {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
        | ({"OPENAI_API_KEY": server.api_key} if server.api_key else {}),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads((folder / "python.json").read_text())
    return {
        "output_tokens_per_s": found["output_throughput"],
        "whole_run_output_tokens_per_s": found["output_throughput"],
        "ttft_ms": found["mean_ttft_ms"],
        "tpot_ms": found["mean_tpot_ms"],
        "failed": case.requests - found["completed"],
        "client_cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def side_by_side(
    name: str, server: Target, clients: tuple[LoadClient, Path], folder: Path, words: Words, factor: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the ratios of the product's client to vLLM's at each concurrency, and what is too far apart.

    Args:
        name: of the server.
        server: that both are held against.
        clients: the product's, and the interpreter that has vLLM's.
        folder: for their files.
        words: prompts are made of.
        factor: requests for each concurrent one.
    """
    client, interpreter = clients
    lines, wrong = [], []
    for number, concurrency in enumerate(SIDE_BY_SIDE):
        case = Case(concurrency, max(concurrency * factor, FEWEST), 1, 1)
        seeds = itertools.count(number * SEEDS_APART)
        rust(replace(case, requests=concurrency), client, server, folder, words, seed=next(seeds))
        ours, theirs = [], []
        # A B B A: a server that slows down or warms up does so for both.
        for measured in (ours, theirs, theirs, ours):
            if measured is ours:
                ours.append(rust(case, client, server, folder, words, seed=next(seeds)))
            else:
                theirs.append(python(case, interpreter, server, folder, words, seed=next(seeds)))
        names = ("whole_run_output_tokens_per_s", "ttft_ms", "tpot_ms")
        ratios = {each: _mean(ours, each) / _mean(theirs, each) for each in names}
        lines.append({"server": name, "concurrency": concurrency, "requests": case.requests, **ratios})
        shown = ", ".join(f"{each} {ratio:.3f}" for each, ratio in ratios.items())
        sys.stdout.write(f"{name:<8} {concurrency:>4} {case.requests:>5} requests, vllm-rs / python: {shown}\n")
        sys.stdout.flush()
        apart = [f"{each} by {ratio - 1:+.1%}" for each, ratio in ratios.items() if abs(ratio - 1) > ALIKE]
        failed = sum(one["failed"] for one in (*ours, *theirs))
        wrong += [f"{name}, {concurrency} concurrent: {failed} requests failed"] if failed else []
        wrong += [f"{name}, {concurrency} concurrent: the clients differ, {', '.join(apart)}"] if apart else []
    return lines, wrong


@contextmanager
def untrained_on_vllm(folder: Path) -> Iterator[tuple[Target, Words]]:
    """Serve the recipe `llama-0.4b-dummy` with vLLM, weights made up; yields the words of its tokenizer, too."""
    loaded = load_recipe("llama-0.4b-dummy")
    write_dummy_model(shape_of(loaded.recipe.model, loaded.path.parent), folder / "model", None)
    server = VllmServer(
        ensure("vllm", "cpu", user_home(), SilentReporter()),
        folder / "model",
        loaded.recipe.engine,
        accelerator="cpu",
        log=folder / "vllm.log",
        served_name=MODEL,
        reporter=SilentReporter(),
        dummy_weights=True,
        api_key=secrets.token_urlsafe(24),
    )
    every = sorted(os.sched_getaffinity(0))
    clients, engine = every[: len(every) // 2] or every, every[len(every) // 2 :]
    try:
        os.sched_setaffinity(0, engine)  # what the engine is born with
        with server:
            os.sched_setaffinity(0, clients)
            yield Target(server.base_url, MODEL, server.api_key), words_of(folder / "model")
    finally:
        os.sched_setaffinity(0, every)


def python_interpreter(home: Path) -> Path | None:
    """Return an interpreter with vLLM; None where none was made."""
    specs = (spec_for("vllm", "cuda"), spec_for("vllm", "cpu"))
    return next((place(spec, home) / "bin" / "python" for spec in specs if is_ready(spec, home)), None)


def faults(line: dict[str, Any], case: Case) -> list[str]:
    """Return what is wrong with a line of the product's client."""
    found = [f"{line['failed']} of {case.requests} requests failed"] if line["failed"] else []
    if case.judged:
        names = ("output_tokens_per_s", "ttft_ms", "tpot_ms")
        found += [f"{name} is off by {line[f'{name}_difference']:+.1%}" for name in names if _off(line, name)]
    elif line["server_peak"] < case.concurrency:
        found.append(f"the server saw {line['server_peak']:.0f} at once")
    return [f"{case.concurrency} concurrent: {fault}" for fault in found]


def _mean(lines: list[dict[str, Any]], name: str) -> float:
    return sum(line[name] for line in lines) / len(lines)


def _off(line: dict[str, Any], name: str) -> bool:
    return abs(line[f"{name}_difference"]) > WITHIN


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", default="", help="Concurrencies held against the truth, with commas; 0: none.")
    parser.add_argument("--without-python", action="store_true")
    parser.add_argument("--beside-vllm", action="store_true", help="Hold both clients against a real server, too.")
    parser.add_argument(
        "--requests", type=int, default=16, help="Side by side on the null server, times the concurrency."
    )
    arguments = parser.parse_args()
    only = {int(part) for part in arguments.only.split(",") if part}
    home = user_home()
    client = LoadClient(ensure_loadgen(home, SilentReporter()))
    interpreter = None if arguments.without_python else python_interpreter(home)
    lines: list[dict[str, Any]] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for case in (case for case in CASES if not only or case.concurrency in only):
            times = Times(case.ttft_ms / 1000, case.inter_token_ms / 1000)
            with null_server(times, folder / "null.log") as base_url:
                line = row("vllm-rs", case, rust(case, client, Target(base_url, MODEL), folder))
                metrics = ExternalEndpoint(base_url, model=MODEL).metrics()
                line["server_peak"] = metrics.value("null:peak_requests_running") if metrics else None
                lines.append(show(line))
                wrong += faults(line, case)
                if interpreter and case.concurrency <= PYTHON_UP_TO:
                    lines.append(show(row("python", case, python(case, interpreter, Target(base_url, MODEL), folder))))
        ratios: list[dict[str, Any]] = []
        if interpreter:
            clients = (client, interpreter)
            with null_server(Times(0.1, 0.02), folder / "null.log") as base_url:
                found = side_by_side("null", Target(base_url, MODEL), clients, folder, COMMON, arguments.requests)
                ratios += found[0]
            if arguments.beside_vllm:
                with untrained_on_vllm(folder) as (server, words):
                    found = side_by_side("vLLM", server, clients, folder, words, VLLM_REQUESTS)
                    ratios, wrong = [*ratios, *found[0]], [*wrong, *found[1]]
    if arguments.out:
        date = time.strftime("%Y-%m-%d")
        document = {"date": date, "client": client.version, "lines": lines, "side_by_side": ratios}
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")
    for fault in wrong:
        sys.stderr.write(f"{fault}\n")
    return 1 if wrong else 0


def show(line: dict[str, Any]) -> dict[str, Any]:
    """Print a line and return it."""
    sys.stdout.write(
        f"{line['client']:<8} {line['concurrency']:>6} {line['requests']:>6} "
        f"{line['output_tokens_per_s']:>9.0f} tok/s {line['output_tokens_per_s_difference']:>+7.1%}  "
        f"TTFT {line['ttft_ms']:>8.1f} ms {line['ttft_ms_difference']:>+7.1%}  "
        f"TPOT {line['tpot_ms']:>8.2f} ms {line['tpot_ms_difference']:>+7.1%}  "
        f"failed {line['failed']}, client CPU {line['client_cpu_s']:.1f} s\n"
    )
    sys.stdout.flush()
    return line


if __name__ == "__main__":
    sys.exit(main())

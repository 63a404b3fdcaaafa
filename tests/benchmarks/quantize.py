"""`make bench-quantize`: the stage `quantize` against the same backend called by a bare script, on the same model.

Both run `--repeats` times, in turn, on a random-weight Llama; medians and ratios are printed, and everything that was
measured goes into a JSON file. Peak memory is that of the process tree, sampled 20 times a second, and of the
backend's own process as the kernel counted it. Nothing else should run on the machine.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.hardware.machine import probe_machine
from pipeline.models import packaged_model
from pipeline.models.tensors import parameters
from pipeline.record.environment import environment_of
from pipeline.runtimes.process import engine_environment
from pipeline.runtimes.store import ensure

HERE = Path(__file__).parent
BACKENDS = {"autoawq": "autoawq", "llm-compressor": "llmcompressor"}
SIZES = {
    "small": {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8},
    "medium": {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 10},
}
_MODEL = """
import json, sys, torch
from transformers import AutoConfig, AutoModelForCausalLM
torch.manual_seed(0)
options = json.loads(sys.argv[1])
config = AutoConfig.for_model("llama", vocab_size=4096, num_attention_heads=8, num_key_value_heads=4,
                              tie_word_embeddings=False, max_position_embeddings=2048, **options)
AutoModelForCausalLM.from_config(config, torch_dtype=torch.bfloat16).save_pretrained(sys.argv[2])
"""


@dataclass(frozen=True)
class Run:
    """One measured run."""

    backend: str
    what: str
    """`stage` or `bare`."""
    seconds: float
    tree_peak_gib: float
    backend_peak_gib: float


def measured(command: list[str], folder: Path, environment: dict[str, str] | None) -> tuple[float, float, float]:
    """Return seconds, peak of the tree and peak of the largest process, in GiB."""
    peaks = [0.0, 0.0]
    with (folder / "output.log").open("w") as log:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks))
        watcher.start()
        status = process.wait()
        seconds = time.monotonic() - started
        watcher.join()
    if status:
        sys.exit(f"{command[:4]} ended with {status}:\n{(folder / 'output.log').read_text()[-2000:]}")
    return seconds, peaks[0], peaks[1]


def _watch(pid: int, peaks: list[float]) -> None:
    while psutil.pid_exists(pid):
        sizes = []
        try:
            root = psutil.Process(pid)
            if root.status() == psutil.STATUS_ZOMBIE:
                return
            sizes = [member.memory_info().rss / 2**30 for member in (root, *root.children(recursive=True))]
        except psutil.Error:
            pass
        if sizes:
            peaks[0], peaks[1] = max(peaks[0], sum(sizes)), max(peaks[1], *sizes)
        time.sleep(0.05)


def settings(model: Path, backend: str, options: argparse.Namespace) -> list[str]:
    """Return the recipe keys of a run as arguments."""
    values = (
        f"model.source={model}",
        "model.licence=apache-2.0",
        f"quantize.backend={backend}",
        f"quantize.calibration.blocks={options.blocks}",
        f"quantize.calibration.block_tokens={options.block_tokens}",
    )
    return [part for value in values for part in ("--set", value)]


def prediction(model: Path, backend: str, options: argparse.Namespace) -> dict[str, float]:
    """Return what the dry run says of memory and work."""
    command = [sys.executable, "-m", "pipeline.cli", "quantize", "demo", "--dry-run", "--json"]
    answer = subprocess.run([*command, *settings(model, backend, options)], capture_output=True, check=True, text=True)
    said = json.loads(answer.stdout)["prediction"]
    return {name: said[name] for name in ("memory_bytes", "disk_bytes", "search_macs", "clip_macs", "seconds")}


def stage(model: Path, backend: str, options: argparse.Namespace, folder: Path) -> Run:
    """Measure `awqctl quantize`."""
    command = [sys.executable, "-m", "pipeline.cli", "quantize", "demo", "--out", str(folder / "out"), "--force"]
    command += ["--store", f"sqlite:///{folder}/mlflow.db", *settings(model, backend, options)]
    return Run(backend, "stage", *measured(command, folder, None))


def bare(model: Path, backend: str, blocks: Path, folder: Path) -> Run:
    """Measure the backend called by a script of its own."""
    engine = BACKENDS[backend]
    python = ensure(engine, "cpu", user_home(), SilentReporter()).python
    command = [str(python), str(HERE / f"bare_{engine}.py"), str(model), str(blocks), str(folder / "out"), "128"]
    return Run(backend, "bare", *measured(command, folder, engine_environment()))


def make_model(size: str, folder: Path) -> Path:
    """Build the model with the tokenizer of the demo model."""
    python = ensure("autoawq", "cpu", user_home(), SilentReporter()).python
    subprocess.run([str(python), "-c", _MODEL, json.dumps(SIZES[size]), str(folder)], check=True, capture_output=True)
    for path in packaged_model().glob("*token*"):
        shutil.copy(path, folder)
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--block-tokens", type=int, default=256)
    parser.add_argument("--out", type=Path, default=Path("out") / "bench-quantize")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out.absolute()
    shutil.rmtree(out / "model", ignore_errors=True)
    model = make_model(options.size, out / "model")
    runs: list[Run] = []
    backends = options.backend or list(BACKENDS)
    predicted = {backend: prediction(model, backend, options) for backend in backends}
    for backend in backends:
        for number in range(options.repeats):
            staged, alone = (_fresh(out / f"{backend}-{what}-{number}") for what in ("stage", "bare"))
            runs.append(stage(model, backend, options, staged))
            notes = json.loads((staged / "out" / "quantize" / "calibration.json").read_text())
            (alone / "blocks.json").write_text(json.dumps(notes["token_ids"]))
            runs.append(bare(model, backend, alone / "blocks.json", alone))
            shutil.rmtree(alone)
            shutil.rmtree(staged)
    count = parameters(model)
    document = {
        "environment": environment_of("cpu", probe_machine()).model_dump(mode="json"),
        "model": SIZES[options.size] | {"parameters": count},
        "calibration_tokens": options.blocks * options.block_tokens,
        "predicted": predicted,
        "runs": [asdict(run) for run in runs],
    }
    (out / "result.json").write_text(json.dumps(document, indent=1) + "\n")
    shutil.rmtree(model)
    _print(runs, count, options.blocks * options.block_tokens)
    for backend, said in predicted.items():
        work = (
            f"{said['search_macs'] / 1e12:.3f} + {said['clip_macs'] / 1e12:.3f} (clipping) x 10^12 multiply-accumulates"
        )
        time_said = "no time" if said["seconds"] is None else f"{said['seconds']:.0f} s"
        print(f"{backend:16}predicted: {said['memory_bytes'] / 2**30:.2f} GiB, {time_said}; {work}")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _print(runs: list[Run], count: int, tokens: int) -> None:
    print(f"{count / 1e6:.1f} M parameters, {tokens} calibration tokens; medians")
    print(f"{'backend':16}{'':7}{'seconds':>9}{'tree GiB':>10}{'backend GiB':>13}{'s per 1e9 parameters':>22}")
    for backend in dict.fromkeys(run.backend for run in runs):
        medians = {}
        for what in ("bare", "stage"):
            own = [run for run in runs if (run.backend, run.what) == (backend, what)]
            fields = [(run.seconds, run.tree_peak_gib, run.backend_peak_gib) for run in own]
            medians[what] = [statistics.median(column) for column in zip(*fields, strict=True)]
            seconds, tree, alone = medians[what]
            print(f"{backend:16}{what:7}{seconds:9.1f}{tree:10.2f}{alone:13.2f}{seconds / count * 1e9:22.0f}")
        ratios = [after / before for before, after in zip(medians["bare"], medians["stage"], strict=True)]
        print(f"{backend:16}{'ratio':7}{ratios[0]:9.3f}{ratios[1]:10.3f}{ratios[2]:13.3f}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()

"""`make faults`: what must never happen to a checkpoint, tried on the real stage with the demo model.

- SIGKILL at 20 random moments: nothing that looks finished is wrong, no process stays, and the run that follows gives
  the very bytes of an undisturbed one.
- A disk that fills up while the search runs, with five amounts left: code 4, no checkpoint, and once there is room the
  next run finishes and leaves nothing over.
- A shard that is cut off, a checkpoint with a flipped byte, a missing and an extra file: refused before loading.
- A source that changes under way: refused.

Prints one line per trial and ends with 1 if any failed. Disk-full trials mount a tmpfs and need root.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.models import packaged_model
from tests.helpers import awqctl, working_in
from tests.helpers import command as awqctl_line

QUICK = (
    "quantize.calibration.blocks=4",
    "quantize.calibration.block_tokens=64",
    "arms=[baseline, awq, rtn]",
    "model.licence=psf-2.0",
)
LEFT_MIB = (0, 0.5, 4, 6, 9)
"""What is left on the disk while the search runs. What it found takes a tenth of a MiB, the backend's weights 4.4,
tokenizer and licence 0.3, the control as much again; MLflow's store and the record come last."""


class Matrix:
    """Trials and their outcomes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed = 0

    def record(self, name: str, problems: list[str], note: str = "") -> None:
        """Print one trial."""
        self.failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok':5} {name:46} {'; '.join(problems) or note}", flush=True)


def command(out: Path, *settings: str) -> list[str]:
    """Return the command line of the stage."""
    store = f"sqlite:///{out.parent}/{out.name}.db"
    return awqctl_line("quantize", "demo", "--out", out, "--store", store, settings=(*QUICK, *settings))


def run(out: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """Run the stage to its end."""
    return subprocess.run(command(out, *settings), capture_output=True, text=True, check=False, cwd=out.parent)


def strays(folder: Path) -> list[str]:
    """Return processes that still work in a folder, after ten seconds of grace."""
    deadline = time.monotonic() + 10
    while (found := working_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def wrong_checkpoints(out: Path) -> list[str]:
    """Return the folders that look like a checkpoint and do not verify."""
    looks = [path.parent for path in out.rglob("awqctl-manifest.json") if ".partial" not in path.parts]
    whole = [out / name for name in ("checkpoint", "control") if (out / name).exists()]
    return [str(path.name) for path in {*looks, *whole} if awqctl("verify", path).returncode != 0]


def digest(out: Path) -> str:
    """Return what names the bytes of the checkpoint."""
    stage = json.loads((out / "record.json").read_text())["stages"]["quantize"]
    return str(stage["payload"]["checkpoint_digest"])


def leftovers(out: Path) -> list[str]:
    """Return what a finished stage must not leave."""
    found = [path for name in (".partial", ".resume") for path in (out / name).glob("**/*") if path.is_file()]
    return [f"left over: {path.relative_to(out)}" for path in found]


def kills(matrix: Matrix, count: int, seconds: float, expected: str) -> None:
    """Kill the command (not its children) at random moments of its run time, then let it finish."""
    chance = random.Random(0)  # noqa: S311 -- moments to kill at, not a secret
    out = matrix.folder / "killed"
    for number in range(count):
        if number % 5 == 0:
            shutil.rmtree(out, ignore_errors=True)  # kills of a first run, and of runs that find earlier searches
        process = subprocess.Popen(
            [*command(out), "--force"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=matrix.folder
        )
        moment = chance.uniform(0.5, seconds)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        problems = [f"stays: {name}" for name in strays(matrix.folder)]
        problems += [f"does not verify: {name}" for name in wrong_checkpoints(out)] if out.exists() else []
        matrix.record(f"SIGKILL {number + 1} after {moment:.1f} s", problems, _state(out))
    answer = run(out)
    problems = [] if answer.returncode == 0 else [answer.stderr.strip()[-300:]]
    problems += ["other bytes than undisturbed"] if not problems and digest(out) != expected else []
    matrix.record("the run after all kills", [*problems, *leftovers(out)], "the bytes of an undisturbed run")


def _state(out: Path) -> str:
    searches = sum(1 for path in out.glob(".resume/**/*.safetensors"))
    whole = (out / "checkpoint").exists()
    return f"{'a whole checkpoint' if whole else 'no checkpoint'}, {searches} searches kept"


def full_disks(matrix: Matrix) -> None:
    """Fill the file system while the search runs, so that little is left; then make room and run again."""
    for left in LEFT_MIB:
        with tmpfs(matrix.folder / f"disk-{left}", 64) as disk:
            out = disk / "out"
            process = started(out, env=_elsewhere(matrix))
            wait_for_searches(process, out)
            filler = disk / "filler"
            free = shutil.disk_usage(disk).free - int(left * 2**20)
            with filler.open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, free)
            _, errors = process.communicate()
            problems = [] if process.returncode == 4 else [f"code {process.returncode}: {errors.strip()[-200:]}"]
            problems += ["a checkpoint"] if (out / "checkpoint").exists() else []
            problems += ["a traceback"] if "Traceback" in errors else []
            said = errors.strip().splitlines()[-1][:150] if errors.strip() else ""
            matrix.record(f"disk full but for {left} MiB", problems, said)
            filler.unlink()
            again = run(out)
            problems = [] if again.returncode == 0 else [again.stderr.strip()[-300:]]
            matrix.record(f"the same disk with room ({left} MiB)", [*problems, *leftovers(out)], "finished")


def started(out: Path, *settings: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the stage."""
    return subprocess.Popen(
        command(out, *settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=out.parent, env=env
    )


def wait_for_searches(process: subprocess.Popen[str], out: Path) -> None:
    """Wait until the search has found something, or is over."""
    while process.poll() is None and not any(out.glob(".resume/**/*.safetensors")):
        time.sleep(0.1)


def _elsewhere(matrix: Matrix) -> dict[str, str]:
    """Return the environment with the system's temporary folder off the full disk."""
    return {**os.environ, "TMPDIR": str(matrix.folder)}


@contextmanager
def tmpfs(folder: Path, mebibytes: int) -> Iterator[Path]:
    """Yield a file system of a given size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def damaged(matrix: Matrix, whole: Path) -> None:
    """Damage sources and checkpoints; every one must be refused."""
    source = copied(matrix.folder / "source")
    weights = source / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    answer = run(matrix.folder / "cut", f"model.source={source}")
    refused(matrix, "source shard cut off", answer, 2, matrix.folder / "cut")
    weights.write_bytes(b"\xff" * 8 + content[8:])
    answer = run(matrix.folder / "header", f"model.source={source}")
    refused(matrix, "source header damaged", answer, 2, matrix.folder / "header")
    for name, damage in DAMAGES.items():
        out = matrix.folder / "damaged"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(whole, out)
        damage(out / "checkpoint")
        found = awqctl("verify", out / "checkpoint").returncode
        loaded = awqctl("eval", "demo", "--out", out, "--store", f"sqlite:///{out}.db", settings=QUICK)
        problems = [] if found == 3 else [f"verify: {found}"]
        problems += [] if loaded.returncode == 2 and "manifest" in loaded.stderr else [f"eval: {loaded.returncode}"]
        matrix.record(f"checkpoint: {name}", problems, loaded.stderr.strip()[-120:])


def _flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "one bit of the weights flipped": lambda folder: _flip(folder / "model.safetensors", -1000),
    "one bit of the configuration flipped": lambda folder: _flip(folder / "config.json", 30),
    "weights cut off": lambda folder: os.truncate(folder / "model.safetensors", 100_000),
    "tokenizer missing": lambda folder: (folder / "tokenizer.json").unlink(),
    "an extra file": lambda folder: (folder / "model-2.safetensors").write_bytes(b"x"),
}


def changing(matrix: Matrix) -> None:
    """Change the source while it is being quantized."""
    source, out = copied(matrix.folder / "changing"), matrix.folder / "changed"
    process = started(out, f"model.source={source}")
    wait_for_searches(process, out)
    _flip(source / "model.safetensors", -1000)
    _, errors = process.communicate()
    refused(matrix, "source changed under way", subprocess.CompletedProcess([], process.returncode, "", errors), 2, out)


def refused(matrix: Matrix, name: str, answer: subprocess.CompletedProcess[str], code: int, out: Path) -> None:
    """Record whether a run was refused with the right code and left no checkpoint."""
    problems = [] if answer.returncode == code else [f"code {answer.returncode}: {answer.stderr.strip()[-200:]}"]
    problems += ["a checkpoint"] if (out / "checkpoint").exists() else []
    matrix.record(name, problems, answer.stderr.strip()[-150:])


def copied(folder: Path) -> Path:
    """Return a copy of the demo model."""
    return Path(shutil.copytree(packaged_model(), folder))


def main() -> int:
    """Run all trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="awqctl-faults-") as name:
        matrix = Matrix(Path(name))
        whole = matrix.folder / "whole"
        started = time.monotonic()
        answer = run(whole)
        if answer.returncode != 0:
            print(answer.stderr)
            return 1
        seconds = time.monotonic() - started
        matrix.record("undisturbed", leftovers(whole), f"{seconds:.1f} s")
        damaged(matrix, whole)
        changing(matrix)
        if os.geteuid() == 0:
            full_disks(matrix)
        else:
            print("skip  full disks: mounting a tmpfs needs root")
        kills(matrix, options.kills, seconds, digest(whole))
    print(f"{matrix.failed} failed")
    return 1 if matrix.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Output folders appear whole or not at all: a publication broken off at each of its system calls."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).parents[2]

HARNESS = '''
"""Break `act` at its n-th system call, for every n; say what is there after `recover`, which is broken too."""
import errno, itertools, json, os, re, shutil, signal, sys
from pathlib import Path

from pipeline.models.checksums import sum_files
from pipeline.record.context import RunContext
from pipeline.models.manifest import Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.base.progress import SilentReporter

REACHED = 42
CALLS = ("replace", "fsync", "mkdir", "unlink", "rmdir", "link")


def fill(folder, weights, card, made):
    (folder / "model.safetensors").write_text(weights)
    (folder / "README.md").write_text(card)
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    write_manifest(Manifest(created_at=made, source=origin, quantize={}, versions={}, files=sum_files(folder)), folder)


def context_of(out):
    return RunContext(out, out.parent / "home", out, "cpu", SilentReporter())


def arrange(out, scenario):
    out.mkdir(parents=True)
    if scenario != "first":
        for name in ("checkpoint", "quantize"):
            (out / name).mkdir()
        fill(out / "checkpoint", "old", "old", "2026-11-20T10:00:00+00:00")
        (out / "quantize" / "notes").write_text("old")


def act(out, scenario):
    context = context_of(out)
    with context.staged("quantize") as notes, context.staged("checkpoint") as folder:
        (notes / "notes").write_text("new")
        fill(folder, "old" if scenario == "same" else "new", "new", "2026-11-21T10:00:00+00:00")


def break_at(count, kind):
    """Kill the process at call `count`, or fail that call, or fail all calls from there on; return the calls so far."""
    calls = []

    def broken(function):
        def call(*arguments, **options):
            calls.append(function)
            number = len(calls)
            if kind == "kill" and number == count:
                os.kill(os.getpid(), signal.SIGKILL)
            if (kind == "once" and number == count) or (kind == "full" and number >= count):
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*arguments, **options)
        return call

    for name in CALLS:
        setattr(os, name, broken(getattr(os, name)))
    return calls


def broken_off(work, count, kind):
    """Do `work` in a process of its own that breaks at call `count`; return whether it came that far."""
    child = os.fork()
    if child == 0:
        calls = break_at(count, kind)
        try:
            work()
        except OSError as problem:
            assert problem.errno == errno.ENOSPC
        os._exit(REACHED if len(calls) >= count else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, REACHED, -signal.SIGKILL), code
    return code != 0


def tree(out):
    """Return everything below `out` with its contents, without process ids: equal trees recover alike."""
    return {re.sub(r"[.][0-9]+", "", str(path.relative_to(out))): text(path) for path in out.rglob("*")}


def text(path):
    return path.read_text() if path.is_file() else "absent"


def described(folder):
    if not folder.exists():
        return "absent"
    if differences(folder):
        return "broken"
    return f"{text(folder / 'model.safetensors')} weights, {text(folder / 'README.md')} card"


def look(out):
    """Return (checkpoint, earlier ones, notes, anything else that was left)."""
    known = ("checkpoint", "checkpoints", "quantize", "eval")
    earlier = sorted(described(path) for path in (out / "checkpoints").glob("*"))
    left = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.relative_to(out).parts[0] not in known)
    return described(out / "checkpoint"), earlier, text(out / "quantize" / "notes"), left


os.fsync = lambda _descriptor: None  # a kill loses nothing that was written, so that waiting for the disk shows nothing
base, scenario, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
seen, trees = [], []
for count in itertools.count(1):
    out = base / str(count)
    arrange(out, scenario)
    off = broken_off(lambda: act(out, scenario), count, kind)
    known = tree(out) in trees
    trees.append(tree(out))
    for step in itertools.count(1) if kind == "kill" and not known else ():
        copy = base / "copy"
        shutil.copytree(out, copy)
        again = broken_off(lambda: context_of(copy).recover(), step, "kill")
        context_of(copy).recover()
        seen.append(look(copy))
        shutil.rmtree(copy)
        if not again:
            break
    context_of(out).recover()
    seen.append(look(out))
    if not off:
        break
print(json.dumps({"calls": count - 1, "seen": seen}))
'''


def outcomes(folder: Path, scenario: str, kind: str) -> tuple[int, set[tuple[str, str, str]]]:
    """Return how many calls were broken, and which (checkpoint, earlier ones, notes) were found; no more is left."""
    line = [sys.executable, "-c", HARNESS, str(folder / "runs"), scenario, kind]
    answer = subprocess.run(line, cwd=REPO, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    assert [left for *_, left in document["seen"] if left] == []
    found = {(current, " and ".join(earlier), notes) for current, earlier, notes, _ in document["seen"]}
    return document["calls"], found


OLD, NEW, CARDED = "old weights, old card", "new weights, new card", "old weights, new card"
SCENARIOS = {
    "first": {("absent", "", "absent"), (NEW, "", "absent"), (NEW, "", "new")},
    "other": {(OLD, "", "old"), (NEW, OLD, "old"), (NEW, OLD, "new")},
    "same": {(OLD, "", "old"), (CARDED, "", "old"), (CARDED, "", "new")},
}
"""What may be found after a break, and all of it is: the notes are never newer than the checkpoint."""


@pytest.mark.parametrize("kind", ["kill", "once", "full"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_broken_off_at_every_step(tmp_path: Path, scenario: str, kind: str) -> None:
    """SIGKILL, one failed call, or a disk full from there on: the old or the new checkpoint is there, verified.

    A process is killed at every rename, sync, folder made, link and removal of the publication, and for each of these
    again at every step of the recovery.
    """
    calls, found = outcomes(tmp_path, scenario, kind)
    assert calls > 10
    assert found == SCENARIOS[scenario]

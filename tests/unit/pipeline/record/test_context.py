"""Output folders appear whole or not at all, whatever ends the process and whenever."""

import contextlib
import os
import resource
import signal
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.base.progress import SilentReporter
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.record.context import CHECKPOINT, EARLIER, RunContext


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """The context of a run."""
    return RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())


def make(context: RunContext, weights: str, made: str) -> None:
    """Publish a checkpoint, as the stage does."""
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    with context.staged(CHECKPOINT) as folder:
        (folder / "model.safetensors").write_text(weights)
        files = sum_files(folder)
        write_manifest(Manifest(created_at=made, source=origin, quantize={}, versions={}, files=files), folder)


def earlier(context: RunContext) -> list[str]:
    """Return the names of earlier checkpoints."""
    return sorted(path.name for path in (context.out / EARLIER).glob("*"))


def test_replaced_checkpoints_are_kept_by_time_and_digest(context: RunContext) -> None:
    """Each stays, renamed and whole; the current one is the last."""
    digests = []
    for weights, made in (("a", "2026-11-20T10:00:00+00:00"), ("b", "2026-11-21T11:12:13+00:00"), ("c", "later")):
        make(context, weights, made)
        digests.append(read_manifest(context.out / CHECKPOINT).digest()[:12])
    assert earlier(context) == [f"20261120T100000Z-{digests[0]}", f"20261121T111213Z-{digests[1]}"]
    assert [differences(context.out / EARLIER / name) for name in earlier(context)] == [[], []]
    assert read_manifest(context.out / CHECKPOINT).created_at == "later"


def test_renamed_and_not_copied(context: RunContext) -> None:
    """The file that was replaced is the file that is kept."""
    make(context, "a", "x")
    inode = (context.out / CHECKPOINT / "model.safetensors").stat().st_ino
    make(context, "b", "y")
    assert (context.out / EARLIER / earlier(context)[0] / "model.safetensors").stat().st_ino == inode


def test_folder_without_a_manifest_is_not_kept(context: RunContext) -> None:
    """What was no finished checkpoint is no earlier one either."""
    (context.out / CHECKPOINT).mkdir(parents=True)
    (context.out / CHECKPOINT / "junk").write_text("x")
    make(context, "a", "x")
    assert earlier(context) == []


def test_other_outputs_are_replaced_without_a_trace(context: RunContext) -> None:
    """Results of a stage are made again in minutes; only checkpoints are kept."""
    for content in ("one", "two"):
        with context.staged("eval") as folder:
            (folder / "results.json").write_text(content)
    assert (context.out / "eval" / "results.json").read_text() == "two"
    assert sorted(path.name for path in context.out.iterdir()) == [".partial", "eval"]


def test_failed_block_leaves_nothing(context: RunContext) -> None:
    """The folder of a block that fails is gone at once, and what was there before stays."""
    make(context, "a", "x")
    half_way = ValueError("half-way")

    def fail() -> None:
        with context.staged(CHECKPOINT) as folder:
            (folder / "model.safetensors").write_text("half")
            raise half_way

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert list(context.scratch.iterdir()) == []
    assert differences(context.out / CHECKPOINT) == []


def test_full_disk_while_writing(context: RunContext) -> None:
    """A real refusal of the kernel in the middle of a file; nothing of it stays."""
    make(context, "a", "x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def overfill() -> None:
        with context.staged(CHECKPOINT) as folder:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
            (folder / "model.safetensors").write_bytes(bytes(200_000))

    try:
        with pytest.raises(OSError, match="File too large"):
            overfill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(context.scratch.iterdir()) == []
    assert differences(context.out / CHECKPOINT) == []


def test_recovery_keeps_findings_and_drops_the_rest(context: RunContext) -> None:
    """`.resume/` outlives a failure; half-written records and unfinished folders do not."""
    (context.resume("quantize") / "layer-0").write_text("x")
    (context.scratch / "checkpoint.123").mkdir()
    (context.out / ".record.json.123").write_text("{")
    (context.out / "record.json").write_text("{}")
    context.recover()
    assert sorted(path.name for path in context.out.iterdir()) == [".resume", "record.json"]
    assert (context.resume("quantize") / "layer-0").read_text() == "x"


def test_recovery_of_a_folder_never_used(context: RunContext) -> None:
    """There is nothing to do, and nothing is made."""
    context.out.mkdir()
    context.recover()
    assert list(context.out.iterdir()) == []


def test_stop_between_the_two_moves_is_undone_at_once(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C where nothing is in place puts the old one back without waiting for the next start."""
    make(context, "a", "x")
    replace, names = Path.replace, []

    def stop(path: Path, target: Path) -> Path:
        names.append(path.name)
        if path.name.startswith(f"{CHECKPOINT}.{os.getpid()}"):
            signal.raise_signal(signal.SIGINT)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        make(context, "b", "y")
    assert names[-3:] == [CHECKPOINT, f"{CHECKPOINT}.{os.getpid()}", f"{CHECKPOINT}.old"]
    assert (context.out / CHECKPOINT / "model.safetensors").read_text() == "a"
    assert list(context.scratch.iterdir()) == []


def test_everything_is_on_disk_before_it_moves(context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, then folders, are synced before the first move, and both parents after each move."""
    make(context, "a", "x")
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        events.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().relative_to(context.out)}")
        sync(descriptor)

    def moved(source: Path, target: Path) -> None:
        events.append(f"move {source.relative_to(context.out)} {target.relative_to(context.out)}")
        replace(source, target)

    with context.staged(CHECKPOINT) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("b")
        monkeypatch.setattr("os.fsync", synced)
        monkeypatch.setattr("os.replace", moved)
    new, old = f".partial/{CHECKPOINT}.{os.getpid()}", f".partial/{CHECKPOINT}.old"
    kept = f"{EARLIER}/{earlier(context)[0]}"
    written = [f"sync {new}/sub/file", f"sync {new}/sub", f"sync {new}", "sync ."]
    moves = [
        *(f"move {CHECKPOINT} {old}", "sync .partial", "sync ."),
        *(f"move {new} {CHECKPOINT}", "sync .", "sync .partial"),
        *(f"move {old} {kept}", f"sync {EARLIER}", "sync .partial"),
    ]
    assert events == [*written, *moves]


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_laid_aside_goes_with_the_block(tmp_path: Path, *, fails: bool) -> None:
    """Whether it ends well or not; a second block begins with an empty folder."""
    context = RunContext(tmp_path, tmp_path / "home", tmp_path, "cpu", SilentReporter())
    with pytest.raises(KeyboardInterrupt) if fails else contextlib.nullcontext(), context.aside("tasks") as folder:
        assert list(folder.iterdir()) == []
        (folder / "items.jsonl").write_text("{}")
        if fails:
            raise KeyboardInterrupt
    assert list(context.scratch.iterdir()) == []


def test_a_folder_that_no_record_could_name_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 in a folder's name are told before hours are spent."""
    odd = tmp_path / os.fsdecode(b"\xff")
    for out, recipe_dir in ((odd, tmp_path), (tmp_path, odd)):
        with pytest.raises(UsageError, match="is not UTF-8"):
            RunContext(out, tmp_path, recipe_dir, "cpu", SilentReporter())

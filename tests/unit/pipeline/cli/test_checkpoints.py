"""`awqctl checkpoints`, and how stages and `awqctl serve` look at the checkpoint they are given."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import click.testing
import pytest
from filelock import FileLock

from pipeline.base.errors import BusyError, SourceError, UsageError
from pipeline.base.progress import SilentReporter
from pipeline.cli.main import cli
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import NAME, Manifest, ManifestSource, differences, read_manifest, write_manifest
from pipeline.record.checkpoint import checkpoint_of, recorded_checkpoint
from pipeline.record.context import CHECKPOINT, EARLIER, RunContext
from tests.helpers import invoke

LONG_AGO_NS = 10**18


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """The context of a run that made three checkpoints, one after the other."""
    context = RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())
    for day, versions in ((18, {"autoawq": "0.2.9"}), (19, {"llmcompressor": "0.12.0"}), (20, {"autoawq": "0.2.9"})):
        with context.staged(CHECKPOINT) as folder:
            (folder / "model.safetensors").write_text(f"weights {day}")
            os.utime(folder / "model.safetensors", ns=(LONG_AGO_NS, LONG_AGO_NS))
            write_manifest(
                Manifest(
                    created_at=f"2026-11-{day}T10:00:00+00:00",
                    source=ManifestSource(reference="org/name", commit=f"{day}" * 20, licence="mit", files={}),
                    quantize={"backend": "auto"},
                    versions=versions,
                    files=sum_files(folder),
                ),
                folder,
            )
    return context


def rows(context: RunContext) -> list[dict[str, Any]]:
    """Return what `ls --json` prints."""
    answer = invoke("checkpoints", "ls", "--out", context.out, "--json")
    listed: list[dict[str, Any]] = json.loads(answer.stdout)
    return listed


def earlier(context: RunContext) -> list[str]:
    """Return the names of the earlier checkpoints on disk."""
    return sorted(path.name for path in (context.out / EARLIER).glob("*"))


def test_ls_says_where_each_comes_from(context: RunContext) -> None:
    """The current one first, then from new to old, with what the manifest says."""
    listed = rows(context)
    assert [(row["folder"][:28], row["current"], row["source_commit"][:4], row["backend"]) for row in listed] == [
        ("checkpoint", True, "2020", "autoawq"),
        ("checkpoints/20261119T100000Z", False, "1919", "llm-compressor"),
        ("checkpoints/20261118T100000Z", False, "1818", "autoawq"),
    ]
    manifest = read_manifest(context.out / CHECKPOINT)
    current = listed[0]
    assert (current["digest"], current["created_at"], current["source"]) == (
        manifest.digest(),
        manifest.created_at,
        "org/name",
    )
    size = sum(path.stat().st_size for path in (context.out / CHECKPOINT).iterdir())
    assert (current["bytes"], current["complete"], current["problems"]) == (size, True, [])


def test_ls_holds_at_60_columns(context: RunContext) -> None:
    """Folder, model, time and size are whole there."""
    found = click.testing.CliRunner(env={"COLUMNS": "60"}).invoke(cli, ["checkpoints", "ls", "--out", str(context.out)])
    shown = found.stdout.splitlines()
    assert max(map(len, shown)) <= 60
    assert any(line.startswith("checkpoints/20261119T100000Z") for line in shown)
    assert "2026-11-19 10:00" in found.stdout


def test_ls_takes_a_recipe_or_a_folder(context: RunContext) -> None:
    """Both show the same; neither is a mistake."""
    by_folder = invoke("checkpoints", "ls", "--out", context.out)
    by_recipe = invoke("checkpoints", "ls", "demo", "--out", context.out)
    assert by_folder.stdout == by_recipe.stdout
    assert by_folder.stdout.count("complete") == 3
    neither = invoke("checkpoints", "ls")
    assert (neither.exit_code, "Give RECIPE or --out DIR" in neither.stderr) == (2, True)


def test_ls_shows_what_is_not_complete(context: RunContext) -> None:
    """A lost shard and a lost manifest are seen without reading; damaged ones come last."""
    newer, older = reversed([context.out / EARLIER / name for name in earlier(context)])
    (newer / "model.safetensors").unlink()
    (older / NAME).unlink()
    found = {row["folder"].rpartition("/")[2]: row["problems"] for row in rows(context)}
    assert found == {
        "checkpoint": [],
        newer.name: ["model.safetensors: missing"],
        older.name: ["no manifest that can be read"],
    }


def test_folder_without_checkpoints(context: RunContext, tmp_path: Path) -> None:
    """An empty folder has none, which is no error; a folder that is not there is one."""
    (tmp_path / "empty").mkdir()
    empty = invoke("checkpoints", "ls", "--out", tmp_path / "empty")
    assert (empty.exit_code, "There is no checkpoint" in empty.stderr) == (0, True)
    for command in (["ls", "--out", tmp_path / "no"], ["prune", "demo", "--out", tmp_path / "no"]):
        assert isinstance(invoke("checkpoints", *command).exception, SourceError)


def test_prune_keeps_the_newest_earlier_one(context: RunContext) -> None:
    """As its help says, without an option: what goes is said, and what stays is whole."""
    newest, oldest = (row for row in rows(context) if not row["current"])
    answer = invoke("checkpoints", "prune", "demo", "--out", context.out, "--yes", "--json")
    assert json.loads(answer.stdout) == {
        "removed": [oldest["folder"]],
        "would_remove": [],
        "kept": [newest["folder"]],
        "freed_bytes": oldest["bytes"],
    }
    assert list(context.scratch.iterdir()) == []
    assert differences(context.out / newest["folder"]) == differences(context.out / CHECKPOINT) == []
    again = invoke("checkpoints", "prune", "demo", "--out", context.out)
    assert (again.exit_code, "0 removed" in again.stdout) == (0, True)


def test_prune_removes_all_when_told_to(context: RunContext) -> None:
    """`--keep 0` leaves the current one alone."""
    answer = invoke("checkpoints", "prune", "demo", "--out", context.out, "--keep", "0", "--yes")
    assert "2 removed" in answer.stdout
    assert sorted(path.name for path in context.out.iterdir() if path.name[0] != ".") == [CHECKPOINT]


def test_prune_refuses_where_nobody_can_be_asked(context: RunContext) -> None:
    """In a script without --yes nothing goes; what would go is said with the model it is of."""
    answer = invoke("checkpoints", "prune", "demo", "--out", context.out)
    assert isinstance(answer.exception, UsageError)
    assert "--yes" in str(answer.exception)
    assert "20261118T100000Z" in answer.stderr
    assert "org/name@181818181818" in answer.stderr
    assert len(earlier(context)) == 2


def test_prune_only_looks_when_told_to(context: RunContext) -> None:
    """`--dry-run` lists and removes nothing, with --yes too."""
    oldest = rows(context)[-1]["folder"]
    answer = invoke("checkpoints", "prune", "demo", "--out", context.out, "--dry-run", "--yes", "--json")
    found = json.loads(answer.stdout)
    assert (found["would_remove"], found["removed"], len(earlier(context))) == ([oldest], [], 2)


@pytest.mark.parametrize(("answered", "left"), [("n", 2), ("y", 1)])
def test_prune_asks_on_a_terminal(
    context: RunContext, monkeypatch: pytest.MonkeyPatch, answered: str, left: int
) -> None:
    """A no leaves everything."""
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)  # noqa: SLF001
    line = ["checkpoints", "prune", "demo", "--out", str(context.out)]
    answer = click.testing.CliRunner().invoke(cli, line, input=f"{answered}\n")
    assert (answer.exit_code, len(earlier(context))) == (0, left)
    assert "for good?" in answer.stderr


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_prune_never_removes_the_last_whole_one(context: RunContext, damage: str) -> None:
    """Where the current one is gone or damaged an earlier one stays, even with `--keep 0`."""
    weights = context.out / CHECKPOINT / "model.safetensors"
    weights.unlink() if damage == "damaged" else shutil.rmtree(context.out / CHECKPOINT)
    newest = earlier(context)[-1]
    invoke("checkpoints", "prune", "demo", "--out", context.out, "--keep", "0", "--yes")
    assert earlier(context) == [newest]


def test_prune_leaves_what_is_not_its_own(context: RunContext) -> None:
    """A folder of another name was put there by somebody."""
    (context.out / EARLIER / "mine").mkdir()
    invoke("checkpoints", "prune", "demo", "--out", context.out, "--keep", "0", "--yes")
    assert earlier(context) == ["mine"]


def test_prune_waits_for_nobody(context: RunContext) -> None:
    """While a run works in the folder nothing is removed."""
    with FileLock(context.out / ".lock"):
        answer = invoke("checkpoints", "prune", "demo", "--out", context.out, "--yes")
    assert isinstance(answer.exception, BusyError)
    assert len(earlier(context)) == 2


def test_prune_first_recovers(context: RunContext) -> None:
    """After a kill in the middle of a replacement the old one is the current one, and stays."""
    (context.out / CHECKPOINT).rename(context.scratch / f"{CHECKPOINT}.old")
    newest = earlier(context)[-1]
    invoke("checkpoints", "prune", "demo", "--out", context.out, "--yes")
    assert (differences(context.out / CHECKPOINT), earlier(context)) == ([], [newest])


def test_stage_takes_the_checkpoint_of_the_record(context: RunContext) -> None:
    """The right one passes, cached or not."""
    digest = read_manifest(context.out / CHECKPOINT).digest()
    assert checkpoint_of(context, digest) == checkpoint_of(context, digest) == context.out / CHECKPOINT


def test_stage_refuses_a_flipped_byte_that_it_had_accepted(context: RunContext) -> None:
    """The cache does not hide a change; only `recorded_checkpoint` does not look."""
    digest = read_manifest(context.out / CHECKPOINT).digest()
    checkpoint = checkpoint_of(context, digest)
    (checkpoint / "model.safetensors").write_text("weights 2O")
    assert recorded_checkpoint(context, digest) == checkpoint
    with pytest.raises(SourceError, match=r"is not what its manifest says: model\.safetensors: contents changed"):
        checkpoint_of(context, digest)


def test_many_problems_are_counted(context: RunContext) -> None:
    """Three are named, the rest is a number."""
    for number in range(5):
        (context.out / CHECKPOINT / f"extra-{number}").write_text("")
    with pytest.raises(SourceError, match="extra-2: not in the manifest; 2 more"):
        checkpoint_of(context, read_manifest(context.out / CHECKPOINT).digest())


def test_killed_between_checkpoint_and_record(context: RunContext) -> None:
    """The record describes the one before: the message says how that comes and what to do."""
    digest = read_manifest(context.out / EARLIER / earlier(context)[-1]).digest()
    with pytest.raises(SourceError, match="a run was stopped between writing and recording it") as caught:
        recorded_checkpoint(context, digest)
    assert caught.value.message.endswith("Run `awqctl quantize RECIPE --force`.")


def test_killed_between_the_two_moves(context: RunContext) -> None:
    """Nothing is in place until the next run recovers it: the message names that run."""
    digest = read_manifest(context.out / CHECKPOINT).digest()
    (context.out / CHECKPOINT).rename(context.scratch / f"{CHECKPOINT}.old")
    with pytest.raises(SourceError, match="Run `awqctl quantize RECIPE`: it puts back"):
        checkpoint_of(context, digest)
    context.recover()
    assert checkpoint_of(context, digest) == context.out / CHECKPOINT

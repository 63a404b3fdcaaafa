"""Releases in MLflow's registry on SQLite, and `awqctl release` of an endpoint that does not run.

All tests share one store; each has an endpoint of its own in it.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from mlflow import MlflowClient

from pipeline.base.errors import EnvironmentLackError, GateError, SourceError, UsageError
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import CHECKPOINT, EARLIER
from pipeline.record.record import RECORD, load_record, save_record
from pipeline.run.releases import served_release
from pipeline.run.tracking import Tracker
from serve.endpoint import endpoint_folder
from serve.releases.changes import changes_of
from serve.releases.location import located, verified
from serve.releases.registry import Registry, pinned
from serve.releases.release import Release
from tests.fakes.released_run import FAILED, make_run, run_context
from tests.helpers import RecordingReporter, invoke


class Desk:
    """`awqctl release` of one endpoint on one store."""

    def __init__(self, endpoint: str, store: str) -> None:
        self.endpoint, self.store = endpoint, store
        self.registry = Registry(Tracker(store), endpoint_folder(endpoint))

    def __call__(self, *arguments: object) -> dict[str, Any]:
        """Return what a subcommand prints as JSON; raise what it raises."""
        options = ("--endpoint", self.endpoint, "--store", self.store, "--json")
        found: dict[str, Any] = json.loads(invoke("release", *arguments, *options, raises=True).stdout)
        return found

    def production(self) -> tuple[int | None, int | None]:
        """Return which versions are production and previous."""
        listed = self("ls")
        return listed["production"], listed["previous"]


@pytest.fixture
def desk(request: pytest.FixtureRequest, run_store: str) -> Desk:
    """Return the releases of an endpoint that no other test has."""
    return Desk(request.node.name.removeprefix("test_").replace("[", "-").replace("]", ""), run_store)


def test_run_becomes_a_release_once(desk: Desk, tmp_path: Path) -> None:
    """It pins folder, digest, gates and settings; the same weights again are the same release, and none is copied."""
    digest = make_run(tmp_path / "out")
    added = desk("add", tmp_path / "out")
    assert (added["version"], added["digest"], added["arm"]) == (1, digest, "awq")
    assert (added["checkpoint"], added["recipe"]) == (str(tmp_path / "out" / CHECKPOINT), "demo")
    assert added["gates"][-1]["outcome"] == "passed"
    assert (added["accuracy_measured"], added["start_seconds"], added["despite"]) == (True, 34.0, [])
    assert desk("add", tmp_path / "out")["version"] == 1
    client = MlflowClient(desk.store)
    version = client.get_model_version(desk.endpoint, "1")
    assert version.tags["awqctl.checkpoint_digest"] == digest
    assert [file.path for file in client.list_artifacts(version.run_id)] == ["answers.json"]
    (items,) = {desk.registry.items(Release.model_validate(added))}
    assert len(items) == 8
    assert (items[0].answer, items[0].choices) == (" one", (" one", " two", " three"))


def test_failed_gate_makes_no_release(desk: Desk, tmp_path: Path) -> None:
    """Asked for all the same, what was passed over stays with it."""
    make_run(tmp_path / "out", gate=FAILED)
    with pytest.raises(GateError, match=r"accuracy of sums.*release add .* --despite-gates"):
        desk("add", tmp_path / "out")
    assert desk("ls")["releases"] == []
    added = desk("add", tmp_path / "out", "--despite-gates")
    assert added["despite"] == ["accuracy of sums (failed): 3.1 points lost, 2 allowed."]
    listed = invoke("release", "ls", "--endpoint", desk.endpoint, "--store", desk.store).stdout
    assert "not passed: accuracy of sums, passed over" in " ".join(listed.split())


def test_accuracy_that_was_not_measured_is_said(desk: Desk, tmp_path: Path) -> None:
    """A release without an evaluation is one, and says so; it has no answers to compare with."""
    make_run(tmp_path / "out", gate=None)
    added = Release.model_validate(desk("add", tmp_path / "out"))
    assert (added.accuracy_measured, added.gates_in_short) == (False, "accuracy not measured")
    assert desk.registry.items(added) == ()


def test_damaged_checkpoint_makes_no_release(desk: Desk, tmp_path: Path) -> None:
    """A file that is not what the manifest says ends it before anything is registered."""
    make_run(tmp_path / "out")
    (tmp_path / "out" / CHECKPOINT / "weights.txt").write_text("other", encoding="utf-8")
    with pytest.raises(SourceError, match=r"is not what its manifest says: weights\.txt"):
        desk("add", tmp_path / "out")
    assert desk("ls")["releases"] == []


def test_promote_and_roll_back_of_what_does_not_run(desk: Desk, tmp_path: Path) -> None:
    """The alias moves, `previous` follows, and going back twice never meets what was gone back from."""
    out = tmp_path / "out"
    make_run(out)
    assert desk("promote", out)["outcome"] == "moved"
    make_run(out, "second", day=19)
    moved = desk("promote", out)
    assert (moved["release"], moved["replaced"], desk.production()) == (2, 1, (2, 1))
    back = desk("rollback")
    assert (back["kind"], back["release"], back["replaced"], desk.production()) == ("rollback", 1, 2, (1, None))
    with pytest.raises(UsageError, match="no release to go back to"):
        desk("rollback")
    assert desk("promote", "v2")["release"] == 2
    assert desk.production() == (2, 1)
    kept = changes_of(endpoint_folder(desk.endpoint))
    assert [(one.kind, one.release, one.outcome) for one in kept] == [
        ("promote", 1, "moved"),
        ("promote", 2, "moved"),
        ("rollback", 1, "moved"),
        ("promote", 2, "moved"),
    ]
    assert desk("ls")["latest_change"]["release"] == 2


def test_changes_are_runs_of_the_store(desk: Desk, tmp_path: Path) -> None:
    """Each is a run that ended, with where from and where to, and the release says how its latest one ended."""
    make_run(tmp_path / "out")
    desk("promote", tmp_path / "out")
    client = MlflowClient(desk.store)
    experiment = Tracker(desk.store).experiment_id
    runs = client.search_runs([experiment], f"tags.`awqctl.endpoint` = '{desk.endpoint}'")
    assert runs[0].info.run_name == f"promote {desk.endpoint} v1"
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert (runs[0].data.tags["awqctl.outcome"], runs[0].data.tags["awqctl.replaced"]) == ("moved", "none")
    assert "promote: moved" in client.get_model_version(desk.endpoint, "1").tags["awqctl.latest_change"]


def test_rollback_to_the_baseline_is_one_command(desk: Desk, tmp_path: Path) -> None:
    """The 16-bit model that production was made from is registered, verified, and production from then on."""
    out = tmp_path / "out"
    make_run(out)
    desk("promote", out)
    assert desk("rollback", "--to", "baseline")["release"] == 2
    baseline = desk.registry.release(2)
    assert (baseline.arm, baseline.checkpoint) == ("baseline", str(tmp_path / "source"))
    assert desk("ls")["production"] == 2
    assert desk("promote", "1")["outcome"] == "moved"
    assert desk("rollback", "--to", "baseline")["release"] == 2
    (tmp_path / "source" / "weights.txt").write_text("other", encoding="utf-8")
    desk("promote", "1")
    with pytest.raises(SourceError, match="not the one that release 2 was registered with"):
        desk("rollback", "--to", "baseline")
    assert desk("ls")["production"] == 1


def test_replaced_checkpoint_is_found_again(desk: Desk, tmp_path: Path) -> None:
    """A later quantize moves the weights; the release finds them by their digest until they are pruned."""
    out = tmp_path / "out"
    make_run(out)
    desk("promote", out)
    make_run(out, "second", day=19)
    first = desk.registry.release(1)
    assert first.checkpoint == str(out / CHECKPOINT)
    assert located(first).parent == out / EARLIER
    assert verified(first, RecordingReporter()) == located(first)
    for folder in (out / EARLIER).iterdir():
        (folder / "awqctl-manifest.json").unlink()
    with pytest.raises(SourceError, match=f"is gone: .* `awqctl quantize demo --out {out}` makes it again"):
        desk("promote", "1")


def test_pruning_leaves_what_an_endpoint_needs(desk: Desk, tmp_path: Path) -> None:
    """Production and what it would go back to stay, with the reason; others go."""
    out = tmp_path / "out"
    for day, weights in enumerate(("first", "second", "third", "fourth"), 18):
        make_run(out, weights, day=day)
        if weights in ("second", "third"):
            desk("promote", out)
    answer = invoke("checkpoints", "prune", "demo", "--out", out, "--keep", "0", "--yes", "--json")
    assert [name[:25] for name in json.loads(answer.stdout)["removed"]] == ["checkpoints/20261118T1000"]
    assert f"it is v2 of the endpoint '{desk.endpoint}'" in answer.stderr
    assert f"it is v1 of the endpoint '{desk.endpoint}'" in answer.stderr
    assert desk("rollback")["outcome"] == "moved"


def test_names_of_others_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    """A registered model that awqctl did not make is not written to."""
    MlflowClient(desk.store).create_registered_model(desk.endpoint)
    make_run(tmp_path / "out")
    with pytest.raises(UsageError, match=r"not of awqctl.*--endpoint NAME"):
        desk("add", tmp_path / "out")


def test_what_is_not_there_is_said(desk: Desk) -> None:
    """An unknown version, an odd one, and an endpoint without releases."""
    with pytest.raises(SourceError, match="has no release 7"):
        desk("promote", "7")
    with pytest.raises(UsageError, match="not 'latest'"):
        desk("rollback", "--to", "latest")
    shown = invoke("release", "ls", "--endpoint", desk.endpoint, "--store", desk.store)
    assert "has no release" in shown.stderr


def _served(desk: Desk, out: Path, reporter: RecordingReporter, version: int | None = None) -> Release:
    """Return what `awqctl serve` would serve for the run."""
    record = load_record(out / RECORD)
    assert record is not None
    context = replace(run_context(out), reporter=reporter)
    registry = Registry(Tracker(desk.store), endpoint_folder(desk.endpoint))
    return served_release(registry, Recipe.model_validate(record.recipe), context, record, version=version)


def test_first_start_registers_and_later_ones_stay(desk: Desk, tmp_path: Path) -> None:
    """The run's checkpoint is the first release; a newer one is only told of; a rollback outlives restarts."""
    out, reporter = tmp_path / "out", RecordingReporter()
    first = make_run(out)
    assert _served(desk, out, reporter).version == 1
    assert desk.production() == (1, None)
    assert reporter.warnings == []
    second = make_run(out, "second", day=19)
    served = _served(desk, out, reporter)
    assert (served.version, served.digest) == (1, first)
    assert Path(served.checkpoint).parent == out / EARLIER
    assert f"awqctl release promote {out}" in reporter.warnings[-1]
    desk("promote", out)
    assert _served(desk, out, RecordingReporter()).digest == second
    desk("rollback")
    assert _served(desk, out, RecordingReporter()).digest == first
    chosen = _served(desk, out, reporter, version=2)
    assert (chosen.digest, desk.production()) == (second, (1, None))
    assert "until the next start" in reporter.warnings[-1]


def test_settings_of_a_release_stay(desk: Desk, tmp_path: Path) -> None:
    """A recipe with other settings of the engine is told of; registered, the same weights are another release."""
    out, reporter = tmp_path / "out", RecordingReporter()
    make_run(out)
    before = _served(desk, out, reporter).engine.max_num_seqs
    setting = f"engine.max_num_seqs={before + 1}"
    record = load_record(out / RECORD)
    assert record is not None
    edited = record.recipe | {"engine": record.recipe["engine"] | {"max_num_seqs": before + 1}}
    save_record(record.model_copy(update={"recipe": edited}), out / RECORD)
    assert _served(desk, out, reporter).engine.max_num_seqs == before
    assert f"awqctl release promote {out} --endpoint {desk.endpoint} --set {setting}" in reporter.warnings[-1]
    save_record(record, out / RECORD)
    assert desk("promote", out, "--set", setting)["release"] == 2
    with pytest.raises(click.UsageError, match="--set goes with a RUN"):
        desk("promote", "1", "--set", setting)
    assert _served(desk, out, RecordingReporter()).engine.max_num_seqs == before + 1


def test_registry_that_cannot_be_reached_keeps_nobody_from_serving(desk: Desk, tmp_path: Path) -> None:
    """What was production is served with a warning; without anything known, the run's checkpoint as no release."""
    out, reporter = tmp_path / "out", RecordingReporter()
    make_run(out)
    (tmp_path / "file").write_text("", encoding="utf-8")
    gone = Desk(desk.endpoint, f"sqlite:///{tmp_path}/file/mlflow.db")
    assert _served(gone, out, reporter).version == 0
    assert "as no release" in reporter.warnings[-1]
    assert _served(desk, out, RecordingReporter()).version == 1
    kept = pinned(endpoint_folder(desk.endpoint))
    assert kept is not None
    assert kept.release.version == 1
    assert _served(gone, out, reporter).version == 1
    assert "v1 is served" in reporter.warnings[-1]
    with pytest.raises(EnvironmentLackError):
        _served(gone, out, reporter, version=2)


def test_store_that_knows_nothing_does_not_undo_a_rollback(desk: Desk, tmp_path: Path) -> None:
    """A start in another folder meets a new store: what the endpoint served is served, not the run's newest."""
    out, reporter = tmp_path / "out", RecordingReporter()
    first = make_run(out)
    _served(desk, out, reporter)
    second = make_run(out, "second", day=19)
    MlflowClient(desk.store).delete_registered_model(desk.endpoint)
    assert _served(desk, out, reporter).digest == first
    assert "knows no release" in reporter.warnings[0]
    assert desk.production() == (None, None)
    desk("promote", out)
    assert _served(desk, out, RecordingReporter()).digest == second

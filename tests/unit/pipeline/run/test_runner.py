"""The runner: what runs, what is kept, what is written down. Stages are made for the tests; the store is left out."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import pytest
from filelock import FileLock

from eval.accuracy.result import EvalResult
from pipeline.base.errors import BusyError, EngineError, Interrupted, MissingStageError, RecipeError, SourceError
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate, Metric, Payload
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, write_manifest
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RECORD, RunRecord, StageOutcome, StageResult, load_record
from pipeline.record.stage import Need, Stage, sections
from pipeline.report.result import ReportResult
from pipeline.run.runner import Runner, record_for, renewal, report_changes
from pipeline.run.stages import settings_of, stage_named, upstream_of

calls: list[str] = []


class FirstResult(Payload):
    """What the first stage reports."""

    STAGE: ClassVar = "first"
    schema_version: Literal[1] = 1
    digest: str


class SecondResult(Payload):
    """What the second stage reports."""

    STAGE: ClassVar = "second"
    schema_version: Literal[1] = 1


class ThirdResult(Payload):
    """What the third stage reports."""

    STAGE: ClassVar = "third"
    schema_version: Literal[1] = 1


def first(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
    """Publish one file and report it."""
    calls.append("first")
    with context.staged("first") as folder:
        (folder / "data").write_text("x")
    return StageOutcome(metrics=(Metric(name="x", value=1.0, origin="measured"),), result=FirstResult(digest="same"))


def first_again(_recipe: Recipe, _context: RunContext, _record: RunRecord) -> StageOutcome:
    """Report something else."""
    return StageOutcome(result=FirstResult(digest="other"))


def second(_recipe: Recipe, _context: RunContext, _record: RunRecord) -> StageOutcome:
    """Report a failed gate."""
    calls.append("second")
    return StageOutcome(gates=(Gate(name="g", passed=False, statement="too much."),), result=SecondResult())


def third(_recipe: Recipe, _context: RunContext, _record: RunRecord) -> StageOutcome:
    """Do nothing."""
    return StageOutcome(result=ThirdResult())


def breaking(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
    """Fail half-way through writing."""
    with context.staged("first") as folder:
        (folder / "data").write_text("half")
        raise EngineError("it broke.")


def interrupted(_recipe: Recipe, _context: RunContext, _record: RunRecord) -> StageOutcome:
    """Be stopped."""
    raise Interrupted("stop.")


class NoTracker:
    """Stands in for MLflow, which has tests of its own."""

    store = "https://user:secret@mlflow.example.org"

    def pipeline(self, *_: object) -> Self:
        """Return the run."""
        return self

    stage = pipeline

    def begin(self) -> str:
        """Return an id."""
        return "run"

    def finish(self, *_: object) -> None:
        """Ignore."""

    complete = finish

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def stage(function: Callable[..., StageOutcome], result: type[Payload] = FirstResult, **fields: Any) -> Stage:
    """Return the declaration of a stage whose function is one of this file."""
    return Stage(run=function, result=result, **{"settings": sections("bench"), **fields})


FIRST = stage(first, outputs=lambda _recipe: ("first/data",))
SECOND = stage(second, SecondResult, settings=sections("roi"), needs=(Need(FirstResult),))


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runner]:
    """Return a maker of runners on one output folder."""
    calls.clear()
    monkeypatch.setattr("pipeline.run.stages.STAGES", (FIRST, SECOND))

    def runner(*overrides: str) -> Runner:
        loaded = load_recipe("demo", overrides)
        recipe, path = loaded.recipe, loaded.path
        context = RunContext(tmp_path / "out", tmp_path / "home", path.parent, "cpu", SilentReporter())
        return Runner(recipe, context, NoTracker())  # type: ignore[arg-type]

    return runner


def reasons(runner: Runner, *stages: Stage, **options: bool) -> list[str]:
    """Run stages, both by default; return why each ran, or that it was kept."""
    return [report.reason for report in runner.run(stages or (FIRST, SECOND), **options)[1]]


def test_second_run_does_nothing(make: Callable[..., Runner]) -> None:
    """Unchanged inputs, kept results, a failed gate included."""
    assert reasons(make()) == ["not run yet", "not run yet"]
    assert reasons(make()) == ["up to date", "up to date"]
    assert calls == ["first", "second"]


def test_the_record_names_the_store_without_its_password(make: Callable[..., Runner]) -> None:
    """Where a run was logged is a fact of the run; what opens the store is none."""
    record, _ = make().run([FIRST])

    assert record.mlflow_store is not None
    assert record.mlflow_store.endswith("@mlflow.example.org")
    assert "secret" not in record.mlflow_store


def test_change_redoes_what_depends_on_it_and_says_so(make: Callable[..., Runner]) -> None:
    """Only the stage that reads the key runs again, and the key is named."""
    make().run([FIRST, SECOND])
    assert reasons(make("roi.hourly.usd=2")) == ["up to date", "changed: recipe.roi.hourly"]
    assert reasons(make("roi.hourly.usd=2", "bench.repeats=1")) == ["changed: recipe.bench.repeats", "up to date"]


def test_force_redoes_everything(make: Callable[..., Runner]) -> None:
    """`--force` asks for all."""
    make().run([FIRST, SECOND])
    assert reasons(make(), force=True) == ["asked for with --force"] * 2


def test_lost_output_is_made_again(make: Callable[..., Runner], tmp_path: Path) -> None:
    """A result whose file is gone is not kept."""
    make().run([FIRST])
    (tmp_path / "out" / "first" / "data").unlink()
    assert reasons(make())[0] == "first/data is gone"


def test_failure_is_recorded_and_leaves_the_last_output(make: Callable[..., Runner], tmp_path: Path) -> None:
    """A stage that fails half-way changes nothing but the record, and runs again next time."""
    make().run([FIRST])
    broken = stage(breaking, outputs=FIRST.outputs)
    with pytest.raises(EngineError):
        make().run([broken], force=True)
    record = load_record(tmp_path / "out" / RECORD)
    assert record is not None
    assert (record.failed_attempts["first"].status, record.failed_attempts["first"].error) == ("failed", "it broke.")
    assert (tmp_path / "out" / "first" / "data").read_text() == "x"
    assert list((tmp_path / "out" / ".partial").iterdir()) == []


def test_failed_attempt_does_not_displace_a_result(make: Callable[..., Runner], tmp_path: Path) -> None:
    """The earlier result stays usable, with the failed attempt noted beside it until one succeeds."""

    def fails(*_: object) -> StageOutcome:
        raise EngineError("no.")

    make().run([FIRST])
    broken = stage(fails, outputs=FIRST.outputs)
    with pytest.raises(EngineError):
        make().run([broken], force=True)
    record = load_record(tmp_path / "out" / RECORD)
    assert record is not None
    assert (record.done("first").status, record.failed_attempts["first"].error) == ("passed", "no.")
    assert reasons(make())[0] == "up to date"
    assert make().run([FIRST], force=True)[0].failed_attempts == {}


def test_interrupted_repetition_goes_on(make: Callable[..., Runner]) -> None:
    """What was asked for with --force and stopped is not up to date; with other settings nothing was stopped."""
    make().run([FIRST])
    stopped = stage(interrupted, outputs=FIRST.outputs)
    with pytest.raises(Interrupted):
        make().run([stopped], force=True)

    assert reasons(make("bench.repeats=1"))[0] == "changed: recipe.bench.repeats"
    with pytest.raises(Interrupted):
        make("bench.repeats=1").run([stopped], force=True)
    assert reasons(make("bench.repeats=1"))[0] == "the last attempt was interrupted"
    assert reasons(make("bench.repeats=1"))[0] == "up to date"


def test_interruption_is_recorded_as_such(make: Callable[..., Runner], tmp_path: Path) -> None:
    """A stopped stage is not called failed."""
    with pytest.raises(Interrupted):
        make().run([stage(interrupted)])
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert record["stages"]["first"]["status"] == "interrupted"


def test_missing_stage_names_the_command(make: Callable[..., Runner]) -> None:
    """A stage without what it needs says which command makes it."""
    with pytest.raises(MissingStageError, match="awqctl first"):
        make().run([SECOND])


def test_stale_result_is_not_built_upon(make: Callable[..., Runner]) -> None:
    """A single stage does not mix a result made with other settings into its own."""
    make().run([FIRST])
    with pytest.raises(MissingStageError, match=r"\(recipe\.bench\.repeats\)\. Run `awqctl first`"):
        make("bench.repeats=1").run([SECOND])


def test_result_that_a_stage_works_without_may_be_missing_but_not_stale(make: Callable[..., Runner]) -> None:
    """Any one of the results is enough; one that is there must be of the same settings, and a new one is noticed."""
    last = stage(
        third,
        ThirdResult,
        settings=sections("report"),
        needs=(Need(FirstResult, optional=True), Need(SecondResult, optional=True)),
    )
    with pytest.raises(MissingStageError, match=r"there are none yet. Run `awqctl run RECIPE`"):
        make().run([last])
    make().run([FIRST, last])

    assert reasons(make(), last) == ["up to date"]
    with pytest.raises(MissingStageError, match=r"\(recipe\.bench\.repeats\)\. Run `awqctl first`"):
        make("bench.repeats=1").run([last])
    make().run([SECOND])
    assert reasons(make(), last) == ["changed: the result of 'second'"]


def test_record_for_a_stage_that_is_not_run(make: Callable[..., Runner], tmp_path: Path) -> None:
    """What builds on results outside of a run gets the record under the same condition."""
    loaded = load_recipe("demo")
    recipe, folder = loaded.recipe, loaded.path.parent
    context = RunContext(tmp_path / "out", tmp_path / "home", folder, "cpu", SilentReporter())
    with pytest.raises(MissingStageError, match="awqctl first"):
        record_for(SECOND, recipe, context)
    record, _ = make().run([FIRST])
    assert record_for(SECOND, recipe, context) == record


def test_result_of_a_replaced_checkpoint_is_not_built_upon(make: Callable[..., Runner]) -> None:
    """After the first stage was made anew, the second one's result is of what was there before."""
    last = stage(third, ThirdResult, needs=(Need(SecondResult),))
    make().run([FIRST, SECOND, last])
    again = stage(first_again, outputs=FIRST.outputs)
    make().run([again], force=True)

    with pytest.raises(MissingStageError, match=r"'second' was made from something else \(the result of 'first'\)"):
        make().run([last])


def test_force_forgets_what_was_found(make: Callable[..., Runner], tmp_path: Path) -> None:
    """`--force` does not go on from an earlier attempt; without it what that had found stays."""
    answers = tmp_path / "out" / ".resume" / "first" / "answers"
    answers.parent.mkdir(parents=True)
    answers.write_text("x")
    make().run([FIRST])
    assert answers.exists()

    make().run([FIRST], force=True)

    assert not answers.parent.exists()


def test_gate_failure_is_a_status(make: Callable[..., Runner]) -> None:
    """A failed gate is a result, not an error."""
    record, _ = make().run([FIRST, SECOND])
    assert record.done("second").status == "gate_failed"


def test_second_process_is_refused(make: Callable[..., Runner], tmp_path: Path) -> None:
    """Two runs in one folder would mix their files."""
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"), pytest.raises(BusyError, match="Another awqctl works in"):
        make().run([FIRST])


def test_leftovers_of_a_killed_run_are_cleaned(make: Callable[..., Runner], tmp_path: Path) -> None:
    """What a SIGKILL left half-written is gone after the next start."""
    leftover = tmp_path / "out" / ".partial" / "checkpoint.123"
    leftover.mkdir(parents=True)
    make().run([FIRST])
    assert not leftover.exists()


def test_a_running_engine_does_not_outlive_the_run(make: Callable[..., Runner]) -> None:
    """A stage that takes none over has it stopped first, one that does finds it, and the end stops the last."""
    log: list[str] = []

    def leaves(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
        log.append("held" if context.slot.holds("e") else "empty")
        context.slot.put("e", object(), lambda: log.append("stop"))
        return StageOutcome(result=FirstResult(digest="same"))

    def takes(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
        log.append("held" if context.slot.holds("e") else "empty")
        return StageOutcome(result=SecondResult())

    make().run([stage(leaves), stage(takes, SecondResult, takes_engine=True)])
    assert log == ["empty", "held", "stop"]
    log.clear()
    make().run([stage(leaves), stage(takes, SecondResult)], force=True)
    assert log == ["empty", "stop", "empty"]


def test_a_stage_knows_the_engines_of_later_ones(make: Callable[..., Runner]) -> None:
    """So that they are made when its own is; what is not settled, because any of two would do, is not."""
    seen: list[list[str]] = []

    def looks(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
        seen.append(list(context.upcoming))
        return StageOutcome(result=FirstResult(digest="same"))

    def looks_too(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
        looks(recipe, context, record)
        return StageOutcome(result=SecondResult())

    either, one = lambda _recipe: ("autoawq", "llmcompressor"), lambda _recipe: ("vllm",)
    make().run([stage(looks, engines=either), stage(looks_too, SecondResult, engines=one)])
    make().run([stage(looks, engines=one), stage(looks_too, SecondResult, engines=either)], force=True)
    assert seen == [["vllm"], [], [], []]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda file: file.write_text("y"), "first/data is not as it was written"),
        (lambda file: file.with_name("raw").unlink(), "first/raw is gone"),
        (lambda file: shutil.rmtree(file.parent), "first/data is gone"),
        (lambda file: (file.with_name("raw").unlink(), file.with_name("raw").mkdir()), "first/raw cannot be read"),
    ],
)
def test_what_is_called_up_to_date_was_looked_at(
    make: Callable[..., Runner], tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    """A changed byte, a lost file beside the result, a lost folder: the stage runs again and says why."""

    def publish_two(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
        with context.staged("first") as folder:
            (folder / "data").write_text("x")
            (folder / "raw").write_text("")
        return StageOutcome(result=FirstResult(digest="same"))

    two = stage(publish_two, outputs=FIRST.outputs)
    record = make().run([two])[0]
    assert sorted(record.stages["first"].sums) == ["first/data", "first/raw"]
    assert reasons(make(), two) == ["up to date"]
    damage(tmp_path / "out" / "first" / "data")
    assert reasons(make(), two)[0].startswith(reason)
    assert reasons(make(), two) == ["up to date"]


def test_a_file_that_somebody_added_is_no_damage(make: Callable[..., Runner], tmp_path: Path) -> None:
    """Notes beside results ask for nothing."""
    make().run([FIRST])
    (tmp_path / "out" / "first" / "notes.txt").write_text("mine")
    assert reasons(make(), FIRST) == ["up to date"]


@pytest.fixture
def checkpoint_stage() -> Stage:
    """A stage that publishes a checkpoint with a manifest."""

    def publish_checkpoint(_recipe: Recipe, context: RunContext, _record: RunRecord) -> StageOutcome:
        with context.staged("checkpoint") as folder:
            (folder / "model.safetensors").write_text("weights")
            (folder / "README.md").write_text("card")
            origin = ManifestSource(reference="org/name", commit=None, licence="mit", files={})
            facts = {"quantize": {}, "versions": {}, "files": sum_files(folder)}
            write_manifest(Manifest(created_at="2026-11-20T10:00:00+00:00", source=origin, **facts), folder)
        return StageOutcome(result=FirstResult(digest="same"))

    return stage(publish_checkpoint, outputs=lambda _recipe: ("checkpoint/awqctl-manifest.json",))


def test_a_flipped_byte_in_a_checkpoint_is_found(
    make: Callable[..., Runner], tmp_path: Path, checkpoint_stage: Stage
) -> None:
    """With the times of the file put back; the manifest vouches for it, the record holds no second list."""
    record = make().run([checkpoint_stage])[0]
    assert record.stages["first"].sums == {}
    assert reasons(make(), checkpoint_stage) == ["up to date"]
    weights = tmp_path / "out" / "checkpoint" / "model.safetensors"
    state = weights.stat()
    weights.write_text("weightz")
    os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert reasons(make(), checkpoint_stage) == ["checkpoint/model.safetensors: contents changed"]
    (tmp_path / "out" / "checkpoint" / "awqctl-manifest.json").write_text("{}")
    assert reasons(make(), checkpoint_stage) == ["checkpoint/awqctl-manifest.json: damaged"]


def test_a_checkpoint_with_another_card_is_up_to_date(
    make: Callable[..., Runner], tmp_path: Path, checkpoint_stage: Stage
) -> None:
    """The card with the measured accuracy may take the place of the first one."""
    make().run([checkpoint_stage])
    (tmp_path / "out" / "checkpoint" / "README.md").write_text("measured")
    assert reasons(make(), checkpoint_stage) == ["up to date"]


def test_a_stray_file_in_a_checkpoint_costs_no_quantization(
    make: Callable[..., Runner], tmp_path: Path, checkpoint_stage: Stage
) -> None:
    """It is named, and moved away by who put it there."""
    make().run([checkpoint_stage])
    (tmp_path / "out" / "checkpoint" / "adapter_config.json").write_text("{}")
    with pytest.raises(SourceError, match=r"adapter_config\.json.*Move it away"):
        make().run([checkpoint_stage])


def test_a_report_that_is_older_than_the_record_is_known(
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    make_stage: Callable[..., StageResult],
    make_quantized: Callable[..., QuantizeResult],
    tmp_path: Path,
) -> None:
    """Another checkpoint, or another cover; without a report, or with a current one, there is nothing to say."""
    recipe, report = make_recipe(), ReportResult(recommendation="Deploy.", findings=())
    record = make_record(recipe, quantize=make_stage("quantize", make_quantized()))
    declared = stage_named("report")
    inputs = settings_of(declared, recipe) | upstream_of(declared, recipe, record)
    record = record.with_stage(make_stage("report", report, inputs=inputs))
    assert report_changes(recipe, record, tmp_path) == []
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("")
    assert report_changes(recipe, record, tmp_path) == []
    assert report_changes(make_recipe(report={"client": "them"}), record, tmp_path) == ["recipe.report.client"]
    newer = record.with_stage(make_stage("quantize", make_quantized(checkpoint_digest="f" * 64)))
    assert report_changes(recipe, newer, tmp_path) == ["the result of 'quantize'"]
    without = record.model_copy(update={"stages": {"report": record.stages["report"]}})
    assert report_changes(recipe, without, tmp_path) == ["the result of 'quantize'"]
    assert report_changes(recipe, make_record(recipe), tmp_path) == ["written by another run"]


def test_the_command_that_renews_a_report_is_not_refused(
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    make_stage: Callable[..., StageResult],
    make_quantized: Callable[..., QuantizeResult],
    make_accuracy: Callable[..., EvalResult],
    tmp_path: Path,
) -> None:
    """`report`, or `run` where what it reads was made from something else."""
    recipe = make_recipe()
    made = make_stage("quantize", make_quantized(), inputs=settings_of(stage_named("quantize"), recipe))
    assert renewal(recipe, make_record(recipe, quantize=made), tmp_path) is None
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("")
    assert renewal(recipe, make_record(recipe, quantize=made), tmp_path) == "awqctl report RECIPE"
    measured = make_stage("eval", make_accuracy(), inputs={"recipe.eval": "other tasks"})
    assert renewal(recipe, make_record(recipe, quantize=made, eval=measured), tmp_path) == "awqctl run RECIPE"


def test_stage_for_which_a_result_has_nothing_is_left_out_of_a_run(make: Callable[..., Runner], tmp_path: Path) -> None:
    """Those after it run; by itself it is run, and says what it lacks."""
    void = stage(second, SecondResult, settings=sections("roi"), needs=(Need(FirstResult, nothing=lambda _: "void."),))
    last = stage(third, ThirdResult)
    record, reports = make().run([FIRST, void, last])
    assert [report.stage for report in reports] == ["first", "third"]
    assert "second" not in record.stages
    assert reasons(make(), void) == ["not run yet"]


def test_terms_stand_in_the_record_before_the_first_stage(make: Callable[..., Runner], tmp_path: Path) -> None:
    """Each version once, with the sum of its bytes; a recipe without any leaves those that were agreed."""
    seen: list[RunRecord | None] = []

    def look(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
        seen.append(load_record(context.out / RECORD))
        return first(recipe, context, record)

    file = tmp_path / "kpis.yaml"
    for limit in (250, 250, 100):
        file.write_text(f"clauses: [{{id: fast, kind: throughput, min_tokens_per_s: {limit}}}]\n")
        record, _ = make(f"acceptance={file}").run([stage(look)], force=True)
    assert [len(one.acceptance) for one in seen if one] == [1, 1, 2]
    assert record.acceptance[-1].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record.acceptance[0].recorded_at <= record.stages["first"].started_at
    without, _ = make().run([stage(look)], force=True)
    assert len(without.acceptance) == 2


def test_terms_that_are_not_there_stop_a_run_before_anything(make: Callable[..., Runner]) -> None:
    """Nothing is measured that nobody agreed how to judge."""
    with pytest.raises(RecipeError, match="no acceptance file"):
        make("acceptance=gone.yaml").run([FIRST])
    assert calls == []

"""Gates before serving: refused, passed over on request and recorded, or said not to have been measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import GateError
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate
from pipeline.cli.summary import print_summary
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.environment import Environment
from pipeline.record.record import RECORD, RunRecord, StageResult, load_record, save_record
from pipeline.record.stage import Need
from pipeline.run.gates import gates_not_passed, record_despite, require_gates
from pipeline.run.runner import Runner, StageReport
from pipeline.run.stages import stage_named, upstream_of
from tests.helpers import RecordingReporter
from tests.unit.pipeline.run.test_runner import FIRST, SECOND, FirstResult, ThirdResult, make, stage, third

__all__ = ["make"]

PASSED = Gate(name="accuracy of sums", passed=True, verdict="pass", statement="Within the margin of 2 points.")
FAILED = Gate(name="accuracy of sums", passed=False, verdict="fail", statement="3.1 points lost, 2 allowed.")
UNDECIDED = FAILED.model_copy(update={"verdict": "inconclusive", "statement": "400 more items needed."})
SERVING = stage(third, ThirdResult, needs=(Need(FirstResult),), serves=True)

Make = Callable[..., RunRecord]


@pytest.fixture
def recipe(make_recipe: Callable[..., Recipe]) -> Recipe:
    """Return a recipe with every section."""
    return make_recipe()


@pytest.fixture
def record(recipe: Recipe, environment: Environment, make_quantized: Callable[..., QuantizeResult]) -> Make:
    """Return a function that makes the record of a run whose stages ended with these gates."""

    def made(**gates: Gate) -> RunRecord:
        found = RunRecord(recipe=recipe.model_dump(mode="json"), environment=environment)
        for name in ("quantize", *gates):
            payload = make_quantized().model_dump(mode="json") if name == "quantize" else {}
            gate = (gates[name],) if name in gates else ()
            inputs = dict(upstream_of(stage_named(name), recipe, found)) if name != "quantize" else {}
            result = _result(name, environment, inputs=inputs, gates=gate, payload=payload)
            found = found.with_stage(result)
        return found

    return made


def _result(name: str, environment: Environment, **fields: Any) -> StageResult:
    passed = all(gate.passed for gate in fields["gates"])
    status = "passed" if passed else "gate_failed"
    return StageResult(stage=name, status=status, environment=environment, started_at="t", seconds=1.0, **fields)


def test_passed_gates_say_nothing(recipe: Recipe, record: Make) -> None:
    """Measured and passed: nothing to refuse, nothing to warn of."""
    reporter = RecordingReporter()
    assert require_gates(recipe, record(eval=PASSED), reporter, despite=False) == ()
    assert reporter.warnings == []


def test_accuracy_that_was_not_measured_is_said_and_not_refused(recipe: Recipe, record: Make) -> None:
    """No gate was asked: that is a warning with the command that measures."""
    reporter = RecordingReporter()
    assert require_gates(recipe, record(), reporter, despite=False) == ()
    (warning,) = reporter.warnings
    assert "was not measured" in warning
    assert "eval RECIPE` measures it" in warning


@pytest.mark.parametrize("gate", [FAILED, UNDECIDED], ids=["failed", "undecided"])
@pytest.mark.parametrize("name", ["quantize", "eval", "serve"])
def test_gate_that_was_not_passed_is_refused(recipe: Recipe, record: Make, name: str, gate: Gate) -> None:
    """Code 3, the gate with its figure, and the way out; of every stage that has gates."""
    with pytest.raises(GateError) as refusal:
        require_gates(recipe, record(**{name: gate}), SilentReporter(), despite=False)
    said = refusal.value.message
    assert refusal.value.exit_code == 3
    assert gate.name in said
    assert gate.statement in said
    assert "--despite-gates" in said


def test_void_measurement_does_not_keep_a_checkpoint_from_being_served(recipe: Recipe, record: Make) -> None:
    """A busy machine says nothing of the weights."""
    void = Gate(name="measurements of speed stand", passed=False, about="measurement", statement="1 of 4 is void.")
    assert require_gates(recipe, record(eval=PASSED, bench=void), SilentReporter(), despite=False) == ()


def test_despite_is_a_warning_with_the_gates(recipe: Recipe, record: Make) -> None:
    """Asked for, it is let through; what is passed over is returned to be recorded, and said."""
    reporter = RecordingReporter()
    passed_over = require_gates(recipe, record(eval=FAILED), reporter, despite=True)
    assert passed_over == ("accuracy of sums (failed): 3.1 points lost, 2 allowed.",)
    assert FAILED.statement in reporter.warnings[0]


def test_gate_of_an_earlier_checkpoint_is_none_of_this_one(
    recipe: Recipe, record: Make, environment: Environment, make_quantized: Callable[..., QuantizeResult]
) -> None:
    """What failed before it was quantized anew does not count; it was not measured since."""
    payload = make_quantized(checkpoint_digest="ab" * 32).model_dump(mode="json")
    again = record(eval=FAILED).with_stage(_result("quantize", environment, inputs={}, gates=(), payload=payload))
    reporter = RecordingReporter()
    assert require_gates(recipe, again, reporter, despite=False) == ()
    assert len(reporter.warnings) == 1


def test_other_margins_in_the_recipe_take_nothing_away(record: Make, make_recipe: Callable[..., Recipe]) -> None:
    """A gate that failed goes on counting until it is measured again, whatever the recipe says by now."""
    wider = make_recipe(eval={"tasks": [{"name": "demo_sums", "margin": 0.9}]})
    assert gates_not_passed(wider, record(eval=FAILED)) == (FAILED,)


def test_what_would_be_refused_is_not_offered(recipe: Recipe, record: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """A gate of a stage that this run did not look at keeps its last line from naming `serve`."""
    for gate, offered in ((FAILED, False), (PASSED, True)):
        found = record(eval=gate)
        looked_at = StageReport("quantize", ran=False, reason="up to date", result=found.stages["quantize"])
        print_summary(recipe, found, [looked_at, looked_at], Path("out"))
        assert ("\nserve " in capsys.readouterr().out) is offered


@pytest.fixture
def run(make: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that runs the stages, of which the second fails its gate; it returns what ran and the rest."""
    stages = (FIRST, SECOND, SERVING)
    for module in ("stages", "gates", "runner"):
        monkeypatch.setattr(f"pipeline.run.{module}.STAGES", stages)

    def all_of(*overrides: str, despite: bool = False) -> list[str]:
        runner = make(*overrides)
        runner._despite_gates = despite  # noqa: SLF001 -- `make` knows no options
        return [report.stage for report in runner.run(stages)[1]]

    return all_of


def test_run_leaves_out_what_serves_after_a_failed_gate(run: Callable[..., list[str]]) -> None:
    """The stage is not run, unless that is asked for."""
    assert run() == ["first", "second"]
    assert run(despite=True) == ["first", "second", "third"]


def test_stale_result_of_what_is_left_out_goes(run: Callable[..., list[str]], tmp_path: Path) -> None:
    """It would otherwise stop the stages that read it; one that holds stays."""
    run(despite=True)
    run()
    assert "third" in _stages(tmp_path)
    run("bench.repeats=1")
    assert _stages(tmp_path) == ["first", "second"]


def _stages(tmp_path: Path) -> list[str]:
    found = load_record(tmp_path / "out" / RECORD)
    return list(found.stages) if found else []


def test_serving_despite_gates_is_recorded(record: Make, tmp_path: Path) -> None:
    """When, where, and what was passed over; a second time is a second entry."""
    loaded = load_recipe("demo")
    context = RunContext(tmp_path, tmp_path / "home", loaded.path.parent, "cpu", SilentReporter())
    save_record(record(eval=FAILED), tmp_path / RECORD)
    for port in (8443, 8444):
        record_despite(context, ("accuracy: lost",), f"127.0.0.1:{port}")
    found = load_record(tmp_path / RECORD)
    assert found is not None
    assert [served.address for served in found.served_despite] == ["127.0.0.1:8443", "127.0.0.1:8444"]
    assert found.served_despite[0].gates == ("accuracy: lost",)
    assert found.stages["eval"].gates == (FAILED,)

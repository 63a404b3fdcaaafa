"""The figures that a command ends with: what they say, and that they fit the terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.accuracy.judgement import gates_of
from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.alarm.result import Fidelity
from pipeline.cli.summary import print_summary
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult
from pipeline.run.runner import StageReport

Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]
Printed = Callable[..., str]


@pytest.fixture
def printed(
    capsys: pytest.CaptureFixture[str],
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
    make_quantized: Callable[..., QuantizeResult],
) -> Printed:
    """Return a function that prints the end of a command of two stages, or of `only` one."""

    def text(accuracy: EvalResult, only: str | None = None) -> str:
        stages = {
            "quantize": make_stage("quantize", make_quantized()),
            "eval": make_stage("eval", accuracy, gates=gates_of(accuracy)),
        }
        reports = [
            StageReport(name, ran=True, reason="not run yet", result=stage)
            for name, stage in stages.items()
            if only in (None, name)
        ]
        print_summary(make_record(make_recipe(), **stages), reports, Path("out/demo"))
        return capsys.readouterr().out

    return text


def cells(text: str, label: str) -> list[list[str]]:
    """Return the lines of the one row with this label, cell by cell; the row must not be wrapped or cut."""
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    (place,) = (place for place, row in enumerate(rows) if row[0] == label)
    return [row[1:] if place == first else row for first, row in enumerate(rows[place : place + 3], place)]


@pytest.mark.parametrize("columns", [80, 100])
def test_figures_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    printed: Printed,
    make_task: Task,
    make_accuracy: Accuracy,
    make_contrast: Callable[..., Contrast],
    columns: int,
) -> None:
    """Scores, recovery, interval, margin and verdict, and the control, in 80 columns and in 100."""
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "stdlib_next_line"
    rows = [make_task(name, 0.498, value, 0.03, arm=arm) for arm, value in (("awq", 0.493), ("rtn", 0.483))]
    contrast = make_contrast(name, 0.01, 0.0052)
    text = printed(make_accuracy(*rows, contrasts=(contrast,)))
    figures, control = text.split("control: rounded to nearest without AWQ")

    assert max(map(len, text.splitlines())) <= columns
    assert cells(figures, "linear layers in 4 bit")[0] == ["", "100 %", "94.4 % AWQ-scaled"]
    assert cells(figures, name) == [
        ["0.4980", "0.4930", "+0.0050", "pass"],
        ["acc", "1,000", "99.00 %", "-0.0028 to +0.0128", "0.0300"],
        ["", "2.3 %", "14/9", "+0.0116", ""],
    ]
    assert cells(control, f"{name} acc")[0] == ["0.4830", "0.4930", "+0.0100 ± 0.0052, not clear"]


def test_without_a_control_there_is_no_table_of_it(printed: Printed, make_task: Task, make_accuracy: Accuracy) -> None:
    """Two arms print one table, and nothing is remarked on a plain pass."""
    text = printed(make_accuracy(make_task("sums", 0.498, 0.493, 0.03)))

    assert "rounded" not in text
    assert "noise floor" not in text
    assert "alarm" not in text
    assert cells(text, "sums")[0][-1] == "pass"


def test_every_verdict_has_its_word_and_undecided_tasks_their_remedy(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, make_task: Task, make_accuracy: Accuracy
) -> None:
    """A failed task shouts, an undecided one says how many items are missing, other arms have no gate."""
    monkeypatch.setenv("COLUMNS", "80")
    tasks = (
        make_task("sums", 0.9, 0.8, 0.01),
        make_task("cloze", 0.9, 0.895, 0.01, items=1100, items_available=1500, more_items=350),
        make_task("cloze2", 0.9, 0.895, 0.01, arm="fp8", recovery=None),
    )
    text = printed(make_accuracy(*tasks))

    assert cells(text, "sums")[0][-1] == "FAIL"
    assert cells(text, "cloze")[0][-1] == "inconclusive"
    assert [row[-1] for row in cells(text, "cloze2")] == ["no gate", "", ""]
    assert cells(text, "cloze2")[1][0] == "acc, fp8"
    assert "cloze: inconclusive, 350 more items needed" in text


def test_floor_and_alarm_are_printed_where_they_say_something(
    printed: Printed, make_task: Task, make_accuracy: Accuracy, make_fidelity: Callable[..., Fidelity]
) -> None:
    """A difference inside the floor and a raised alarm have a line each; no difference and no floor have none."""
    tasks = make_task("sums", 0.9, 0.899, 0.02, floor=0.004), make_task("same", 0.9, 0.9, 0.02, floor=0.0)
    alarms = make_fidelity("awq", absurd=False), make_fidelity("mine", absurd=True)
    text = " ".join(printed(make_accuracy(*tasks, fidelity=alarms)).split())

    assert "sums: the difference is inside the noise floor of 0.0040" in text
    assert "same: the difference" not in text
    assert "The alarm was raised for mine" in text
    assert "The alarm was raised for AWQ" not in text


def test_awq_that_was_not_scored_is_said_to_be_so(printed: Printed, stopped: EvalResult) -> None:
    """No table, the alarm, and that there are no scores; the stage failed its gate."""
    text = " ".join(printed(stopped).split())

    assert "accuracy against the baseline" not in text
    assert "The alarm was raised for AWQ" in text
    assert "its token probabilities diverge by 1.9 nats" in text
    assert "AWQ was not scored on the tasks." in text
    assert "gate failed" in text


def test_undecided_stage_did_not_fail(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, make_task: Task, make_accuracy: Accuracy
) -> None:
    """A gate that is inconclusive was not passed; without a standard error nothing is said of more items."""
    monkeypatch.setenv("COLUMNS", "100")
    undecided = make_task("chrf[de]", 0.9, 0.9, 0.01, stderr=None, recovery=None)
    text, failed = printed(make_accuracy(undecided)), printed(make_accuracy(undecided, make_task("b", 0.9, 0.8, 0.01)))

    assert "gate not passed" in text
    assert "gate failed" not in text
    assert "gate failed" in failed
    assert "chrf[de]: inconclusive, no standard error" in text
    assert cells(text, "chrf[de]")[0][-1] == "inconclusive"


def test_eval_alone_prints_its_verdict(printed: Printed, make_task: Task, make_accuracy: Accuracy) -> None:
    """`awqctl eval` ends with the table of accuracy; `awqctl quantize` does not repeat an older one."""
    accuracy = make_accuracy(make_task("sums", 0.9, 0.899, 0.02))

    assert "accuracy against the baseline" in printed(accuracy, only="eval")
    assert "accuracy against the baseline" not in printed(accuracy, only="quantize")


def test_an_old_report_is_not_offered_as_a_current_one(
    capsys: pytest.CaptureFixture[str],
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    tmp_path: Path,
) -> None:
    """The command that renews it stands beside it."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("")
    for renew, said in (
        ("awqctl report demo", "report.html, older than the record; renew it: awqctl report demo\n"),
        (None, "report.html\n"),
    ):
        print_summary(make_record(make_recipe()), [], tmp_path, renew=renew)
        assert said in capsys.readouterr().out

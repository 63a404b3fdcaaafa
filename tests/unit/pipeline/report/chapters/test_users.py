"""How many users at once keep a limit on latency."""

from collections.abc import Callable

from eval.bench.result import BenchResult
from pipeline.record.record import RunRecord
from pipeline.report.document import Section
from tests.unit.eval.bench.assessments import assessed_bench
from tests.unit.pipeline.report.documents import report_of

Run = Callable[..., RunRecord]
Find = Callable[[RunRecord, str], Section]
ALL = (100, 100, 100)


def test_users_within_the_service_level(
    make_run: Run,
    make_bench: Callable[..., BenchResult],
    section_of: Find,
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """Per arm, with the concurrency at which it is missed, and on the first page."""
    bench = assessed_bench(make_bench(), baseline={1: ALL, 4: ALL, 16: (10, 11, 12)}, awq={1: ALL, 4: ALL, 16: ALL})
    record = make_run(bench=bench)
    section = section_of(record, "per-user")
    rows = cells_of(section, "users-at-level")
    (card,) = [one for one in report_of(record).key_figures if one.label.startswith("Users at once")]

    assert section.paragraphs[0].startswith("The service level that was agreed: 95.0 % of the requests keep TTFT")
    assert rows[0] == ["Baseline", "4", "16", "kept up to this many, missed beyond"]
    assert rows[1][:3] == ["AWQ", "16", "\N{EM DASH}"]
    assert (card.text, card.value, card.detail) == ("16", 16, "shown with AWQ; baseline 4")
    assert card.evidence


def test_without_a_service_level_the_command_is_named(make_run: Run, section_of: Find) -> None:
    """Nothing is promised of users then."""
    record = make_run()
    section = section_of(record, "per-user")

    assert section.paragraphs[0].endswith("write one into `bench.service_level`, then run `awqctl bench demo`.")
    assert [table.id for table in section.tables] == ["speed-per-user"]
    assert not any(one.label.startswith("Users at once") for one in report_of(record).key_figures)


def test_both_latencies_stand_on_the_first_page(make_run: Run) -> None:
    """At the highest concurrency compared."""
    labels = [one.label for one in report_of(make_run()).key_figures]

    assert "Time to first token at concurrency 16" in labels
    assert "Time per token at concurrency 16" in labels

"""The chapter on acceptance: who agreed to what, when, and what came of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.report.document import ReportDocument, Section
from pipeline.report.language.de.language import GERMAN
from pipeline.report.view import report_of
from tests.unit.pipeline.report.acceptance.test_judge import AFTER, version
from tests.unit.pipeline.report.documents import inputs_of
from tests.unit.pipeline.report.pseudo_language import english_in, pseudo_language, strings_of

FAST: dict[str, Any] = {"id": "fast", "kind": "throughput", "min_tokens_per_s": 1}
OTHERS: tuple[dict[str, Any], ...] = (
    {"id": "accuracy", "kind": "accuracy", "min_recovery": 0.995},
    {"id": "p95", "kind": "latency", "of": "e2e", "percentile": "p95", "concurrency": 16, "max_ms": 2000},
    {"id": "faster", "kind": "speed-up", "concurrency": 1, "min_ratio": 3},
    {"id": "cost", "kind": "cost", "per": "month", "max_usd": 1},
    {"id": "weights", "kind": "memory", "of": "weights", "max_gib": 4.66},
    {"id": "cool", "kind": "temperature", "max_c": 85},
    {"id": "busy", "kind": "utilisation", "min_percent": 90},
    {"id": "errors", "kind": "errors", "max_share": 0.001},
    {"id": "up", "kind": "uptime", "min_share": 0.995},
)
SIGNED = {"name": "Jane Doe", "role": "platform", "date": "2026-11-19"}
Run = Callable[..., RunRecord]
Cells = Callable[[Section, str], list[list[str]]]


def document(record: RunRecord, *versions: AcceptanceVersion) -> ReportDocument:
    """Return the report of a run with these terms."""
    return report_of(inputs_of(record.model_copy(update={"acceptance": versions})))


def chapter(found: ReportDocument) -> Section:
    """Return the chapter."""
    return next(section for section in found.sections if section.id == "acceptance")


def test_every_clause_stands_with_limit_figure_and_outcome(make_run: Run, cells_of: Cells) -> None:
    """The client's words come before ours; each figure names where it stands in the files."""
    words = FAST | {"words": "Quick enough"}
    section = chapter(document(make_run(), version(words, *OTHERS, signed_off=SIGNED, title="Our terms")))
    rows = {row[0]: row[1:] for row in cells_of(section, "acceptance-clauses")}
    assert rows["fast"][:2] == ["Quick enough", "at least 1 tok/s"]
    assert rows["fast"][3] == "passed"
    assert rows["accuracy"][1] == "at least 99.5 %"
    assert rows["faster"][1:] == ["at least 3\N{MULTIPLICATION SIGN}", rows["faster"][2], "failed"]
    assert rows["up"][1:] == ["at least 99.5 %", "not measured", "not measured"]
    (table,) = section.tables
    figures = [row[3] for row in table.rows if row[3].value is not None]
    assert all(cell.evidence and cell.origin for cell in figures)
    agreed = {row[0].text: row[2].evidence for row in table.rows}
    assert agreed["accuracy"] == ("record.json#/acceptance/0/terms/clauses/1/min_recovery",)
    assert agreed["p95"] == ("record.json#/acceptance/0/terms/clauses/2/max_ms",)
    assert section.paragraphs[0].startswith("Our terms. Terms: kpis.yaml, SHA-256 a, recorded 2026-11-19 ")
    assert "Signed off by Jane Doe (platform) on 2026-11-19, as the file says." in section.paragraphs[0]
    assert section.paragraphs[0].endswith("They were recorded before the measurements.")
    assert any(bullet.startswith("up: A run of minutes") for bullet in section.bullets)


def test_days_are_compared_as_days_in_every_language(make_run: Run) -> None:
    """The signature of the day before the measurements is not late because German writes the day first."""
    record = make_run().model_copy(update={"acceptance": (version(FAST, signed_off=SIGNED),)})
    first = chapter(report_of(inputs_of(record, GERMAN))).paragraphs[0]

    assert "Jane Doe (platform) am 19.11.2026" in first
    assert GERMAN.acceptance.signed_after not in first


def test_failed_clauses_are_a_next_step(make_run: Run) -> None:
    """Whoever reads the first page alone knows that something agreed is not met; nothing to settle, no step."""
    failed, passed = (
        document(make_run(), version(*clauses, signed_off=SIGNED)) for clauses in ((FAST, *OTHERS), (FAST,))
    )
    said = "Settle what follows from the clauses that failed (faster and cost)"
    assert [one.startswith(said) for one in failed.next_steps].count(True) == 1
    assert not [one for one in passed.next_steps if one.startswith("Settle")]


def test_unsigned_terms_are_judged_and_marked(make_run: Run) -> None:
    """On the first page, too: all clauses passed and nobody agreed to them is not good."""
    found = document(make_run(), version(FAST))
    assert "Not signed off" in chapter(found).paragraphs[0]
    (finding,) = [one for one in found.findings if one.topic == "Acceptance"]
    assert finding.headline == "1 of 1 clauses passed, 0 failed. Not signed off."
    assert "Not signed off" in finding.detail
    assert finding.tone == "caution"
    (signed,) = [
        one for one in document(make_run(), version(FAST, signed_off=SIGNED)).findings if one.topic == "Acceptance"
    ]
    assert signed.tone == "good"


def test_terms_that_changed_after_measuring_say_so(make_run: Run, cells_of: Cells) -> None:
    """Which clauses, and what the agreed ones would have said."""
    strict = version(FAST | {"min_tokens_per_s": 1_000}, signed_off=SIGNED)
    eased = version(FAST, at=AFTER, sha256="b", signed_off=SIGNED | {"date": "2026-11-30"})
    found = document(make_run(), strict, eased)
    text = chapter(found).paragraphs[0]
    assert "recorded after the measurements" in text
    assert "was SHA-256 a. Since then changed: fast." in text
    assert "The signature is dated after the day of the measurements." in text
    assert cells_of(chapter(found), "acceptance-clauses")[0][-1] == "passed (as agreed before: failed)"
    (finding,) = [one for one in found.findings if one.topic == "Acceptance"]
    assert "recorded after the measurements" in finding.headline
    assert finding.tone == "caution"
    only_signed = document(make_run(), version(FAST), version(FAST, at=AFTER, sha256="b", signed_off=SIGNED))
    assert "was SHA-256 a, with the same clauses." in chapter(only_signed).paragraphs[0]
    late = document(make_run(), version(FAST, at=AFTER))
    assert "No terms were on record when the measurements began." in chapter(late).paragraphs[0]


def test_no_chapter_without_terms(make_run: Run) -> None:
    """A run of a recipe without acceptance has neither chapter nor finding."""
    found = document(make_run())
    assert all(section.id != "acceptance" for section in found.sections)
    assert all(finding.topic != "Acceptance" for finding in found.findings)


@pytest.mark.usefixtures("no_charts")
def test_no_english_is_left_in_the_chapter(make_run: Run) -> None:
    """Every word of it is the language's."""
    record = make_run().model_copy(
        update={"acceptance": (version(FAST, *OTHERS, signed_off=SIGNED), version(FAST, at=AFTER, sha256="b"))}
    )
    found = report_of(replace(inputs_of(record), say=pseudo_language()))
    texts = strings_of(
        chapter(found).model_dump(mode="json"), without=frozenset({"id", "evidence", "sources", "origin", "tone"})
    )
    assert [words for text in texts for words in english_in(text, ["Jane Doe"])] == []

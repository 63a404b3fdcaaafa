"""What a language says is all that a reader sees: no English is left in a report or in a card of another one."""

import html
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from eval.accuracy.result import EvalResult
from eval.alarm.fidelity import alarm_phrase
from eval.bench.load.validity import Limits
from eval.bench.points import LevelRuns, void_point
from eval.bench.result import BenchResult
from eval.bench.runs import judged
from eval.statistics import Pairs, estimate
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Gate, Phrase
from pipeline.base.sentences.stored import ENGLISH as STORED
from pipeline.base.sentences.stored import StoredSentences
from pipeline.quantize.audit.coverage import gates as coverage_gates
from pipeline.quantize.card.card import model_card
from pipeline.quantize.result import CoverageResult
from pipeline.recipe.quantize import Coverage
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.card.accuracy import accuracy_text
from pipeline.report.charts.svg import svg_of
from pipeline.report.language.de.language import GERMAN
from pipeline.report.language.language import ENGLISH, Language
from pipeline.report.view import report_of
from serve.result import ServeResult, SmokeCheck
from tests.fakes.nvml import SILENT, healthy
from tests.unit.eval.bench.runs import measured, run
from tests.unit.eval.bench.soaks import soak
from tests.unit.pipeline.hardware.health.recordings import recorded
from tests.unit.pipeline.quantize.card.cards import make_layers, make_manifest, mixtral
from tests.unit.pipeline.report.documents import inputs_of
from tests.unit.pipeline.report.pseudo_language import english_in, pseudo_language, strings_of

pytestmark = pytest.mark.whole

SAY = StoredSentences
_ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|are|with|than|which|every|not|its|were|from|by)\b", re.IGNORECASE)
_NO_PROSE = frozenset({"id", "evidence", "sources", "origin", "tone", "examples", "stage", "schema_version", "run"})
"""Keys of a report whose values are no sentences."""
_COMMANDS = re.compile("`[^`]+`")


@pytest.fixture
def smoke() -> ServeResult:
    """Return a smoke test of which one check failed."""
    details = {
        "models": phrase(SAY.lists, model="demo"),
        "chat": phrase(SAY.generated, tokens="8", reason="length"),
        "streaming chat": phrase_of(SAY.check_failed, (phrase(SAY.stream_without_end),)),
        "wrong key refused": phrase(SAY.status, status="401"),
    }
    return ServeResult(
        checks=tuple(
            SmokeCheck(
                name=name, passed=name != "streaming chat", detail=STORED.text(said), detail_said=said, seconds=1
            )
            for name, said in details.items()
        ),
        tls=True,
        routes=("/v1/models",),
        gateway_version="2.8.20",
        engine_version="0.11.0",
        kernel="CPUWNA16LinearKernel",
    )


@pytest.fixture
def disturbed(make_bench: Callable[..., BenchResult]) -> BenchResult:
    """Return sweeps with a void point, sick GPUs, a void soak and one that drifts, all judged by the real code."""
    well = healthy(pid=os.getpid())
    sick = recorded([replace(state, width=8, celsius=99) for state in well])[1]
    healths = recorded(well)[1], sick, recorded([SILENT] * 4)[1]
    runs = tuple(run(number=place + 1).model_copy(update={"health": one}) for place, one in enumerate(healths))
    found = measured(engine_tokens=1, foreign_cpu_s=30)
    evidence = found.evidence.model_copy(update={"unhealthy": sick.void_phrases})
    void = judged(found.model_copy(update={"evidence": evidence}), 1, 1, Limits())
    level = LevelRuns(16, 128, (void,), void.void, void.phrases)
    bench = make_bench()
    baseline, awq = bench.arms
    points = tuple(point.model_copy(update={"runs": runs}) for point in awq.points[:-1])
    awq = awq.model_copy(update={"points": points, "void_points": (void_point(level),)})
    gone = {"void": void.void, "void_said": void.phrases, "slices": (), "drifts": (), "slice_s": None}
    soaks = soak(0.5), soak(arm="baseline", **gone)
    return bench.model_copy(update={"arms": (baseline, awq), "soaks": soaks})


def with_gates(record: RunRecord, stage: str, *gates: Gate) -> RunRecord:
    """Return the record with what a stage's gates state."""
    changed = record.stages[stage].model_copy(update={"gates": gates})
    return record.model_copy(update={"stages": record.stages | {stage: changed}})


def gate(name: str, said: Phrase) -> Gate:
    """Return a gate that failed."""
    return Gate(name=name, passed=False, statement=STORED.text(said), said=said)


@pytest.fixture
def record(
    make_run: Callable[..., RunRecord],
    controlled: EvalResult,
    coverage: CoverageResult,
    disturbed: BenchResult,
    smoke: ServeResult,
) -> RunRecord:
    """Return a run of the demo with all that can be said of it: gates of every stage, passed and failed."""
    rights = Pairs(np.array([[1.0, 1]] * 9 + [[0.0, 1]]), np.array([[1.0, 1]] * 8 + [[0.0, 1]] * 2))
    method = estimate(rights, higher_is_better=True).method
    scores = [
        task.model_copy(update={"method": STORED.text(method), "method_said": method}) for task in controlled.tasks
    ]
    made = make_run(accuracy=controlled.model_copy(update={"tasks": tuple(scores)}), bench=disturbed, endpoint=smoke)
    (_, point), (void,) = disturbed.void_points[0], disturbed.void_soaks
    places = [phrase_of(SAY.void_at, point.phrases, arm="awq", concurrency="16")]
    arms = [phrase_of(SAY.void_arm, void.phrases, arm="awq")]
    failed = [
        phrase_of(SAY.failed_check, (check.phrase,), name=check.name) for check in smoke.checks if not check.passed
    ]
    made = with_gates(made, "quantize", *coverage_gates(coverage, Coverage(min_4bit=1, min_scaled=1)))
    made = with_gates(
        made,
        "bench",
        gate(
            "measurements of speed stand",
            phrase_of(SAY.points_void, places, void="1", points="6", command="awqctl bench"),
        ),
        gate("soaks stand", phrase_of(SAY.soaks_void, arms, void="1", soaks="2", command="awqctl bench")),
    )
    return with_gates(
        made, "serve", gate("endpoint smoke test", phrase_of(SAY.smoke_failed, failed, passed="3", checks="4"))
    )


def left_in(record: RunRecord, say: Language) -> list[str]:
    """Return the runs of words of a report that are neither the language's nor the recipe's or the machine's."""
    given = (record.recipe, record.environment.model_dump(mode="json"))
    known = [text for document in given for text in strings_of(document, without=frozenset()) if " " in text]
    document = report_of(replace(inputs_of(record), say=say)).model_dump(mode="json")
    texts = (_COMMANDS.sub("«»", text) for text in strings_of(document, without=_NO_PROSE))
    return [found for text in texts for found in english_in(text, known)]


@pytest.mark.usefixtures("no_charts")
def test_no_english_is_left_in_a_report(record: RunRecord) -> None:
    """In a language that says a mark and figures for every sentence, no words in a row are left; in English many."""
    assert left_in(record, pseudo_language()) == []
    assert len(left_in(record, ENGLISH)) > 100


@pytest.mark.usefixtures("no_charts")
def test_no_english_is_left_in_a_german_report(record: RunRecord) -> None:
    """Words that every English sentence has and no German one; they stand in what recipes and machines are called."""
    given = (record.recipe, record.environment.model_dump(mode="json"))
    known = sorted({text for one in given for text in strings_of(one, without=frozenset()) if " " in text}, key=len)
    document = report_of(inputs_of(record, GERMAN)).model_dump(mode="json")
    texts = [text for text in strings_of(document, without=_NO_PROSE) if text not in known]
    texts = [reduce(lambda text, one: text.replace(one, ""), reversed(known), text) for text in texts]

    assert [text for text in texts if _ENGLISH_WORDS.search(text)] == []


@pytest.mark.usefixtures("no_charts")
def test_a_german_report_has_the_same_values_as_the_english_one(record: RunRecord) -> None:
    """Cell by cell the unrounded values, origins and places of figures agree; what is printed follows the language."""
    english, german = (report_of(inputs_of(record, say)) for say in (ENGLISH, GERMAN))
    ours, theirs = (
        [cell for section in document.sections for table in section.tables for row in table.rows for cell in row]
        for document in (german, english)
    )

    assert [(one.value, one.origin, one.evidence) for one in ours] == [
        (one.value, one.origin, one.evidence) for one in theirs
    ]
    assert german.cover.facts[0].text == day_in_german(english.cover.facts[0].text)
    printed = {one.text: other.text for one, other in zip(theirs, ours, strict=True)}
    assert all(re.search(r"\d,\d", printed[text]) for text in printed if re.fullmatch(r"\d\.\d+", text))
    assert any(re.fullmatch(r"\d\.\d+", text) for text in printed)


def day_in_german(day: str) -> str:
    """Return `29.11.2026` for `2026-11-29`."""
    return ".".join(reversed(day.split("-")))


@pytest.mark.usefixtures("no_charts")
def test_every_gate_states_its_figures_in_english(record: RunRecord) -> None:
    """What the English report says of gates, checks and reasons is what the stages kept."""
    said = " ".join(strings_of(report_of(inputs_of(record)).model_dump(mode="json"), without=_NO_PROSE))

    for text in stored_in(record):
        assert text in said


def stored_in(record: RunRecord) -> Iterator[str]:
    """Yield the English sentences of a record."""
    for result in record.stages.values():
        yield from (gate.statement for gate in result.gates)
    inputs = inputs_of(record)
    yield from (check.detail for check in inputs.endpoint.checks)
    yield from (reason for _, point in inputs.load.void_points for reason in point.reasons)
    yield from (task.method for task in inputs.accuracy.gated)


@pytest.mark.usefixtures("no_charts")
def test_no_english_is_left_where_the_alarm_stopped_awq(
    make_run: Callable[..., RunRecord], stopped_recipe: Recipe, stopped: EvalResult
) -> None:
    """The same of the alarm's sentence."""
    (awq,) = (one for one in stopped.fidelity if one.arm == "awq")
    said = alarm_phrase(awq, stopped_recipe.eval.alarm, stopped.fidelity[0])
    accuracy = stopped.model_copy(update={"stopped": STORED.text(said), "stopped_said": said})

    assert left_in(make_run(recipe=stopped_recipe, accuracy=accuracy), pseudo_language()) == []


def test_no_english_is_left_in_a_card(controlled: EvalResult) -> None:
    """The same of the card: its own sections, why layers stayed in 16 bit, and the accuracy."""
    say = pseudo_language()
    card = model_card(mixtral(), make_manifest("LICENSE"), make_layers(), accuracy_text(controlled, say), say.card)
    _, _, body = card.split("---\n", 2)
    names = [*re.findall(r"`[^`]+`|```.*?```", body, re.DOTALL), "chats.jsonl (75 %), wiki.txt (25 %)"]

    assert english_in(body, names) == []


@pytest.mark.usefixtures("no_charts")
def test_a_record_of_an_earlier_version_keeps_its_sentences(make_run: Callable[..., RunRecord]) -> None:
    """Gates that have nothing but a sentence are shown as they were written, and called in the language."""
    record = make_run(audit=Gate(name="coverage 4 bit", passed=True, statement="All that was asked for is 4 bit."))
    document = report_of(replace(inputs_of(record), say=pseudo_language()))
    (gates,) = (table for section in document.sections for table in section.tables if table.id == "gates")

    assert [cell.text for cell in gates.rows[0]] == [
        *("quantize", "«gate_names coverage 4 bit»", "«outcomes passed»", "All that was asked for is 4 bit."),
    ]


def test_charts_draw_no_words_of_their_own(record: RunRecord) -> None:
    """Every word of a drawing stands in the chart that it is drawn from, and figures at axes are the language's."""
    document = report_of(inputs_of(record, GERMAN))
    for chart in (chart for section in document.sections for chart in section.charts):
        given = " ".join(strings_of(chart.model_dump(mode="json"), without=frozenset()))
        drawn = [html.unescape(text).strip() for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg_of(chart))]

        assert [word for text in drawn for word in re.findall(r"[^\W\d]{3,}", text) if word not in given] == []
        assert [text for text in drawn if re.fullmatch(r"\d+\.\d{1,2}|\d{1,3},\d{3}", text)] == []

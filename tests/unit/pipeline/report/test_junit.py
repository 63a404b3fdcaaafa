"""`gates.xml`: what a CI shows of gates and clauses."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pipeline.base.results import Gate
from pipeline.record.record import RunRecord
from pipeline.report.acceptance.judge import acceptance_of
from pipeline.report.junit import to_junit
from pipeline.report.language.language import ENGLISH
from tests.unit.pipeline.report.acceptance.test_judge import version
from tests.unit.pipeline.report.documents import inputs_of

CLAUSES: tuple[dict[str, Any], ...] = (
    {"id": "fast", "kind": "throughput", "min_tokens_per_s": 1},
    {"id": "faster", "kind": "speed-up", "concurrency": 1, "min_ratio": 3},
    {"id": "up", "kind": "uptime", "min_share": 0.995},
    {"id": "cool", "kind": "temperature", "max_c": 85, "required": True, "words": "Cool & <quiet>\x00"},
)


@pytest.fixture
def suites(make_run: Callable[..., RunRecord]) -> dict[str, ET.Element]:
    """Return the suites of a run with a gate of each outcome and clauses of each, read back."""
    record = make_run().model_copy(update={"acceptance": (version(*CLAUSES, signed_off=None),)})
    gates = (
        ("eval", Gate(name="accuracy a", passed=True, statement="fine")),
        ("eval", Gate(name="accuracy <b>", passed=False, statement='too "much"')),
        ("eval", Gate(name="accuracy c", passed=False, verdict="inconclusive", statement="more items")),
    )
    root = ET.fromstring(to_junit("demo", gates, acceptance_of(inputs_of(record)), ENGLISH))  # noqa: S314 -- our own
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("skipped")) == ("testsuites", "7", "4", "1")
    return {str(suite.get("name")): suite for suite in root}


def test_gates_that_did_not_pass_are_failures(suites: dict[str, ET.Element]) -> None:
    """Undecided ones too, as a run ends with 3 for them; text survives as it is."""
    cases = suites["gates"].findall("testcase")
    assert [case.get("name") for case in cases] == ["accuracy a", "accuracy <b>", "accuracy c"]
    assert [case.get("classname") for case in cases] == ["awqctl.gates.eval"] * 3
    failures = [case.find("failure") for case in cases]
    assert failures[0] is None
    assert [(one.get("type"), one.get("message")) for one in failures[1:] if one is not None] == [
        ("failed", 'too "much"'),
        ("inconclusive", "more items"),
    ]


def test_clauses_that_are_open_are_skipped_unless_required(suites: dict[str, ET.Element]) -> None:
    """With the reason; the terms stand among the properties."""
    cases = {str(case.get("name")): case for case in suites["acceptance"].findall("testcase")}
    assert [[child.tag for child in case] for case in cases.values()] == [
        *(["system-out"], ["failure"], ["skipped"], ["failure"]),
    ]
    skipped = cases["up"].find("skipped")
    assert skipped is not None
    assert str(skipped.get("message")).startswith("not measured: A run of minutes says nothing of uptime")
    facts = {one.get("name"): one.get("value") for one in suites["acceptance"].iter("property")}
    assert facts["sha256"] == "a"
    assert facts["signed_off"] == "no"


def test_without_terms_there_are_gates_alone() -> None:
    """A run of a recipe without acceptance has no suite of clauses."""
    root = ET.fromstring(to_junit("demo\x0b", (), None, ENGLISH))  # noqa: S314 -- our own
    assert [suite.get("name") for suite in root] == ["gates"]
    assert root.get("name") == "demo\N{REPLACEMENT CHARACTER}"

"""JUnit XML of the gates and the clauses of a run, for whatever shows test results beside a build."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from pipeline.base.results import Gate
from pipeline.report.acceptance.judge import AcceptanceJudgement, ClauseJudgement
from pipeline.report.acceptance.wording import reason_text, sentence
from pipeline.report.language.language import Language

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def to_junit(
    name: str, gates: Sequence[tuple[str, Gate]], acceptance: AcceptanceJudgement | None, say: Language
) -> str:
    """Return a suite of the gates and one of the clauses; what is open is skipped, unless a run stops for it.

    Args:
        name: of the recipe.
        gates: with their stages.
        acceptance: every clause judged; None where nothing was agreed.
        say: the sentences.
    """
    root = ET.Element("testsuites", name=_clean(name))
    suite = _suite(root, "gates", len(gates))
    for stage, gate in gates:
        case = ET.SubElement(suite, "testcase", classname=f"awqctl.gates.{stage}", name=_clean(gate.name), time="0")
        if not gate.passed:
            _failure(case, gate.outcome, say.stored.text(gate.said, gate.statement))
    if acceptance is not None:
        suite = _suite(root, "acceptance", len(acceptance.clauses))
        _properties(suite, acceptance)
        for one in acceptance.clauses:
            _clause(suite, one, say)
    for suite in root:
        for attribute, kind in (("failures", "failure"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{kind}"))))
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, tests: int) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=name, tests=str(tests), errors="0", time="0")


def _properties(suite: ET.Element, found: AcceptanceJudgement) -> None:
    signed = found.signed_off
    facts = {
        "source": found.source,
        "sha256": found.sha256,
        "recorded_at": found.recorded_at,
        "recorded": found.standing,
        "signed_off": f"{signed.name}, {signed.date.isoformat()}" if signed else "no",
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))


def _clause(suite: ET.Element, one: ClauseJudgement, say: Language) -> None:
    kind = one.clause.kind
    case = ET.SubElement(suite, "testcase", classname=f"awqctl.acceptance.{kind}", name=one.id, time="0")
    if one.stops:
        _failure(case, one.outcome, sentence(one, say.acceptance))
    elif one.outcome != "passed":
        why = f"{say.acceptance.outcomes[one.outcome]}: {reason_text(one.reason, say.acceptance)}"
        ET.SubElement(case, "skipped", message=_clean(why)).text = _clean(sentence(one, say.acceptance))
    else:
        ET.SubElement(case, "system-out").text = _clean(sentence(one, say.acceptance))


def _failure(case: ET.Element, kind: str, text: str) -> None:
    ET.SubElement(case, "failure", type=kind, message=_clean(text)).text = _clean(text)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)

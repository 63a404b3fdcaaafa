"""The chapter on risks: each follows from a fact of the run, with what reduces it. None is there without its fact."""

from pipeline.record.record import RECORD
from pipeline.report.cells import word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.risks_of_accuracy import accuracy_risks
from pipeline.report.chapters.risks_of_costs import cost_risks
from pipeline.report.chapters.risks_of_operation import operation_risks
from pipeline.report.chapters.risks_of_speed import speed_risks
from pipeline.report.document import Section, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.risks import Severity
from pipeline.report.risk import SEVERITIES, Risk

_TONES: dict[Severity, Tone] = {"high": "bad", "medium": "caution", "low": "plain"}


def risks_section(inputs: Inputs) -> Section:
    """Return the risks of a run, the gravest first."""
    say = inputs.say.risks
    return Section(
        id="risks",
        title=say.title,
        paragraphs=(say.paragraph,),
        tables=(
            Table(
                id="risks-table",
                title=say.table,
                columns=words(*say.columns),
                rows=tuple(
                    (
                        word(one.text),
                        word(say.severities[one.severity], _TONES[one.severity]),
                        word(one.reduced_by),
                        word(one.fact),
                    )
                    for one in risks_of(inputs)
                ),
                sources=(RECORD,),
            ),
        ),
    )


def risks_of(inputs: Inputs) -> tuple[Risk, ...]:
    """Return the risks, the gravest first, otherwise in the order of the chapters."""
    found = (
        *accuracy_risks(inputs),
        *speed_risks(inputs),
        *cost_risks(inputs),
        *operation_risks(inputs),
    )
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


RISKS = Chapter(id="risks", write=risks_section)

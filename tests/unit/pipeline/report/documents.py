"""The report of a record whose recipe is today's, for tests."""

from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report import inputs, view
from pipeline.report.contents import CHAPTERS
from pipeline.report.document import ReportDocument, Section
from pipeline.report.language.language import Language


def report_of(record: RunRecord) -> ReportDocument:
    """Return the report with the cover that the record's own recipe asks for."""
    return view.report_of(inputs_of(record))


def inputs_of(record: RunRecord, say: Language | None = None) -> inputs.Inputs:
    """Return what the report is made of."""
    return inputs.inputs_of(Recipe.model_validate(record.recipe), record, say)


def not_measured_section(given: inputs.Inputs) -> Section:
    """Return the chapter on what was not measured."""
    return next(chapter for chapter in CHAPTERS if chapter.id == "not-measured").write(given)

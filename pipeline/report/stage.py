"""The stage `report`: HTML, Markdown and JSON from what the record has, and from nothing else."""

from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections
from pipeline.report.document import SCHEMA_VERSION
from pipeline.report.inputs import REPORTED
from pipeline.report.render import to_html, to_json, to_markdown
from pipeline.report.result import ReportResult
from pipeline.report.view import report_of

_FORM = "the form of report.json"


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Write `report/report.html`, `report.md` and `report.json`.

    The recipe given is the one reported, so that a changed cover needs no new measurement.

    Raises:
        MissingStageError: no stage has a result.
    """
    report = report_of(recipe, record)
    texts = {"html": to_html(report), "md": to_markdown(report), "json": to_json(report)}
    with context.staged("report") as folder:
        for suffix, text in texts.items():
            (folder / f"report.{suffix}").write_text(text, encoding="utf-8")
    return StageOutcome(
        artifacts={f"report_{suffix}": f"report/report.{suffix}" for suffix in texts},
        result=ReportResult(recommendation=report.recommendation, findings=report.findings),
    )


def _settings(recipe: Recipe) -> dict[str, object]:
    return {**sections("name", "description", "report")(recipe), _FORM: SCHEMA_VERSION}


STAGE = Stage(
    run=run,
    result=ReportResult,
    settings=_settings,
    needs=tuple(Need(result, optional=True) for result in REPORTED),
    outputs=outputs("report/report.html", "report/report.md", "report/report.json"),
)

"""The stage `report`: HTML, Markdown and JSON from the record, and from nothing else."""

from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.report.render import to_html, to_json, to_markdown
from pipeline.report.view import report_of


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Write `report/report.html`, `report.md` and `report.json`.

    The recipe given is the one reported, so that a changed cover needs no new measurement.

    Raises:
        MissingStageError: quantize, eval, bench or roi has no result.
    """
    report = report_of(record.model_copy(update={"recipe": recipe}))
    texts = {"html": to_html(report), "md": to_markdown(report), "json": to_json(report)}
    with context.staged("report") as folder:
        for suffix, text in texts.items():
            (folder / f"report.{suffix}").write_text(text, encoding="utf-8")
    return StageOutcome(
        artifacts={f"report_{suffix}": f"report/report.{suffix}" for suffix in texts},
        payload={
            "recommendation": report.recommendation,
            "findings": [finding.model_dump(mode="json") for finding in report.findings],
        },
    )

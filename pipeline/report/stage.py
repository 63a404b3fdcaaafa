"""The stage `report`: HTML, Markdown and JSON from the record, and from nothing else."""

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections
from pipeline.report.render import to_html, to_json, to_markdown
from pipeline.report.result import ReportResult
from pipeline.report.view import report_of
from pipeline.roi.result import RoiResult
from serve.result import ServeResult


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Write `report/report.html`, `report.md` and `report.json`.

    The recipe given is the one reported, so that a changed cover needs no new measurement.

    Raises:
        MissingStageError: quantize, eval, bench or roi has no result.
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


STAGE = Stage(
    run=run,
    result=ReportResult,
    settings=sections("name", "description", "report"),
    needs=(
        Need(QuantizeResult),
        Need(EvalResult),
        Need(BenchResult),
        Need(RoiResult),
        Need(ServeResult, optional=True),
    ),
    outputs=outputs("report/report.html", "report/report.md", "report/report.json"),
)

"""The stage `report`: HTML, Markdown, JSON and JUnit XML from what the record has, and from nothing else."""

from eval.accuracy.result import EvalResult
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, outputs, sections
from pipeline.report.acceptance.judge import acceptance_of, agreed_version
from pipeline.report.card.measured_card import measured_card
from pipeline.report.charts.svg import svg_file
from pipeline.report.document import SCHEMA_VERSION
from pipeline.report.inputs import REPORTED, inputs_of
from pipeline.report.junit import to_junit
from pipeline.report.render.html import to_html
from pipeline.report.render.json import to_json
from pipeline.report.render.markdown import to_markdown
from pipeline.report.result import ReportResult
from pipeline.report.view import report_of

CARD = "model_card.md"
CHARTS = "charts"
GATES = "gates.xml"
_FORM = "the form of report.json"


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Write `report/report.html`, `report.md`, `report.json`, `gates.xml`, charts as `charts/ID.svg`, `model_card.md`.

    The card is written once the accuracy is known.

    The recipe given is the one reported, so that a changed cover needs no new measurement.

    Raises:
        MissingStageError: no stage has a result.
    """
    inputs = inputs_of(recipe, record)
    report = report_of(inputs)
    files = {
        "report_html": ("report.html", to_html(report)),
        "report_md": ("report.md", to_markdown(report)),
        "report_json": ("report.json", to_json(report)),
        "gates": (GATES, to_junit(recipe.name, inputs.gates, acceptance_of(inputs), inputs.say)),
    }
    card = measured_card(context, inputs) if inputs.has(QuantizeResult, EvalResult) else None
    if card is not None:
        files["model card"] = (CARD, card)
    charts = [chart for section in report.sections for chart in section.charts]
    with context.staged("report") as folder:
        if charts:
            (folder / CHARTS).mkdir()
        for name, text in (*files.values(), *((f"{CHARTS}/{chart.id}.svg", svg_file(chart)) for chart in charts)):
            (folder / name).write_text(text, encoding="utf-8")
    drawn = {"charts": f"report/{CHARTS}"} if charts else {}
    return StageOutcome(
        artifacts={artifact: f"report/{name}" for artifact, (name, _) in files.items()} | drawn,
        result=ReportResult(decision=report.decision, recommendation=report.recommendation, findings=report.findings),
    )


def _settings(recipe: Recipe) -> dict[str, object]:
    return {**sections("name", "description", "report")(recipe), _FORM: SCHEMA_VERSION}


def _terms(_recipe: Recipe, _context: RunContext, record: RunRecord) -> str | None:
    agreed = agreed_version(record)
    return agreed.sha256 if agreed else None


STAGE = Stage(
    run=run,
    result=ReportResult,
    settings=_settings,
    needs=tuple(Need(result, optional=True) for result in REPORTED),
    takes_dummies=True,
    files={"the acceptance terms": _terms},
    outputs=outputs("report/report.html", "report/report.md", "report/report.json"),
)

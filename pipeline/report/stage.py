"""The stage `report`: files in every format asked for, and JUnit XML, from what the record has, and nothing else."""

from eval.accuracy.result import EvalResult
from pipeline.base.commands import for_readers
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.report import DEFAULT_FORMATS
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, sections
from pipeline.report.acceptance.judge import acceptance_of, agreed_version
from pipeline.report.brand import LOGO, brand_of, logo_identity
from pipeline.report.card.measured_card import measured_card
from pipeline.report.charts.svg import svg_file
from pipeline.report.document import SCHEMA_VERSION, ReportDocument
from pipeline.report.inputs import REPORTED, inputs_of
from pipeline.report.junit import to_junit
from pipeline.report.manifest import EVIDENCE, write_evidence
from pipeline.report.render.formats import FORMATS, formats_in, in_order
from pipeline.report.result import ReportResult
from pipeline.report.template import read_template, template_identity
from pipeline.report.view import report_of

CARD = "model_card.md"
CHARTS = "charts"
GATES = "gates.xml"
FOLDER = "report"
_FORM = "the form of report.json"


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Write `report/report.FORMAT` for each format, `gates.xml`, every chart as `charts/ID.svg`, and `model_card.md`.

    The formats are those of the recipe and those that are in the folder already: all files say the same. The card is
    written once the accuracy is known.

    The recipe given is the one reported, so that a changed cover needs no new measurement.

    Raises:
        MissingStageError: no stage has a result.
        RecipeError: the logo or the template cannot be used.
    """
    inputs = inputs_of(recipe, record)
    brand = brand_of(recipe.report.brand, context)
    template = read_template(recipe.report.pptx_template, context.recipe_dir)
    report = report_of(inputs).model_copy(update={"brand": brand})
    formats = in_order((*recipe.report.formats, *formats_in(context.out / FOLDER)))
    files = {one.file: one.render(report, template) for one in formats}
    artifacts = {f"report_{one.name}": one.file for one in formats}
    with for_readers(recipe.name):
        cases = to_junit(recipe.name, inputs.gates, acceptance_of(inputs), inputs.say)
    artifacts["gates"], files[GATES] = GATES, cases.encode()
    card = measured_card(context, inputs) if inputs.has(QuantizeResult, EvalResult) else None
    if card is not None:
        artifacts["model card"], files[CARD] = CARD, card.encode()
    if brand is not None and brand.logo is not None:
        name = f"{LOGO}.{brand.logo.suffix}"
        artifacts["logo"], files[name] = name, brand.logo.content
    artifacts["evidence"] = EVIDENCE
    if charts := charts_of(report):
        artifacts["charts"] = CHARTS
        files |= charts
    with context.staged(FOLDER) as folder:
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        write_evidence(inputs, report, folder, context.out)
    return StageOutcome(
        artifacts={artifact: f"{FOLDER}/{name}" for artifact, name in artifacts.items()},
        result=ReportResult(decision=report.decision, recommendation=report.recommendation, findings=report.findings),
    )


def charts_of(report: ReportDocument) -> dict[str, bytes]:
    """Return the charts as SVG files, by name."""
    charts = (chart for section in report.sections for chart in section.charts)
    return {f"{CHARTS}/{chart.id}.svg": svg_file(chart).encode() for chart in charts}


def _settings(recipe: Recipe) -> dict[str, object]:
    """Return what the files say and how they look; which ones there must be is said by `_outputs`.

    The formats have one value here rather than none: records are read with every key filled in.
    """
    report = recipe.report.model_copy(update={"formats": DEFAULT_FORMATS})
    asked = recipe.model_copy(update={"report": report})
    return {**sections("name", "description", "report")(asked), _FORM: SCHEMA_VERSION}


def _outputs(recipe: Recipe) -> tuple[str, ...]:
    return tuple(f"{FOLDER}/{name}" for name in (*(FORMATS[one].file for one in recipe.report.formats), EVIDENCE))


def _terms(_recipe: Recipe, _context: RunContext, record: RunRecord) -> str | None:
    agreed = agreed_version(record)
    return agreed.sha256 if agreed else None


STAGE = Stage(
    run=run,
    result=ReportResult,
    settings=_settings,
    needs=tuple(Need(result, optional=True) for result in REPORTED),
    takes_dummies=True,
    files={
        "the acceptance terms": _terms,
        "the logo": logo_identity,
        "the template of the slides": template_identity,
    },
    outputs=_outputs,
)

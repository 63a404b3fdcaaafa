"""The report of a record: one immutable document for HTML, Markdown and JSON, so that they cannot disagree."""

from pipeline.quantize.result import QuantizeResult
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.key_figures import key_figures
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.contents import sections_of
from pipeline.report.document import Cover, Fact, OriginMeaning, ReportDocument
from pipeline.report.inputs import Inputs

LEGEND = (
    OriginMeaning(origin="measured", meaning="observed in this run"),
    OriginMeaning(origin="modelled", meaning="calculated from other figures, at least one of them not measured"),
    OriginMeaning(origin="quoted", meaning="stated by a named source"),
    OriginMeaning(origin="assumed", meaning="chosen for this report, not confirmed"),
)


def report_of(inputs: Inputs) -> ReportDocument:
    """Return the report of what there is; chapters whose results are missing are left out, and named."""
    findings = findings_of(inputs)
    return ReportDocument(
        cover=_cover(inputs),
        findings=findings,
        key_figures=key_figures(inputs, findings),
        recommendation=recommendation(inputs),
        next_steps=next_steps(inputs),
        legend=LEGEND,
        sections=sections_of(inputs),
        signatures=(
            Fact(label="For the client", text=inputs.recipe.report.client or ""),
            Fact(label="For the consultant", text=inputs.recipe.report.prepared_by or ""),
        ),
    )


def _cover(inputs: Inputs) -> Cover:
    report = inputs.recipe.report
    model = inputs.quantize.source if inputs.has(QuantizeResult) else inputs.recipe.model.source
    return Cover(
        title=report.title,
        client=report.client,
        prepared_by=report.prepared_by,
        facts=(
            Fact(label="Date", text=inputs.date),
            Fact(label="Model", text=model),
            Fact(label="Recipe", text=inputs.recipe.name),
            Fact(label="Measured on", text=inputs.hardware),
        ),
    )

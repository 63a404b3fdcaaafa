"""The report of a record: one immutable document for HTML, Markdown and JSON, so that they cannot disagree."""

from pipeline.base.manner import printed_in
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.report import Report
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.key_figures import key_figures
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.chapters.summary import summary_of
from pipeline.report.contents import sections_of
from pipeline.report.document import Cover, Fact, Labels, OriginMeaning, ReportDocument
from pipeline.report.inputs import Inputs


def report_of(inputs: Inputs) -> ReportDocument:
    """Return the report of what there is; chapters whose results are missing are left out, and named."""
    with printed_in(inputs.manner):
        return _report_of(inputs)


def _report_of(inputs: Inputs) -> ReportDocument:
    findings = findings_of(inputs)
    return ReportDocument(
        labels=Labels(**{name: getattr(inputs.say.page, name) for name in Labels.model_fields}),
        cover=_cover(inputs),
        findings=findings,
        summary=summary_of(inputs),
        key_figures=key_figures(inputs, findings),
        recommendation=recommendation(inputs),
        next_steps=next_steps(inputs),
        legend=tuple(
            OriginMeaning(origin=origin, meaning=meaning) for origin, meaning in inputs.say.cover.origins.items()
        ),
        sections=sections_of(inputs),
        signatures=(
            Fact(label=inputs.say.cover.client, text=inputs.recipe.report.client or ""),
            Fact(label=inputs.say.cover.consultant, text=inputs.recipe.report.prepared_by or ""),
        ),
    )


def _cover(inputs: Inputs) -> Cover:
    report, say = inputs.recipe.report, inputs.say.cover
    model = inputs.quantize.source if inputs.has(QuantizeResult) else inputs.recipe.model.source
    return Cover(
        title=say.title if report.title == Report.model_fields["title"].default else report.title,
        client=report.client,
        prepared_by=report.prepared_by,
        facts=(
            Fact(label=say.date, text=inputs.date),
            Fact(label=say.model, text=model),
            *(
                [Fact(label=inputs.say.dummy_weights.topic, text=inputs.say.dummy_weights.on_cover)]
                if inputs.has_dummies
                else []
            ),
            Fact(label=say.recipe, text=inputs.recipe.name),
            Fact(label=say.measured_on, text=inputs.hardware),
        ),
    )

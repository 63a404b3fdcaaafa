"""The report of a record: one immutable document for all formats, so that they cannot disagree."""

from eval.bench.result import BenchResult
from pipeline.base.commands import for_readers
from pipeline.base.manner import printed_in
from pipeline.models.name import name_of_reference
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.report import Report
from pipeline.report.chapters.decision_facts import decision_of
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.key_figures import key_figures
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.chapters.summary import summary_of
from pipeline.report.contents import sections_of
from pipeline.report.document import Cover, Fact, OriginMeaning, ReportDocument
from pipeline.report.input_sources import pricing_of
from pipeline.report.inputs import Inputs
from pipeline.report.labels import labels_of
from pipeline.report.manifest import identity_of
from pipeline.report.printed import figures_of
from pipeline.roi.model import PricingModel
from pipeline.roi.result import RoiResult


def report_of(inputs: Inputs) -> ReportDocument:
    """Return the report of what there is; chapters whose results are missing are left out, and named.

    Raises:
        UnsourcedFigureError: a figure does not say where it is from.
    """
    with printed_in(inputs.manner), for_readers(inputs.recipe.name):
        return _report_of(inputs)


def _report_of(inputs: Inputs) -> ReportDocument:
    findings = findings_of(inputs)
    report = ReportDocument(
        labels=labels_of(inputs.say),
        cover=_cover(inputs),
        findings=findings,
        summary=summary_of(inputs),
        key_figures=key_figures(inputs, findings),
        recommendation=recommendation(inputs),
        decision=decision_of(inputs).choice,
        next_steps=next_steps(inputs),
        legend=tuple(
            OriginMeaning(origin=origin, meaning=meaning) for origin, meaning in inputs.say.cover.origins.items()
        ),
        sections=sections_of(inputs),
        date=inputs.iso_day,
        signatures=(
            Fact(label=inputs.say.cover.client, text=inputs.recipe.report.client or ""),
            Fact(label=inputs.say.cover.consultant, text=inputs.recipe.report.prepared_by or ""),
        ),
        pricing=_pricing(inputs),
        run=identity_of(inputs),
    )
    figures_of(report)
    return report


def _pricing(inputs: Inputs) -> PricingModel | None:
    scenario = inputs.costs.scenario if inputs.has(RoiResult) else None
    return pricing_of(scenario, inputs) if scenario else None


def _cover(inputs: Inputs) -> Cover:
    report, say = inputs.recipe.report, inputs.say.cover
    return Cover(
        title=say.title if report.title == Report.model_fields["title"].default else report.title,
        client=report.client,
        prepared_by=report.prepared_by,
        facts=(
            Fact(label=say.date, text=inputs.date),
            Fact(label=say.model, text=model_name(inputs)),
            *(
                [Fact(label=inputs.say.dummy_weights.topic, text=inputs.say.dummy_weights.on_cover)]
                if inputs.has_dummies
                else []
            ),
            Fact(label=say.recipe, text=inputs.recipe.name),
            Fact(label=say.measured_on, text=inputs.hardware),
            *((Fact(label=say.checkpoint, text=_checkpoint(inputs)),) if inputs.has(QuantizeResult) else ()),
            Fact(label=say.holds_for, text=_holds_for(inputs)),
        ),
    )


def model_name(inputs: Inputs) -> str:
    """Return what the model is called, with the commit of a hub model."""
    if not inputs.has(QuantizeResult):
        return name_of_reference(inputs.recipe.model.source)
    made = inputs.quantize
    name = made.source_name or name_of_reference(made.source)
    return name if made.source_commit is None else inputs.say.cover.at_commit(name, made.source_commit)


def _checkpoint(inputs: Inputs) -> str:
    made, say = inputs.quantize, inputs.say.cover
    return say.awq(str(made.bits), say.grouping(made.group_size), made.checkpoint_digest)


def _holds_for(inputs: Inputs) -> str:
    """Return what the figures hold for: engine and load where speed was measured, the version of awqctl always."""
    say, version = inputs.say.cover, inputs.environment.awqctl
    if not inputs.has(BenchResult):
        return say.holds_without_speed(version)
    load = inputs.load
    if load.prompts is not None:
        return say.holds_with_prompts(load.engine_version, load.prompts.name, str(load.output_tokens), version)
    return say.holds(load.engine_version, str(load.input_tokens), str(load.output_tokens), version)

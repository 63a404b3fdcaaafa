"""The smallest report with a calculator."""

from pipeline.report.document import CalculatorLabels, Cover, Labels, ReportDocument, Section
from pipeline.report.language.en.calculator import Calculator
from pipeline.report.language.en.page import Page
from pipeline.roi.model import PricingModel

LABELS = CalculatorLabels(**{name: getattr(Calculator(), name) for name in CalculatorLabels.model_fields})


def priced_report(model: PricingModel | None, labels: CalculatorLabels = LABELS) -> ReportDocument:
    """Return a report of costs alone."""
    page = {name: getattr(Page(), name) for name in Labels.model_fields if name != "calculator"}
    return ReportDocument(
        labels=Labels(**page, calculator=labels),
        cover=Cover(title="Costs", client=None, prepared_by=None, facts=()),
        findings=(),
        summary=(),
        key_figures=(),
        recommendation="None.",
        next_steps=(),
        legend=(),
        sections=(Section(id="costs", title="Costs"),),
        signatures=(),
        pricing=model,
    )

"""The labels of a report's pages in one language."""

from pipeline.report.document import CalculatorLabels, Labels
from pipeline.report.language.language import Language


def labels_of(say: Language) -> Labels:
    """Return headings and labels around the chapters, and those of the page's calculator."""
    page = {name: getattr(say.page, name) for name in Labels.model_fields if name != "calculator"}
    calculator = {name: getattr(say.calculator, name) for name in CalculatorLabels.model_fields}
    return Labels(**page, calculator=CalculatorLabels(**calculator))

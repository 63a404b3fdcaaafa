"""What stands on the cover and the last page."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.language.en.words import Words


class Cover(Words):
    """Labels, and the legend of origins."""

    title = "AWQ deployment report"
    """Unless the recipe has its own."""
    date = "Date"
    model = "Model"
    recipe = "Recipe"
    measured_on = "Measured on"
    client = "For the client"
    consultant = "For the consultant"
    origins: Mapping[Origin, str] = {
        "measured": "observed in this run",
        "modelled": "calculated from other figures, at least one of them not measured",
        "quoted": "stated by a named source",
        "assumed": "chosen for this report, not confirmed",
    }

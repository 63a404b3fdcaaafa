"""What stands around the chapters: headings and labels of the page."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.language.en.words import Words


class Page(Words):
    """As `Labels` of the document has them."""

    language = "en"
    client = "Client"
    for_client = "For"
    prepared_by = "Prepared by"
    summary = "Summary"
    next_steps = "Next steps"
    contents = "Contents"
    source = "Source"
    origins_title = "Origin of figures"
    figure = "Figure"
    value = "Value"
    detail = "Detail"
    origin = "Origin"
    signatures = "Signatures"
    role = "Role"
    name = "Name"
    date = "Date"
    signature = "Signature"
    charts_elsewhere = "Charts are in the HTML version of this report."
    origins: Mapping[Origin, str] = {
        "measured": "measured",
        "modelled": "modelled",
        "quoted": "quoted",
        "assumed": "assumed",
    }
    marks: Mapping[Origin, str] = {"measured": "●", "modelled": "○", "quoted": "§", "assumed": "?"}

"""What stands around the chapters: headings and labels of the page."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.decision import Choice
from pipeline.report.language.en.words import Words


class Page(Words):
    """As `Labels` of the document has them."""

    language = "en"
    client = "Client"
    for_client = "For"
    prepared_by = "Prepared by"
    summary = "Executive summary"
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
    skip = "Skip to the summary"
    page_of = "{page} of {pages}"
    continued = "continued"
    evidence = "Evidence: where the figures stand"
    lowest = "lowest"
    highest = "highest"
    no_loss = "No loss"
    attachment = "This report as data: every figure unrounded, with its evidence"
    key_figures = "Key figures"
    charts_elsewhere = "Charts are in the HTML version of this report."
    origins: Mapping[Origin, str] = {
        "measured": "measured",
        "modelled": "modelled",
        "quoted": "quoted",
        "assumed": "assumed",
    }
    decision = "Recommendation"
    decisions: Mapping[Choice, str] = {
        "deploy AWQ": "Deploy AWQ",
        "deploy FP8": "Deploy FP8",
        "stay on 16 bit": "Stay on 16 bit",
        "not decided": "Not decided",
    }
    marks: Mapping[Origin, str] = {"measured": "●", "modelled": "○", "quoted": "§", "assumed": "?"}

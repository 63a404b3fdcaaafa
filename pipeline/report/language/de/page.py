"""What stands around the chapters in German: headings and labels of the page."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.decision import Choice
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.page import Page


class GermanPage(GermanWords, Page):
    """As `Labels` of the document has them."""

    language = "de"
    client = "Auftraggeber"
    for_client = "Für"
    prepared_by = "Erstellt von"
    summary = "Zusammenfassung für die Entscheidung"
    next_steps = "Nächste Schritte"
    contents = "Inhalt"
    source = "Quelle"
    origins_title = "Herkunft der Werte"
    figure = "Kennzahl"
    value = "Wert"
    detail = "Einzelheiten"
    origin = "Herkunft"
    signatures = "Unterschriften"
    role = "Rolle"
    name = "Name"
    date = "Datum"
    signature = "Unterschrift"
    decision = "Empfehlung"
    decisions: Mapping[Choice, str] = {
        "deploy AWQ": "AWQ einsetzen",
        "deploy FP8": "FP8 einsetzen",
        "stay on 16 bit": "Bei 16 Bit bleiben",
        "not decided": "Nicht entschieden",
    }
    charts_elsewhere = "Die Diagramme stehen in der HTML-Fassung dieses Berichts."
    origins: Mapping[Origin, str] = {
        "measured": "gemessen",
        "modelled": "modelliert",
        "quoted": "laut Quelle",
        "assumed": "angenommen",
    }

    skip = "Zur Zusammenfassung springen"

    page_of = "{page} von {pages}"

    continued = "Fortsetzung"

    evidence = "Belege: wo die Werte stehen"

    lowest = "niedrigster Wert"

    highest = "höchster Wert"

    no_loss = "Kein Verlust"

    attachment = "Dieser Bericht als Daten: jeder Wert ungerundet, mit seinem Beleg"

    key_figures = "Kennzahlen"

    marks: Mapping[Origin, str] = {"measured": "●", "modelled": "○", "quoted": "§", "assumed": "?"}

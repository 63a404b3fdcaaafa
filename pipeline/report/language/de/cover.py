"""What stands on the cover and the last page in German."""

from collections.abc import Mapping

from pipeline.base.results import Origin
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.cover import Cover


class GermanCover(GermanWords, Cover):
    """Labels, and the legend of origins."""

    title = "Bericht zum Einsatz von AWQ"
    date = "Datum"
    model = "Modell"
    recipe = "Rezept"
    measured_on = "Gemessen auf"
    client = "Für den Auftraggeber"
    consultant = "Für den Auftragnehmer"
    origins: Mapping[Origin, str] = {
        "measured": "in diesem Lauf beobachtet",
        "modelled": "aus anderen Werten berechnet, von denen mindestens einer nicht gemessen ist",
        "quoted": "von einer genannten Quelle angegeben",
        "assumed": "für diesen Bericht angesetzt, nicht bestätigt",
    }

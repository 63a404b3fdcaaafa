"""What is said in German of weights that the engine made up."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.dummy_weights import DummyWeightsSentences


class GermanDummyWeightsSentences(GermanWords, DummyWeightsSentences):
    """The first finding, the cover, and what is recommended instead."""

    topic = "Gewichte"
    headline = "Platzhalter-Gewichte: nur Geschwindigkeit und Speicher."
    on_cover = "Platzhalter, von der Engine erzeugt: nur Geschwindigkeit und Speicher"
    configurations: Mapping[str, str] = {
        "config.json": "config.json",
        "catalogue": "Eintrag im Modellkatalog",
    }
    tokenizers: Mapping[str, str] = {
        "own": "",
        "stand-in": (
            " Der Tokenizer des Modells war nicht vorhanden: Prompts und Antworten bestehen aus erfundenen Wörtern mit "
            "je einem Token."
        ),
    }
    recommendation = (
        "Keine Empfehlung: Die Gewichte wurden von der Engine erzeugt; dieser Lauf sagt daher etwas über "
        "Geschwindigkeit und Speicher aus, aber nichts über Genauigkeit oder Kosten."
    )
    next_step = (
        "Das Modell beschaffen, quantisieren und messen: `awqctl run` mit einem Rezept, das die Abschnitte quantize "
        "und eval enthält, und ohne Platzhalter-Gewichte."
    )

    one_detail = (
        "Die Engine hat sie aus der Konfiguration des Quellmodells erzeugt: Die Kernel sind die echter Gewichte, die "
        "Antworten bedeuten nichts; diese Variante wurde daher weder bewertet noch mit Kosten versehen."
    )

    def one_headline(self, arm: str) -> str:
        return f"{arm}: Platzhalter-Gewichte, nur Geschwindigkeit und Speicher."

    def detail(self, model: str, configuration: str, tokenizer: str) -> str:
        return (
            f"Die Engine hat die Gewichte erzeugt (Vorlage: {configuration} von {model}); die Kernel sind die echter "
            f"Gewichte, die Antworten bedeuten nichts.{tokenizer}"
        )

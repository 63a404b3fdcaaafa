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
    checkpoint = "Checkpoint"
    holds_for = "Gilt für"

    def at_commit(self, name: str, commit: str) -> str:
        return f"{name}, beim Commit {commit}"

    def awq(self, bits: str, groups: str, digest: str) -> str:
        return f"AWQ mit {bits} Bit, {groups}; SHA-256 {digest}"

    def holds(self, engine: str, prompt: str, answer: str, awqctl: str) -> str:
        return (
            f"diesen Checkpoint auf dieser Hardware mit {engine}, Prompts von {prompt} und Antworten von {answer} "
            f"Token; gemessen mit awqctl {awqctl}"
        )

    def holds_with_prompts(self, engine: str, file: str, answer: str, awqctl: str) -> str:
        return (
            f"diesen Checkpoint auf dieser Hardware mit {engine}, den Prompts aus {file} und Antworten von {answer} "
            f"Token; gemessen mit awqctl {awqctl}"
        )

    def holds_without_speed(self, awqctl: str) -> str:
        return f"diesen Checkpoint; die Geschwindigkeit wurde nicht gemessen; awqctl {awqctl}"

    client = "Für den Auftraggeber"
    consultant = "Für den Auftragnehmer"
    origins: Mapping[Origin, str] = {
        "measured": "in diesem Lauf beobachtet",
        "modelled": "aus anderen Werten berechnet, von denen mindestens einer nicht gemessen ist",
        "quoted": "von einer genannten Quelle angegeben",
        "assumed": "für diesen Bericht angesetzt, nicht bestätigt",
    }

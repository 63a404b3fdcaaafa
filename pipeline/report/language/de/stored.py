"""`GermanStoredSentences`: all that results keep as phrases, in German; their figures, kept in English, too."""

from pipeline.base.manner import GERMAN, restated
from pipeline.base.results import Phrase
from pipeline.base.sentences.stored import StoredSentences
from pipeline.report.language.de.stored_alarm import GermanAlarmSentences
from pipeline.report.language.de.stored_gates import GermanGateSentences
from pipeline.report.language.de.stored_health import GermanHealthSentences
from pipeline.report.language.de.stored_smoke import GermanSmokeSentences
from pipeline.report.language.de.stored_statistics import GermanMethodSentences
from pipeline.report.language.de.stored_validity import GermanValiditySentences
from pipeline.report.language.de.stored_verdicts import GermanVerdictSentences

_NO_NUMBERS = frozenset({"cuda", "gpu", "name", "model", "number", "pid", "text", "version"})
"""Figures that are names, and may look like numbers: `12.4` is a version of CUDA."""


class GermanStoredSentences(
    GermanGateSentences,
    GermanVerdictSentences,
    GermanMethodSentences,
    GermanAlarmSentences,
    GermanSmokeSentences,
    GermanValiditySentences,
    GermanHealthSentences,
    StoredSentences,
):
    """Says the phrases of results in German."""

    def text(self, phrase: Phrase | None, stored: str = "") -> str:
        """Return the sentence with its figures in the German manner; as it is stored where no phrase is known."""
        return super().text(None if phrase is None else _german(phrase), stored)


def _german(phrase: Phrase) -> Phrase:
    """Return the phrase with its figures as German prints them: stages keep them as English does."""
    figures = {name: text if name in _NO_NUMBERS else restated(text, GERMAN) for name, text in phrase.figures.items()}
    parts = None if phrase.parts is None else tuple(map(_german, phrase.parts))
    return phrase.model_copy(update={"figures": figures, "parts": parts})

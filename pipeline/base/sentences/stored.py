"""`StoredSentences`: all that results keep as phrases, and how a phrase is said."""

import inspect
from collections.abc import Sequence

from pipeline.base.results import Phrase
from pipeline.base.sentences.alarm import AlarmSentences
from pipeline.base.sentences.common import CommonSentences
from pipeline.base.sentences.gates import GateSentences
from pipeline.base.sentences.health import HealthSentences
from pipeline.base.sentences.smoke import SmokeSentences
from pipeline.base.sentences.statistics import MethodSentences
from pipeline.base.sentences.validity import ValiditySentences
from pipeline.base.sentences.verdicts import VerdictSentences


class StoredSentences(
    CommonSentences,
    GateSentences,
    VerdictSentences,
    MethodSentences,
    AlarmSentences,
    SmokeSentences,
    ValiditySentences,
    HealthSentences,
):
    """Says the phrases of results in one language; a method's name is the key of its phrase."""

    def text(self, phrase: Phrase | None, stored: str = "") -> str:
        """Return the sentence; as it is stored where another version kept no phrase, or one that is not known here."""
        said = None if phrase is None else self._said(phrase)
        return stored if said is None else said

    def texts(self, phrases: Sequence[Phrase], stored: Sequence[str]) -> list[str]:
        """Return the sentences of several, each with what is stored of it."""
        return [self.text(phrase, text) for phrase, text in zip(phrases, stored, strict=True)]

    def _said(self, phrase: Phrase) -> str | None:
        """Return the sentence; None where it, or one in it, is not known with these figures."""
        sentence = getattr(self, phrase.key, None)
        parts = () if phrase.parts is None else ([self._said(part) for part in phrase.parts],)
        if not callable(sentence) or any(None in part for part in parts):
            return None
        try:
            inspect.signature(sentence).bind(*parts, **phrase.figures)
        except TypeError:
            return None
        return str(sentence(*parts, **phrase.figures))


ENGLISH = StoredSentences()
"""What stages keep beside the phrases."""

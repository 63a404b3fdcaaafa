"""`StoredSentences`: all that results keep as phrases, and how a phrase is said."""

import inspect
from collections.abc import Callable, Sequence

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
        """Return the sentence; None where it, or one in it, is not known with these figures and so many parts."""
        sentence = getattr(self, phrase.key) if phrase.key in _KEYS else None
        parts = () if phrase.parts is None else ([self._said(part) for part in phrase.parts],)
        if sentence is None or any(None in part for part in parts) or not _takes(sentence, phrase):
            return None
        try:
            return str(sentence(*parts, **phrase.figures))
        except ValueError:  # other parts than it puts together
            return None


_KEYS = frozenset(
    name for room in StoredSentences.__bases__ for name, one in vars(room).items() if name[0] != "_" and callable(one)
)
"""Names of what rooms say: sentences, and how things are called."""


def _takes(sentence: Callable[..., str], phrase: Phrase) -> bool:
    """Return whether it is a sentence with just these figures, and with parts where the phrase has some."""
    parameters = inspect.signature(sentence).parameters.values()
    figures = {one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
    parts = [one.annotation for one in parameters if one.name not in figures]
    return figures == phrase.figures.keys() and parts == [Sequence[str]] * (phrase.parts is not None)


ENGLISH = StoredSentences()
"""What stages keep beside the phrases."""

"""Phrases: a sentence by its key and figures, said by any language, and shown as stored where it is not known."""

from collections.abc import Sequence

import pytest

from pipeline.base.phrase import phrase, phrase_of, phrases_or_quoted, quoted
from pipeline.base.results import Gate, Phrase
from pipeline.base.sentences.stored import ENGLISH, StoredSentences

VOID = phrase_of(StoredSentences.void_at, (phrase(StoredSentences.no_counters),), arm="awq", concurrency="4")


class Saetze(StoredSentences):
    """One sentence in German."""

    def void_at(self, reasons: Sequence[str], *, arm: str, concurrency: str) -> str:
        """Return the place with the figures in another order."""
        return f"bei {concurrency} ({arm}): {reasons[0]}"


def test_a_phrase_is_said_by_every_language() -> None:
    """The same phrase in English and in another language, whose missing sentences are English."""
    assert ENGLISH.text(VOID) == "awq at concurrency 4: the server offers no counters"
    assert Saetze().text(VOID) == "bei 4 (awq): the server offers no counters"


def test_a_phrase_survives_the_record() -> None:
    """What a gate says is the same after it was written and read."""
    gate = Gate(name="x", passed=True, statement="in English", said=VOID)
    assert Gate.model_validate_json(gate.model_dump_json()) == gate


@pytest.mark.parametrize(
    "said",
    [
        None,
        Phrase(key="of_a_later_version"),
        Phrase(key="void_arm", figures={"other": "figures"}, parts=()),
        Phrase(key="gate_names"),
        Phrase(key="several", parts=(Phrase(key="of_a_later_version"),)),
        Phrase(key="text", figures={"phrase": "figure"}),
        Phrase(key="held_out", figures={"text": "no sentence"}),
        Phrase(key="held_out", parts=(quoted("no sentence"),)),
        Phrase(key="__class__"),
        Phrase(key="void_arm", figures={"arm": "awq", "reasons": "a figure in the place of parts"}),
        Phrase(key="method_because", parts=(quoted("alone"),)),
    ],
)
def test_what_is_not_known_is_shown_as_it_is_stored(said: Phrase | None) -> None:
    """No phrase, another version's, one with other figures or parts, no sentence at all, and one with such a part."""
    assert ENGLISH.text(said, "as stored") == "as stored"


def test_reasons_of_earlier_versions_are_quoted() -> None:
    """Reasons without phrases stay what they are; with phrases those are taken."""
    assert phrases_or_quoted((), ("one", "two")) == (quoted("one"), quoted("two"))
    assert phrases_or_quoted((VOID,), ("one",)) == (VOID,)


def test_words_of_a_server_are_nobody_s_to_translate() -> None:
    """They stay as they are in every language, whatever is in them."""
    assert Saetze().text(quoted("HTTP 500: {broken}")) == "HTTP 500: {broken}"

"""What sentences of all kinds are put together from."""

from collections.abc import Sequence


class CommonSentences:
    """Parts of other sentences, and words that are nobody's to translate."""

    def as_it_is(self, *, text: str) -> str:
        """Return the words of a server, a driver or a user."""
        return text

    def nothing(self) -> str:
        """Return nothing, where a part may be absent."""
        return ""

    def several(self, sentences: Sequence[str]) -> str:
        return "; ".join(sentences)

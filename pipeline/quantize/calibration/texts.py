"""The texts of one calibration source: in seeded order, each once."""

import hashlib
import random
from collections.abc import Iterable, Iterator

from pipeline.base.errors import SourceError
from pipeline.models.chats import ChatRenderer
from pipeline.models.tokenizer import Tokenizer
from pipeline.quantize.calibration.data_sets import open_data_set
from pipeline.quantize.calibration.files import Row, read_file
from pipeline.quantize.calibration.sources import Place


class UniqueTexts:
    """Iterates over the texts of a source once, and counts what it meets on the way."""

    def __init__(self, place: Place, seed: int, tokenizer: Tokenizer, seen: set[bytes]) -> None:
        """Remember where to read; `seen` holds the digests of texts read before and is added to."""
        self.place = place
        self.identity = place.identity()
        self.read = self.used = self.blank = self.duplicate = 0
        self._seed = seed
        self._chats = ChatRenderer(tokenizer)
        self._seen = seen

    def __iter__(self) -> Iterator[str]:
        """Yield the texts.

        Raises:
            SourceError: the source is missing or unreadable, or a row holds no text or chat.
            EnvironmentLackError: the hub cannot be reached.
        """
        for row in self._rows():
            self.read += 1
            text = self._text(row)
            if not text.strip():
                self.blank += 1
            elif self._is_new(text, row.where):
                self.used += 1
                yield text
            else:
                self.duplicate += 1

    def _rows(self) -> Iterable[Row]:
        if self.place.path is not None and self.place.is_file:
            rows = read_file(self.place.path, self.place.column)
            random.Random(self._seed).shuffle(rows)  # noqa: S311 -- a reproducible sample, not a secret
            return rows
        data_set = open_data_set(self.place, self._seed)
        if data_set.commit:
            self.identity = f"{self.place.source.source}@{data_set.commit}"
        return data_set.rows()

    def _text(self, row: Row) -> str:
        if row.value is None:
            return ""
        if self.place.is_chat:
            return self._chats.text(row.value, row.where, self.place.column, row.tools)
        if not isinstance(row.value, str):
            raise SourceError(
                f"{row.where}: '{self.place.column}' holds {type(row.value).__name__}, not text. Set `column` of "
                f"this calibration source to one that holds text, or `messages` for chats."
            )
        return row.value

    def _is_new(self, text: str, where: str) -> bool:
        """Return whether no text before was the same but for white space; remember it."""
        try:
            digest = hashlib.sha256(" ".join(text.split()).encode()).digest()
        except UnicodeEncodeError as problem:
            raise SourceError(f"{where}: the text holds half a character ({problem.reason}). Correct it.") from problem
        is_new = digest not in self._seen
        self._seen.add(digest)
        return is_new

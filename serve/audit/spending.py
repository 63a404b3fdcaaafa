"""`Spending`: how many tokens each key's requests took, from the engines' lines as they are written."""

import json
import threading
from pathlib import Path

from pipeline.base.results import Result
from serve.audit.spool import USAGE, Spool


class Tokens(Result):
    """Of one key, in all."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        """Return both together."""
        return self.prompt + self.completion


class Spending:
    """Reads the engines' files in the spool beside the audit's writer, from what they have now on."""

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder, {})
        self._by_key: dict[str, Tokens] = {}
        self._changing = threading.Lock()
        for file in self._spool.files(USAGE):
            file.skip()

    def by_key(self) -> dict[str, Tokens]:
        """Return the tokens by the keys' ids."""
        with self._changing:
            return dict(self._by_key)

    def read(self) -> None:
        """Count what has been written since."""
        found: dict[str, list[int]] = {}
        for file in self._spool.files(USAGE):
            file.set_aside()
            for text, _ in file.lines():
                try:
                    line = json.loads(text)
                    sums = found.setdefault(line["key"], [0, 0])
                    sums[0] += line["prompt_tokens"]
                    sums[1] += line["completion_tokens"]
                except (ValueError, LookupError, TypeError):
                    continue  # the writer tells
        with self._changing:
            for key, (prompt, completion) in found.items():
                before = self._by_key.get(key, Tokens())
                self._by_key[key] = Tokens(prompt=before.prompt + prompt, completion=before.completion + completion)
        self._spool.forget()

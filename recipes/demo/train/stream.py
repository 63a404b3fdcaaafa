"""The training stream: documents in random order, joined by separators and cut into rows."""

import random
from collections.abc import Iterator, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from recipes.demo.corpus import Module

SEPARATOR = 0
"""The token of `<|endoftext|>`."""


class Source:
    """Documents to draw rows from without end; each pass orders and cuts them anew."""

    def __init__(self, modules: Sequence[Module], tokenizer: Tokenizer, length: int, seed: str) -> None:
        self.documents = [[SEPARATOR, *tokenizer.encode(module.text).ids] for module in modules]
        self.length = length
        self.drawn = 0
        self._generator = random.Random(seed)
        self._rows = self._draw()

    @property
    def tokens(self) -> int:
        """Return the number of tokens of one pass, separators included."""
        return sum(map(len, self.documents))

    @property
    def passes(self) -> float:
        """Return how often the documents were seen so far."""
        return self.drawn * self.length / self.tokens

    def take(self, count: int) -> Tensor:
        """Return the next `count` rows, `[count, length + 1]`."""
        self.drawn += count
        return torch.stack([next(self._rows) for _ in range(count)])

    def _draw(self) -> Iterator[Tensor]:
        while True:
            order = self._generator.sample(self.documents, len(self.documents))
            tokens = torch.tensor([token for document in order for token in document], dtype=torch.long)
            start = self._generator.randrange(self.length)
            rows = tokens[start:].unfold(0, self.length + 1, self.length)
            for at in self._generator.sample(range(len(rows)), len(rows)):
                yield rows[at]


def shorten(rows: Tensor, context: int, separator_rate: float) -> Tensor:
    """Return `rows` cut to `context + 1`, of which some begin with the separator in place of a token.

    An evaluated document begins with the separator wherever it was cut from a file; the model must know that.
    """
    cut = rows.unfold(1, context + 1, context).flatten(0, 1).clone()
    cut[torch.rand(len(cut)) < separator_rate, 0] = SEPARATOR
    return cut

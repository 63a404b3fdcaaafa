"""What a server may be sent at most: requests and tokens, counted before they are sent. Pure arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass

from eval.bench.load.endpoint_result import Spent
from eval.bench.load.prompts import Prompt
from pipeline.base.errors import GateError

TEMPLATE_TOKENS = 256
"""Most tokens that a server's chat template is taken to add to a message."""


class LimitReachedError(GateError):
    """The next load would take more than is allowed."""


@dataclass(frozen=True)
class Allowance:
    """Limits that are never exceeded; None for no limit."""

    requests: int | None = None
    tokens: int | None = None
    """Of prompts and answers together."""


class Budget:
    """Counts what is about to be sent against an allowance."""

    def __init__(self, allowance: Allowance | None = None) -> None:
        self._allowance = allowance or Allowance()
        self.spent = Spent()

    def take(self, prompts: Iterable[Prompt], *, chat: bool) -> int:
        """Take a load from the budget, whole or not at all; returns the most tokens that its answers may have.

        Args:
            prompts: of the load.
            chat: whether the server puts them into a template.

        Raises:
            LimitReachedError: it does not fit.
        """
        asked = tuple(prompts)
        answers = sum(prompt.output_tokens for prompt in asked)
        wanted = Spent(
            requests=self.spent.requests + len(asked),
            tokens_at_most=self.spent.tokens_at_most + answers + sum(most_tokens(one, chat=chat) for one in asked),
        )
        for what, limit, taken, total in (
            ("requests", self._allowance.requests, self.spent.requests, wanted.requests),
            ("tokens", self._allowance.tokens, self.spent.tokens_at_most, wanted.tokens_at_most),
        ):
            if limit is not None and total > limit:
                raise LimitReachedError(
                    f"not sent: {total - taken} {what} more would make up to {total}, and the limit is {limit}"
                )
        self.spent = wanted
        return answers

    def add(self, tokens: int) -> None:
        """Count tokens that a server made beyond what it was asked for; later loads have so many less."""
        self.spent = self.spent.model_copy(update={"tokens_at_most": self.spent.tokens_at_most + tokens})


def most_tokens(prompt: Prompt, *, chat: bool) -> int:
    """Return the most tokens that a prompt can be: no token of a text is shorter than a byte."""
    known = len(prompt.text.encode()) if prompt.tokens is None else prompt.tokens
    # What a tokenizer puts around a text of which the tokens are not known.
    return known + (TEMPLATE_TOKENS if chat else 0 if prompt.tokens is not None else 2)

"""Limits of requests and tokens hold before anything is sent."""

import pytest

from eval.bench.load.budget import TEMPLATE_TOKENS, Allowance, Budget, LimitReachedError, most_tokens
from eval.bench.load.prompts import Prompt

KNOWN, UNKNOWN = Prompt("four words of text", 10, 4), Prompt("héllo", 10, None)


def test_load_is_taken_whole_or_not_at_all() -> None:
    """What does not fit leaves the budget as it was."""
    budget = Budget(Allowance(requests=5, tokens=100))
    assert budget.take([KNOWN] * 3, chat=False) == 30
    with pytest.raises(LimitReachedError, match="3 requests more would make up to 6, and the limit is 5"):
        budget.take([KNOWN] * 3, chat=False)
    assert (budget.spent.requests, budget.spent.tokens_at_most) == (3, 42)
    budget.take([KNOWN] * 2, chat=False)


def test_tokens_of_prompts_and_answers_count_together() -> None:
    """Fourteen each."""
    budget = Budget(Allowance(tokens=27))
    budget.take([KNOWN], chat=False)
    with pytest.raises(LimitReachedError, match="14 tokens more would make up to 28"):
        budget.take([KNOWN], chat=False)


def test_server_that_makes_more_has_less_left() -> None:
    """Tokens beyond those asked for are counted when they are known."""
    budget = Budget(Allowance(tokens=30))
    budget.take([KNOWN], chat=False)
    budget.add(10)
    with pytest.raises(LimitReachedError):
        budget.take([KNOWN], chat=False)


def test_unknown_tokens_are_bounded_by_bytes() -> None:
    """No token is shorter than a byte; a template adds its own."""
    assert most_tokens(KNOWN, chat=False) == 4
    assert most_tokens(UNKNOWN, chat=False) == len("héllo".encode()) + 2
    assert most_tokens(KNOWN, chat=True) == 4 + TEMPLATE_TOKENS

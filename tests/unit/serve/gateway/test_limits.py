"""Tokens per minute, second by second."""

import pytest

from serve.gateway.limits import TokenBudgets
from serve.gateway.rules import KeyRule

ALICE = KeyRule(digest="a" * 64, id="alice", name="alice", tokens_per_minute=100)
BOB = KeyRule(digest="b" * 64, id="bob", name="bob", tokens_per_minute=1000)
FREE = KeyRule(digest="c" * 64, id="free", name="free")


@pytest.fixture
def budgets() -> TokenBudgets:
    """Return budgets of which nothing is used."""
    return TokenBudgets()


def test_budget_is_over_when_it_is_used_up(budgets: TokenBudgets) -> None:
    """One token less is within it; the last one ends it, for its minute and the second it was counted in."""
    budgets.add("alice", 99, 1000)
    assert budgets.over([ALICE], 1000) == {}
    budgets.add("alice", 1, 1030)
    assert budgets.over([ALICE], 1030) == {"alice": 31}
    assert budgets.over([ALICE], 1060.5) == {"alice": 1}
    assert budgets.over([ALICE], 1061) == {}


def test_wait_is_as_long_as_it_takes_and_no_longer(budgets: TokenBudgets) -> None:
    """It ends with the oldest second without which the minute is within the budget."""
    for second in range(10):
        budgets.add("alice", 20, 1000 + second)
    assert budgets.over([ALICE], 1010) == {"alice": 56}  # six of ten have to leave, the sixth at 1066
    assert budgets.over([ALICE], 1065.9) == {"alice": 1}
    assert budgets.over([ALICE], 1066) == {}


def test_one_answer_beyond_the_budget_costs_a_minute(budgets: TokenBudgets) -> None:
    """A request larger than the whole budget is paid afterwards."""
    budgets.add("alice", 5000, 1000.7)
    assert budgets.over([ALICE], 1001) == {"alice": 60}


def test_keys_have_budgets_of_their_own(budgets: TokenBudgets) -> None:
    """Others are untouched, a key without a budget is never over, nor is one that is gone."""
    for key in ("alice", "bob", "free", "gone"):
        budgets.add(key, 500, 1000)
    assert budgets.over([ALICE, BOB, FREE], 1000) == {"alice": 61}


def test_secrets_of_one_key_share_its_budget(budgets: TokenBudgets) -> None:
    """During a rotation there are two rules of one id."""
    budgets.add("alice", 100, 1000)
    assert budgets.over([ALICE, KeyRule("d" * 64, "alice", "alice", tokens_per_minute=100)], 1000) == {"alice": 61}


def test_changed_budget_counts_at_once(budgets: TokenBudgets) -> None:
    """What was used is held against the limit that the key has now."""
    budgets.add("alice", 150, 1000)
    assert budgets.over([ALICE], 1001)
    assert budgets.over([KeyRule("a" * 64, "alice", "alice", tokens_per_minute=200)], 1001) == {}


def test_late_events_count_where_they_belong(budgets: TokenBudgets) -> None:
    """Order does not matter; what is older than the minute does not count."""
    budgets.add("alice", 60, 1050)
    budgets.add("alice", 60, 1010)
    budgets.add("alice", 1000, 900)
    assert budgets.over([ALICE], 1052) == {"alice": 19}


def test_nothing_piles_up(budgets: TokenBudgets) -> None:
    """A million requests of an hour leave a minute of seconds."""
    for at in range(3600):
        budgets.add("alice", 1, at)
        budgets.over([ALICE], at)
    assert len(budgets._used["alice"]) <= 61  # noqa: SLF001 -- what it keeps is the point
    budgets.over([ALICE], 10_000)
    assert not budgets._used  # noqa: SLF001


def test_wait_is_right_against_counting_by_hand(budgets: TokenBudgets) -> None:
    """Of scattered traffic: a second before the wait ends the budget is still used up, at its end it is not."""
    events = [(7 * number % 40 + 1, 1000 + 37 * number % 60) for number in range(12)]
    for tokens, at in events:
        budgets.add("alice", tokens, at)

    def used(now: float) -> int:
        return sum(tokens for tokens, at in events if at + 61 > now)

    wait = budgets.over([ALICE], 1060).get("alice", 0)
    assert wait > 0
    assert used(1060 + wait - 1) >= 100
    assert used(1060 + wait) < 100

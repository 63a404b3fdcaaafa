"""Tokens per minute: which keys have used theirs, and for how long. Pure; the engines' figures are its input.

A budget is paid afterwards, as nobody knows how long an answer will be: the request that goes beyond it is finished,
and the next ones wait until enough of the last minute has passed.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

from serve.gateway.rules import KeyRule

_WINDOW_S = 60


class TokenBudgets:
    """What every key has used in the last minute, second by second."""

    def __init__(self) -> None:
        self._used: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, key: str, tokens: int, at: float) -> None:
        """Count tokens of one request.

        Args:
            key: id of the key.
            tokens: of prompt and answer.
            at: when they were used, in seconds of any clock that goes on; events may come late and in any order.
        """
        if tokens > 0:
            self._used[key][math.floor(at)] += tokens

    def over(self, rules: Iterable[KeyRule], now: float) -> dict[str, int]:
        """Return the ids of the keys that have used up their minute, and after how many seconds they may come back.

        Args:
            rules: of all keys; several secrets of one key have one budget.
            now: by the same clock.
        """
        self._forget(now)
        budgets = {rule.id: rule.tokens_per_minute for rule in rules if rule.tokens_per_minute is not None}
        waits = {key: self._wait(key, budget, now) for key, budget in budgets.items() if key in self._used}
        return {key: wait for key, wait in waits.items() if wait}

    def _wait(self, key: str, budget: int, now: float) -> int:
        """Return after how many whole seconds less than the budget has been used in the last minute; 0 for now."""
        left = sum(self._used[key].values())
        leaves = now
        for second, tokens in sorted(self._used[key].items()):
            if left < budget:
                break
            left -= tokens
            leaves = second + 1 + _WINDOW_S
        return max(0, math.ceil(leaves - now))

    def _forget(self, now: float) -> None:
        for key, used in list(self._used.items()):
            for second in [one for one in used if one + 1 + _WINDOW_S <= now]:
                del used[second]
            if not used:
                del self._used[key]

"""`RequestFigures`: what became of the requests of some time, and how long they took."""

from array import array
from collections.abc import Iterable
from typing import get_args

from eval.bench.load.details import distribution
from eval.bench.load.result import Distribution
from pipeline.base.results import Result
from serve.audit.lines import AuditLine
from serve.monitoring.outcomes import Outcome, generates, outcome_of


class RequestFigures(Result):
    """Requests for something generated; lists of models are not among them."""

    answered: int = 0
    failed: int = 0
    """5xx, no answer, or one that was cut."""
    abandoned: int = 0
    """The client left before the end."""
    refused: int = 0
    """4xx, the client's own mistake."""
    limited: int = 0
    """429."""
    unknown_key: int = 0
    slow: int = 0
    """Answered later than the level allows, or given up by the client after so long."""
    timed: int = 0
    """Of which it is known whether they were slow."""
    latency: Distribution = Distribution()
    """Of those that were answered."""
    first_token: Distribution = Distribution()
    """Of those that were streamed: from the arrival at the door."""
    tpot: Distribution = Distribution()
    """The time per output token after the first, of those that were streamed."""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def counted(self) -> int:
        """Return the requests that the share of errors is of."""
        return self.answered + self.failed


class RequestStatistics:
    """Takes lines one by one, and says what they amount to.

    Args:
        p95_s: how long 95 of 100 requests may take.
    """

    def __init__(self, p95_s: float) -> None:
        self._p95_ms = p95_s * 1000
        self._counts: dict[Outcome, int] = dict.fromkeys(get_args(Outcome), 0)
        self._latencies, self._firsts, self._tpots = array("d"), array("d"), array("d")
        self._slow = self._given_up = self._prompt = self._completion = 0

    def add(self, line: AuditLine) -> None:
        """Take a line; of what is no request for something generated only the tokens count, which may come late."""
        self._prompt += line.prompt_tokens or 0
        self._completion += line.completion_tokens or 0
        if not generates(line):
            return
        outcome = outcome_of(line)
        self._counts[outcome] += 1
        late = line.total_ms > self._p95_ms
        if outcome == "answered":
            self._latencies.append(line.total_ms / 1000)
            self._slow += late
            if line.first_token_ms is not None:
                self._firsts.append(line.first_token_ms / 1000)
            if (per_token := tpot_ms(line)) is not None:
                self._tpots.append(per_token / 1000)
        elif outcome == "abandoned" and late:
            self._given_up += 1

    def figures(self) -> RequestFigures:
        """Return what the lines so far amount to."""
        return RequestFigures(
            **self._counts,
            slow=self._slow + self._given_up,
            timed=len(self._latencies) + self._given_up,
            latency=distribution(self._latencies, len(self._latencies)),
            first_token=distribution(self._firsts, len(self._firsts)),
            tpot=distribution(self._tpots, len(self._tpots)),
            prompt_tokens=self._prompt,
            completion_tokens=self._completion,
        )


def request_figures(lines: Iterable[AuditLine], p95_s: float) -> RequestFigures:
    """Return the figures of all requests among the lines.

    Args:
        lines: of the audit.
        p95_s: how long 95 of 100 may take.
    """
    found = RequestStatistics(p95_s)
    for line in lines:
        found.add(line)
    return found.figures()


def tpot_ms(line: AuditLine) -> float | None:
    """Return the time per output token after the first of a streamed answer; None where that cannot be told."""
    if line.first_token_ms is None or (line.completion_tokens or 0) <= 1 or not line.tokens_exact:
        return None
    return max(0.0, line.total_ms - line.first_token_ms) / ((line.completion_tokens or 0) - 1)

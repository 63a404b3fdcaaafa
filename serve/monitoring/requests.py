"""`RequestFigures`: what became of the requests of some time, and how long they took."""

from array import array
from collections.abc import Iterable

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
    """Of those that were streamed: from the arrival at the engine."""
    tpot: Distribution = Distribution()
    """The time per output token after the first, of those that were streamed."""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def counted(self) -> int:
        """Return the requests that the share of errors is of."""
        return self.answered + self.failed


def request_figures(lines: Iterable[AuditLine], p95_s: float) -> RequestFigures:
    """Return the figures of all requests among the lines.

    Args:
        lines: of the audit.
        p95_s: how long 95 of 100 may take.
    """
    counts: dict[Outcome, int] = dict.fromkeys(("answered", "failed", "abandoned", "refused", "limited"), 0)
    latencies, firsts, tpots = array("d"), array("d"), array("d")
    slow = given_up = prompt = completion = 0
    for line in lines:
        if not generates(line):
            continue
        outcome = outcome_of(line)
        counts[outcome] = counts.get(outcome, 0) + 1
        prompt, completion = prompt + (line.prompt_tokens or 0), completion + (line.completion_tokens or 0)
        late = line.total_ms > p95_s * 1000
        if outcome == "answered":
            latencies.append(line.total_ms / 1000)
            slow += late
            if line.first_token_ms is not None:
                firsts.append(line.first_token_ms / 1000)
                if (per_token := tpot_ms(line)) is not None:
                    tpots.append(per_token / 1000)
        elif outcome == "abandoned" and late:
            given_up += 1
    return RequestFigures(
        **counts,
        slow=slow + given_up,
        timed=len(latencies) + given_up,
        latency=distribution(latencies, len(latencies)),
        first_token=distribution(firsts, len(firsts)),
        tpot=distribution(tpots, len(tpots)),
        prompt_tokens=prompt,
        completion_tokens=completion,
    )


def tpot_ms(line: AuditLine) -> float | None:
    """Return the time per output token after the first of a streamed answer; None where that cannot be told.

    The engine's part of the time is what is left of the whole without the wait at the door.
    """
    if line.first_token_ms is None or (line.completion_tokens or 0) <= 1 or not line.tokens_exact:
        return None
    rest = line.total_ms - line.queued_ms - line.first_token_ms
    return max(0.0, rest) / ((line.completion_tokens or 0) - 1)

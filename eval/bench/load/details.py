"""The client's details of each request, and what follows from them. Pure arithmetic.

The client calls every piece of the stream a token when it speaks of intervals, also the piece that only closes the
answer; here an answer has the tokens that `usage` counts, and surplus pieces at its end are left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.bench.load.result import P95_FROM, P99_FROM, Distribution, SteadyState

_STEADY = 0.95
"""Share of the concurrency asked for at which the steady state begins and ends."""
_WORTH_THE_NAME = 0.5
"""Smallest share of the run for a steady state to speak for it."""
_AT_ONCE = 0.1
"""Share of the usual interval between pieces below which two came at once."""
_MOST_ERRORS = 5
_ERROR_LENGTH = 200


@dataclass(frozen=True)
class Answer:
    """One answered request, in seconds."""

    start: float
    """After the first request of the run."""
    ttft: float
    gaps: tuple[float, ...]
    """Between pieces with tokens."""
    tokens: int
    pieces: int
    """Of the stream, closing ones included."""
    prompt: int = 0
    """Tokens of its prompt, as the client counts them."""

    @property
    def end(self) -> float:
        """When its last token came."""
        return self.start + self.e2e

    @property
    def e2e(self) -> float:
        """Until its last token."""
        return self.ttft + sum(self.gaps)

    @property
    def tpot(self) -> float | None:
        """Per token after the first; None for a single token."""
        return sum(self.gaps) / (self.tokens - 1) if self.tokens > 1 else None


def answers_of(raw: dict[str, Any], *, chat: bool = False) -> tuple[Answer, ...]:
    """Return the answered requests of the client's file, in the order of their start.

    Args:
        raw: the file.
        chat: whether answers may begin with a piece that carries the role alone.
    """
    prompts = raw.get("input_lens") or [0] * len(raw["errors"])
    columns = (raw["start_times"], raw["ttfts"], raw["itls"], raw["output_lens"], prompts, raw["errors"])
    found = [
        _answer(start, ttft, itls, tokens, prompt, chat=chat)
        for start, ttft, itls, tokens, prompt, error in zip(*columns, strict=True)
        if not error and tokens
    ]
    first = min((answer.start for answer in found), default=0.0)
    shifted = (replace(answer, start=answer.start - first) for answer in found)
    return tuple(sorted(shifted, key=lambda answer: answer.start))


def _answer(start: float, ttft: float, itls: Sequence[float], tokens: int, prompt: int, *, chat: bool) -> Answer:
    """Return one answer without the pieces that carry no token.

    A closing piece comes at once after the last token; of a chat, one more piece than tokens without such an end is the
    role at the beginning, whenever it came.
    """
    gaps = list(itls)
    at_once = _AT_ONCE * float(np.median(gaps)) if gaps else 0.0
    while len(gaps) >= tokens:
        if chat and gaps[-1] > at_once:
            ttft += gaps.pop(0)
        elif gaps:
            gaps.pop()
        else:
            break
    return Answer(start, ttft, tuple(gaps), tokens, len(itls) + 1, prompt)


def errors_of(raw: dict[str, Any]) -> dict[str, int]:
    """Return the most frequent errors and how often each came."""
    texts = (" ".join(str(error).split())[:_ERROR_LENGTH] for error in raw["errors"] if error)
    return dict(Counter(texts).most_common(_MOST_ERRORS))


def distribution(seconds: Sequence[float] | NDArray[np.float64], requests: int) -> Distribution:
    """Return mean and percentiles in milliseconds, those that so many requests carry."""
    if not len(seconds):
        return Distribution()
    values = np.asarray(seconds) * 1000
    return Distribution(
        mean=float(values.mean()),
        p50=float(np.percentile(values, 50)),
        p95=float(np.percentile(values, 95)) if requests >= P95_FROM else None,
        p99=float(np.percentile(values, 99)) if requests >= P99_FROM else None,
    )


Times = dict[str, NDArray[np.float64]]
"""Seconds of every latency, by its field of a result."""


def times_of(answers: Sequence[Answer]) -> Times:
    """Return what every latency was."""
    return {
        "ttft_ms": np.array([answer.ttft for answer in answers]),
        "tpot_ms": np.array([answer.tpot for answer in answers if answer.tpot is not None]),
        "itl_ms": np.array([gap for answer in answers for gap in answer.gaps]),
        "e2e_ms": np.array([answer.e2e for answer in answers]),
    }


def latencies(runs: Sequence[Times]) -> dict[str, Distribution]:
    """Return every latency's distribution over the answers of all runs together, by its field of a result.

    What carries a percentile are the requests that have such a time: answers of one token have none between tokens.
    """
    together = {name: np.concatenate([times[name] for times in runs]) for name in runs[0]}
    requests = {name: len(seconds) for name, seconds in together.items()}
    requests["itl_ms"] = requests["tpot_ms"]
    return {name: distribution(seconds, requests[name]) for name, seconds in together.items()}


def too_early(raw: dict[str, Any], after: Sequence[int | None]) -> int:
    """Return how many requests were sent before the one that they follow was answered.

    Args:
        raw: the client's file, requests in the order of the load.
        after: of each request the place of the one that it follows; None where it follows none.
    """
    columns = zip(raw["start_times"], raw["ttfts"], raw["itls"], strict=True)
    ends = [start + ttft + sum(gaps) for start, ttft, gaps in columns]
    return sum(
        before is not None and start < ends[before] for start, before in zip(raw["start_times"], after, strict=False)
    )


def arrival_rate(raw: dict[str, Any]) -> float | None:
    """Return the requests per second that were really sent, those that failed included; None for fewer than two."""
    starts = raw["start_times"]
    span = max(starts) - min(starts) if starts else 0.0
    return (len(starts) - 1) / span if span > 0 else None


def peak_concurrency(answers: Sequence[Answer]) -> int:
    """Return the most requests that were unanswered at one time."""
    _, level = _levels(answers)
    return int(level.max()) if len(level) else 0


def steady_state(answers: Sequence[Answer], concurrency: int) -> SteadyState | None:
    """Return the time from the first to the last moment with nearly so many unanswered requests; None without one."""
    times, level = _levels(answers)
    enough = np.flatnonzero(level >= np.ceil(_STEADY * concurrency))
    if not len(enough):
        return None
    start, end = float(times[enough[0]]), float(times[enough[-1] + 1])
    run = max(answer.end for answer in answers)
    if end <= start or (end - start) / run < _WORTH_THE_NAME:
        return None
    made = tokens_until(answers, np.array([start, end]))
    return SteadyState(
        start_s=start,
        duration_s=end - start,
        share=(end - start) / run,
        output_tokens_per_s=float(made[1] - made[0]) / (end - start),
        requests_finished=sum(start <= answer.end <= end for answer in answers),
    )


def begun_in(answers: Sequence[Answer], steady: SteadyState) -> tuple[Answer, ...]:
    """Return the answers to requests that were sent while nearly all of the concurrency was there."""
    end = steady.start_s + steady.duration_s
    return tuple(answer for answer in answers if steady.start_s <= answer.start <= end)


def _levels(answers: Sequence[Answer]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the times at which requests start or end, and how many are unanswered after each."""
    if not answers:
        return np.empty(0), np.empty(0, dtype=np.int64)
    times = np.array([*(answer.start for answer in answers), *(answer.end for answer in answers)])
    steps = np.repeat([1, -1], len(answers))
    order = np.lexsort((steps, times))  # an end before a start at the same time
    return times[order], np.cumsum(steps[order])


def tokens_until(answers: Sequence[Answer], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the tokens made until each of some times, which rise.

    Each piece is spread over the time since the one before it, or since the request: counted where it arrives, a last
    wave that arrives a moment after the end would be missing whole.
    """
    total = np.zeros(len(times))
    for answer in answers:
        edges = answer.start + np.concatenate(([0.0, answer.ttft], answer.ttft + np.cumsum(answer.gaps)))
        total += np.interp(times, edges, np.linspace(0, answer.tokens, len(edges)))
    return total

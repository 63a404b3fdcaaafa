"""A run of minutes in slices: what came in each of them. Pure arithmetic.

The first wave of requests is left out, all of which wait for their prompts at once, and so is the drain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eval.bench.load.details import Answer, steady_state, tokens_until
from eval.bench.soak.figures import SoakSlice

_Times = NDArray[np.float64]
_LEAST_USUAL = 0.1
"""Of the mean, that a line through scattered times is taken to be at its low end."""


@dataclass(frozen=True)
class Sample:
    """The server at one moment; None for what it does not tell."""

    time_s: float
    """After the first request of the run."""
    memory_gib: float | None = None
    running: float | None = None
    waiting: float | None = None
    kv_cache_usage: float | None = None


@dataclass(frozen=True)
class Window:
    """The part of a run that is divided into slices, in seconds after its first request."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


def window_of(answers: Sequence[Answer], concurrency: int) -> Window | None:
    """Return the steady state without the first wave; None where nothing of it is left."""
    steady = steady_state(answers, concurrency)
    if steady is None:
        return None
    start = max(steady.start_s, *(answer.end for answer in answers[:concurrency]))
    end = steady.start_s + steady.duration_s
    return Window(start, end) if end > start else None


def slices_of(
    answers: Sequence[Answer], window: Window, about_s: float, samples: Sequence[Sample] = ()
) -> tuple[SoakSlice, ...]:
    """Return a window in equal slices of at least about that length, with nothing left over."""
    count = max(int(window.duration_s / about_s), 1)
    edges = np.linspace(window.start_s, window.end_s, count + 1)
    tokens = np.diff(tokens_until(answers, edges)) / (window.duration_s / count)
    ttfts = _medians(*_first_tokens(answers), edges)
    gaps = _medians(*_intervals(answers), edges)

    def means(field: Callable[[Sample], float | None]) -> list[float | None]:
        known = [(sample.time_s, value) for sample in samples if (value := field(sample)) is not None]
        times, values = [time for time, _ in known], [value for _, value in known]
        return _each(np.asarray(times), np.asarray(values), edges, np.mean)

    memory, running = means(lambda one: one.memory_gib), means(lambda one: one.running)
    waiting, usage = means(lambda one: one.waiting), means(lambda one: one.kv_cache_usage)
    return tuple(
        SoakSlice(
            start_s=float(edges[place]),
            output_tokens_per_s=float(tokens[place]),
            ttft_ms=ttfts[place],
            itl_ms=gaps[place],
            memory_gib=memory[place],
            requests_running=running[place],
            requests_waiting=waiting[place],
            kv_cache_usage=usage[place],
        )
        for place in range(count)
    )


def _first_tokens(answers: Sequence[Answer]) -> tuple[_Times, _Times]:
    """Return when first tokens came, and how long each took: of mixed prompts, as one of mean length would have.

    What a prompt takes is a straight line over its length, through all requests (least squares); each is told relative
    to it, because a server that slows down is slower by a factor. Lengths have nothing to do with the time at which a
    prompt is sent, so a wrong line would only leave more scatter.
    """
    ttfts = np.array([answer.ttft for answer in answers])
    longer = np.array([answer.prompt for answer in answers], dtype=np.float64)
    longer -= longer.mean() if len(longer) else 0.0
    spread, mean = float(longer @ longer), float(ttfts.mean()) if len(ttfts) else 0.0
    usual = mean + (float(longer @ ttfts) / spread if spread else 0.0) * longer
    times = np.array([answer.start for answer in answers]) + ttfts
    return times, ttfts * mean / np.maximum(usual, _LEAST_USUAL * mean) if mean else ttfts


def _intervals(answers: Sequence[Answer]) -> tuple[_Times, _Times]:
    """Return when intervals between tokens ended, and how long each was."""
    gaps = [np.asarray(answer.gaps) for answer in answers]
    ends = [answer.start + answer.ttft + np.cumsum(one) for answer, one in zip(answers, gaps, strict=True)]
    return np.concatenate([*ends, np.empty(0)]), np.concatenate([*gaps, np.empty(0)])


def _medians(times: _Times, seconds: _Times, edges: _Times) -> list[float | None]:
    return _each(times, seconds * 1000, edges, np.median)


def _each(times: _Times, values: _Times, edges: _Times, middle: Callable[[_Times], np.floating]) -> list[float | None]:
    """Return the middle of the values of each slice; None for one without any."""
    order = np.argsort(times, kind="stable")
    bounds = np.searchsorted(times[order], edges)
    parts = [values[order][first:last] for first, last in pairwise(bounds)]
    return [float(middle(part)) if len(part) else None for part in parts]

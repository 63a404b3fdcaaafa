"""The rates at which a closed loop is built up, against a loop that is played through request by request."""

import heapq
from collections.abc import Iterator

import numpy as np
import pytest

from eval.bench.load.build_up import BuildUp, build_up
from eval.bench.load.plan import TLS_CONNECTIONS_PER_S, EndpointPlan
from eval.bench.load.spec import Arrivals, LoadSpec
from pipeline.base.token_range import TokenRange

CONCURRENCY, REQUESTS, RATE = 2_000, 20_000, 100.0
LENGTHS = TokenRange.fixed(16)


def openings(how: BuildUp, answer_s: float) -> Iterator[float]:
    """Yield when a connection is opened by a client that keeps those it has, and starts at most so many at once."""
    rates = np.linspace(how.first_per_s, how.last_per_s, REQUESTS)
    ends: list[float] = []
    idle = opened = 0
    for released in np.cumsum(1 / rates):
        now = float(released)
        while ends and ends[0] <= now:
            heapq.heappop(ends)
            idle += 1
        if len(ends) == CONCURRENCY:
            now = heapq.heappop(ends)
            idle += 1
        if idle:
            idle -= 1
        else:
            opened += 1
            yield now
        heapq.heappush(ends, now + answer_s)


@pytest.mark.parametrize("answer_s", [0.5, 5.0, 15.0, 40.0, 500.0])
def test_no_second_opens_more_connections_than_asked_for(answer_s: float) -> None:
    """Whether answers come at once or long after the last connection is open."""
    times = np.array(list(openings(build_up(CONCURRENCY, REQUESTS, RATE), answer_s)))
    assert np.histogram(times, bins=np.arange(0, times[-1] + 1.5))[0].max() <= RATE + 1


@pytest.mark.parametrize("answer_s", [15.0, 40.0, 500.0])
def test_concurrency_is_reached(answer_s: float) -> None:
    """Where an answer takes long it is there after the time that is told, else within the requests of the load."""
    how = build_up(CONCURRENCY, REQUESTS, RATE)
    times = list(openings(how, answer_s))
    assert len(times) == CONCURRENCY
    if answer_s > how.seconds:
        assert times[-1] == pytest.approx(how.seconds, rel=0.01)


def load(**level: object) -> LoadSpec:
    """Return a load."""
    return LoadSpec.model_validate({"requests": 100, "input_tokens": LENGTHS, "output_tokens": LENGTHS, **level})


def test_tls_is_what_needs_it() -> None:
    """A handshake takes both ends a core's time; other connections are opened at once unless asked otherwise."""
    plan = EndpointPlan(LENGTHS, LENGTHS)
    assert plan.built_up(load(concurrency=1_000), "https://llm.example").connections_per_s == TLS_CONNECTIONS_PER_S
    assert plan.built_up(load(concurrency=1_000), "http://llm.example").build_up is None
    slower = EndpointPlan(LENGTHS, LENGTHS, connections_per_s=50)
    assert slower.built_up(load(concurrency=1_000), "http://llm.example").connections_per_s == 50
    assert slower.built_up(load(concurrency=1_000), "https://llm.example").connections_per_s == 50


@pytest.mark.parametrize("level", [{"concurrency": 200}, {"arrivals": Arrivals(rate_per_s=300), "concurrency": 300}])
def test_what_opens_no_more_in_a_second_is_left_alone(level: dict[str, object]) -> None:
    """Few at once, and requests that come at a rate of their own."""
    assert load(**level).built_up(200.0).build_up is None

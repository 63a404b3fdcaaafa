"""Long simulated courses of engines: hung ones are found in time, busy ones never killed."""

import random
from collections.abc import Callable, Iterable

import pytest

from serve.supervisor.health import Progress, Sample, Verdict

EVERY_S = 5.0
FOUND_S = 120.0


def _works(at: float, step: float, *, used: float = 0.0, answered: bool = True) -> Sample:
    """Return an engine with 64 requests under way and 200 waiting."""
    return Sample(
        at, answered=answered, running=64, waiting=200, counters=(step,), server_cpu_s=used / 10, engine_cpu_s=used
    )


def _silent(at: float, *, used: float = 0.0, stopped: bool = False) -> Sample:
    """Return a server that does not answer and has used so much processor time."""
    return Sample(at, answered=False, server_cpu_s=used, engine_cpu_s=used, stopped=stopped)


def _idle(at: float, *, probing: bool = False) -> Sample:
    return Sample(at, answered=True, counters=(9.0,), probing=probing)


def _first_hung(samples: Iterable[Sample], *, computes_on_cpu: bool = False) -> tuple[float, Verdict] | None:
    """Return when the first verdict `hung` falls, and the verdict."""
    progress = Progress(computes_on_cpu=computes_on_cpu)
    for sample in samples:
        verdict = progress.judge(sample)
        if verdict.state == "hung":
            return sample.at, verdict
    return None


def _course(seconds: float, sample: Callable[[float], Sample]) -> Iterable[Sample]:
    return (sample(step * EVERY_S) for step in range(int(seconds / EVERY_S)))


@pytest.mark.parametrize("seed", range(20))
def test_saturated_engine_is_never_killed(seed: int) -> None:
    """Half an hour at saturation, with prefills that let nothing else step for up to 53 s and answers that fail."""
    chance = random.Random(seed)  # noqa: S311 -- a simulation
    samples, at, steps, used = [], 0.0, 0.0, 0.0
    while at < 1800:
        pause = chance.choice([0.0, 0.0, 20.0, 40.0])
        until = at + pause
        while at < until:
            used += EVERY_S * 0.05
            samples.append(_works(at, steps, used=used))
            at += EVERY_S
        steps += chance.randint(1, 500)
        used += 1.0
        samples.append(_works(at, steps, used=used, answered=chance.random() > 0.2))
        at += EVERY_S + chance.choice([0.0, 8.0])
    assert _first_hung(samples) is None


def test_long_step_on_the_cpu_is_work() -> None:
    """There a prompt may be computed for minutes in one step, and the processors say so."""
    samples = _course(500, lambda at: _works(at, 7, used=at * 2))
    assert _first_hung(samples, computes_on_cpu=True) is None


def test_server_that_is_late_because_it_computes_is_left_alone() -> None:
    """A flood of long prompts keeps the API server from answering for minutes."""
    samples = _course(500, lambda at: _silent(at, used=at * 0.9))
    assert _first_hung(samples) is None


def test_idle_engine_is_well() -> None:
    """Nothing asked, nothing moves."""
    samples = _course(3600, _idle)
    assert _first_hung(samples) is None


def _stands_still(at: float) -> Sample:
    return _works(at, min(at, 100.0), used=at)


def _notices_no_probe(at: float) -> Sample:
    return _idle(at, probing=at >= 130)


def _is_stopped(at: float) -> Sample:
    return _idle(at) if at < 100 else _silent(at, used=at, stopped=True)


def _sleeps(at: float) -> Sample:
    return _idle(at) if at < 100 else _silent(at)


@pytest.mark.parametrize(
    ("course", "why"),
    [
        (_stands_still, "no step in"),
        (_notices_no_probe, "a request of the supervisor's own"),
        (_is_stopped, "its process is stopped"),
        (_sleeps, "it computes nothing"),
    ],
)
def test_hung_engine_is_found_in_time(course: Callable[[float], Sample], why: str) -> None:
    """Each hangs from the hundredth second on, and is found within 120 s for that reason."""
    found = _first_hung(_course(600, course))
    assert found is not None
    at, verdict = found
    assert 100 < at <= 100 + FOUND_S
    assert why in verdict.reason


def test_step_on_the_cpu_that_never_ends_is_found() -> None:
    """It takes longer, since nothing but time tells it from a long prompt."""
    samples = _course(1800, lambda at: _works(at, 7, used=at))
    found = _first_hung(samples, computes_on_cpu=True)
    assert found is not None
    assert 600 <= found[0] < 620


def test_late_samples_are_no_proof() -> None:
    """Two looks a minute apart may have missed everything: a third one has to agree."""
    samples = [_works(at, 7) for at in (0.0, 70.0, 140.0)]
    assert _first_hung(samples) is None
    assert _first_hung([*samples, _works(145.0, 7)]) is not None


def test_step_in_between_begins_anew() -> None:
    """However slow: one step a minute is progress."""
    samples = _course(3600, lambda at: _works(at, at // 55))
    assert _first_hung(samples) is None

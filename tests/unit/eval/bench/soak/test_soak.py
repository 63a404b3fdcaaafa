"""A soak on the details that a client would leave of servers that stay, slow down or leak."""

import heapq
import random
from collections.abc import Callable
from typing import Any

import pytest

from eval.bench.load.client import LoadTimeoutError
from eval.bench.load.details import answers_of
from eval.bench.load.result import RawFile
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Evidence, Limits
from eval.bench.soak.figures import Knee, Verdict
from eval.bench.soak.memory import ProcessMemory
from eval.bench.soak.result import Soak
from eval.bench.soak.slices import Sample
from eval.bench.soak.soak import Offer, Offered, SoakBench, SoakPlan, divided, sized
from pipeline.base.progress import SilentReporter
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint
from tests.unit.eval.bench.runs import load, measured

CONCURRENCY = 8
SECONDS = 300
SLICE_S = 10.0
Slowness = Callable[[float], float]


def details(slowness: Slowness, seconds: float = SECONDS, seed: int = 1) -> dict[str, Any]:
    """Return the client's file of a closed loop with mixed prompts; a token takes 20 ms times the slowness then."""
    draw = random.Random(seed)  # noqa: S311 -- not cryptography
    raw: dict[str, Any] = {name: [] for name in ("start_times", "ttfts", "itls", "output_lens", "input_lens", "errors")}
    free = [0.0] * CONCURRENCY
    while free[0] < seconds:
        start = heapq.heappop(free)
        factor = slowness(start) * draw.uniform(0.9, 1.1)
        prompt = draw.randint(128, 1024)
        ttft = prompt * 0.0005 * factor
        gaps = [0.02 * factor * draw.uniform(0.9, 1.1) for _ in range(31)]
        heapq.heappush(free, start + ttft + sum(gaps))
        for name, value in zip(raw, (start, ttft, gaps, 32, prompt, ""), strict=True):
            raw[name].append(value)
    return raw


def soak(**changes: Any) -> Soak:
    """Return a soak of which nothing is known yet."""
    plan = {
        "minutes": SECONDS / 60,
        "knee": Knee(concurrency=10, basis="sweep"),
        "share": 0.8,
        "concurrency": CONCURRENCY,
        "input_tokens": TokenRange(low=128, high=1024),
        "output_tokens": TokenRange.fixed(32),
        "lengths": "fixed by ignore_eos",
        "drift_limit": 0.05,
        "confidence": 0.95,
        "requests": 100,
        "failed": 0,
    }
    return Soak.model_validate(plan | changes)


def verdicts(found: Soak) -> dict[str, Verdict]:
    """Return the verdict on each quantity."""
    return {drift.quantity: drift.verdict for drift in found.drifts}


def test_steady_server_is_stable() -> None:
    """Five minutes decide it, though mixed prompts scatter every slice."""
    found = divided(soak(), answers_of(details(lambda _: 1.0)), SLICE_S, ())
    assert verdicts(found) == {"throughput": "stable", "ttft": "stable", "itl": "stable"}
    assert (len(found.slices), found.slice_s) == (29, pytest.approx(SLICE_S, rel=0.1))


def test_server_that_slows_down_drifts() -> None:
    """Slower by a third at the end: throughput falls, and the times rise."""
    found = divided(soak(), answers_of(details(lambda now: 1 + now / 900)), SLICE_S, ())
    drifts = {drift.quantity: drift for drift in found.drifts}
    assert found.verdict == "drifting"
    assert (drifts["throughput"].verdict, drifts["itl"].verdict) == ("drifting", "drifting")
    assert drifts["throughput"].drift == pytest.approx(-0.28, abs=0.06)
    assert drifts["ttft"].drift == pytest.approx(0.28, abs=0.06)
    assert drifts["itl"].drift == pytest.approx(0.28, abs=0.06)


def test_server_that_leaks_drifts_though_it_is_as_fast_as_ever() -> None:
    """Memory is sampled every second, and grows by half in five minutes."""
    samples = [Sample(float(second), memory_gib=2 + second / 300) for second in range(SECONDS)]
    found = divided(soak(), answers_of(details(lambda _: 1.0)), SLICE_S, samples)
    assert verdicts(found)["memory"] == "drifting"
    assert verdicts(found)["itl"] == "stable"


def test_stall_is_no_drift() -> None:
    """Half a minute at a tenth of the speed in the middle of the run shows in its slices, and not in the trend."""
    found = divided(soak(), answers_of(details(lambda now: 10.0 if 140 < now < 150 else 1.0)), SLICE_S, ())
    assert "drifting" not in verdicts(found).values()
    assert min(one.output_tokens_per_s for one in found.slices) < 0.5 * max(
        one.output_tokens_per_s for one in found.slices
    )


def test_run_of_first_requests_alone_is_void() -> None:
    """No figure comes of a run that is all ramp."""
    found = divided(soak(), answers_of(details(lambda _: 1.0, seconds=0.001)), SLICE_S, ())
    assert found.void is not None
    assert "ask for more minutes" in found.void[0]
    assert (found.slices, found.verdict) == ((), None)


def short_load(answered: int) -> Evidence:
    """Return a short load at four requests of 32 tokens a second."""
    found = load(128.0, answered=answered, output_tokens=32 * answered)
    return measured(found).evidence


def test_requests_fill_the_window_and_what_is_cut_off() -> None:
    """Five minutes at four requests a second, and two waves of eight beside them."""
    held = LoadSpec(
        concurrency=8, duration_s=300, input_tokens=TokenRange(low=128, high=1024), output_tokens=TokenRange.fixed(32)
    )
    spec = sized(held, short_load(16))
    assert spec is not None
    assert (spec.requests, spec.duration_s) == (1216, None)
    assert sized(held, short_load(0)) is None


def bench(offer: Offer) -> SoakBench:
    """Return a soak on a server that is only pretended."""
    engine = ExternalEndpoint("http://127.0.0.1:9", model="null")
    plan = SoakPlan(
        minutes=SECONDS / 60,
        share=0.8,
        slice_s=SLICE_S,
        input_tokens=TokenRange(low=128, high=1024),
        output_tokens=TokenRange.fixed(32),
        ignore_eos=True,
        drift_limit=0.05,
    )
    return SoakBench(plan, offer, engine, ProcessMemory("http://192.0.2.1"), Limits(), SilentReporter())


def test_what_is_known_of_the_load_stands_with_the_slices() -> None:
    """The sizing comes first, under a name and with prompts of its own; the raw file is the soak's."""
    asked: list[LoadSpec] = []

    def offer(spec: LoadSpec, name: str, limit_s: float) -> Offered:
        asked.append(spec)
        assert limit_s > SECONDS
        whole = load(90.0, spec=spec, sent=spec.requests, answered=spec.requests, duration_s=SECONDS)
        return Offered(measured(whole).evidence, answers_of(details(lambda _: 1.0)), RawFile(name=name, sha256="ab"))

    found = bench(offer).run(Knee(concurrency=10, basis="sweep"), "awq")
    assert asked[0].requests == 16
    assert asked[0].seed != asked[1].seed
    assert (found.void, found.raw_file, found.requests) == (None, "awq/soak", asked[1].requests)
    assert len(found.slices) == 29
    assert "memory" not in verdicts(found)


@pytest.mark.parametrize("answered", [0, None])
def test_load_that_cannot_be_sized_is_void(answered: int | None) -> None:
    """A server that answers nothing, or does not end, is said to; nothing else is offered to it."""

    def offer(_spec: LoadSpec, name: str, _limit_s: float) -> Offered:
        assert name == "awq/soak-sizing"
        if answered is None:
            raise LoadTimeoutError("The load was not over after 960 s. Look at the server, or offer less.")
        return Offered(short_load(answered), (), RawFile(name=name, sha256="ab"))

    found = bench(offer).run(Knee(concurrency=10, basis="sweep"), "awq")
    assert found.void in (
        ("no request of the load that sizes the soak was answered",),
        ("The load was not over after 960 s",),
    )
    assert found.verdict is None

"""The figures of the stage bench as metrics: what they are called, and which have the concurrency as step."""

from typing import Any

import pytest

from eval.bench.load.endpoint_result import EndpointArm, EndpointLoad, EndpointPoint
from eval.bench.load.result import Distribution, EngineLoad
from eval.bench.metrics import metrics_of
from eval.bench.result import ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint, VoidPoint
from eval.bench.runs import OpenLoopRun
from pipeline.base.token_range import TokenRange
from tests.unit.eval.bench.runs import run

LATENCY = Latency(mean_ms=1.0, p50_ms=2.0, p95_ms=3.0, p99_ms=4.0)


def point(concurrency: int) -> LoadPoint:
    """Return a load whose throughput is its concurrency."""
    return LoadPoint(
        concurrency=concurrency,
        requests=8,
        output_tokens_per_s=concurrency,
        output_tokens_per_s_runs=(concurrency,),
        output_tokens_per_s_min=concurrency,
        output_tokens_per_s_max=concurrency,
        total_tokens_per_s=3 * concurrency,
        requests_per_s=1.0,
        ttft=LATENCY,
        tpot=LATENCY,
        itl=LATENCY,
        e2e=LATENCY,
        duration_s=2.0,
    )


def found_of(
    *points: LoadPoint,
    void: tuple[VoidPoint, ...] = (),
    counter_disagreement: float | None = 0.01,
    open_loop: tuple[OpenLoopRun, ...] = (),
    **changes: Any,
) -> dict[tuple[str, int | None], float]:
    """Return the values of all metrics of AWQ's points, by name and step; keywords are fields of the result."""
    memory = EngineMemory(
        weights_gib=1.5, weights_from="files", kv_cache_tokens=4096, max_concurrency=4.0, context_tokens=1024
    )
    arm = ArmLoad(
        arm="awq", kernel="k", dtype="bfloat16", memory=memory, start_seconds=9.0, points=points, void_points=void
    ).model_copy(update={"open_loop": open_loop})
    result = BenchResult(
        arms=(arm,),
        input_tokens=128,
        output_tokens=64,
        repeats=3,
        engine_version="vllm 1",
        engine_arguments=(),
        counter_disagreement=counter_disagreement,
        throughput_over="whole run",
    )
    found = metrics_of(result.model_copy(update=changes))
    return {(metric.name, metric.step): metric.value for metric in found}


def test_what_is_not_known_is_no_metric() -> None:
    """A percentile of too few requests, an engine that counts nothing and a client without a ceiling have no value."""
    few = point(1).model_copy(update={"ttft": LATENCY.model_copy(update={"p99_ms": None})})
    names = {name for name, _ in found_of(few, counter_disagreement=None)}
    assert "awq_ttft_p95_ms" in names
    assert not names & {"awq_ttft_p99_ms", "counter_disagreement", "client_ceiling_tokens_per_s"}


def test_names_and_steps() -> None:
    """An arm's figures begin with its name; rates and every latency's four figures stand at each concurrency."""
    found = found_of(point(1), point(4))

    assert {name for name, step in found if step is None} == {
        *("void_points", "counter_disagreement", "awq_weights_gib", "awq_kv_cache_tokens", "awq_max_concurrency"),
        "awq_start_seconds",
    }
    assert {name.removeprefix("awq_") for name, step in found if step == 4} == {
        *("output_tokens_per_s", "output_tokens_per_s_min", "output_tokens_per_s_max"),
        *("total_tokens_per_s", "requests_per_s"),
        *(f"{kind}_{figure}_ms" for kind in ("ttft", "tpot", "itl", "e2e") for figure in ("mean", "p50", "p95", "p99")),
    }
    assert (found["awq_output_tokens_per_s", 4], found["awq_e2e_p99_ms", 1]) == (4, 4.0)


def test_void_points_have_no_figures() -> None:
    """That there is one is counted, and nothing stands at its concurrency."""
    found = found_of(point(1), void=(VoidPoint(concurrency=4, requests=8, reasons=("1 of 8 requests failed",)),))
    assert found["void_points", None] == 1
    assert {step for _, step in found} == {None, 1}


def test_queue_and_cache_stand_at_each_concurrency() -> None:
    """The highest of the runs that stand, preemptions together; a void run that was made again counts for nothing."""

    def engine(**seen: float | None) -> EngineLoad:
        facts = {"prompt_tokens": 1, "output_tokens": 1, "cached_prompt_tokens": 0, "peak_requests": 4, "samples": 9}
        return EngineLoad.model_validate(facts | seen)

    seen = (
        engine(preemptions=2, peak_waiting=1, peak_kv_cache_usage=0.5),
        engine(preemptions=3, peak_waiting=0, peak_kv_cache_usage=None),
    )
    stand = tuple(run().model_copy(update={"engine": one}) for one in seen)
    runs = (*stand, run(engine_tokens=1))
    found = found_of(point(4).model_copy(update={"runs": runs}))
    names = "awq_preemptions", "awq_peak_waiting", "awq_peak_kv_cache_usage"
    assert [found[name, 4] for name in names] == [5, 1, 0.5]


def test_rates_have_steps_a_minute() -> None:
    """A step is a whole number, and rates below one a second are common; a void one is counted, and has no figures."""
    loops = (
        OpenLoopRun(rate_per_s=0.5, requests=80, run=run()),
        OpenLoopRun(rate_per_s=2, requests=80, run=run(engine_tokens=1)),
    )
    found = found_of(point(1), open_loop=loops)
    assert found["void_points", None] == 1
    assert {step for name, step in found if "open_loop" in name} == {30}
    assert found["awq_open_loop_output_tokens_per_s", 30] == 40
    assert (found["awq_open_loop_ttft_mean_ms", 30], found["awq_open_loop_e2e_p50_ms", 30]) == (1_000, 900)


def test_mixed_lengths_have_means() -> None:
    """Of prompts and of answers, over the requests of the runs that stand."""
    found = found_of(point(4).model_copy(update={"runs": (run(), run(engine_tokens=1))}))
    assert (found["awq_input_tokens_per_request", 4], found["awq_output_tokens_per_request", 4]) == (10, 5)


def test_servers_have_latencies_of_single_runs() -> None:
    """Chats and texts alike; of several runs at one concurrency the mean rate alone, and none where one is void."""
    one = EndpointPoint(concurrency=1, requests=8, failed=0, output_tokens_per_s=100, ttft_ms=Distribution(mean=45))
    void = EndpointPoint(concurrency=16, requests=8, failed=8, void=("gone",))
    points = (one, *(one.model_copy(update={"concurrency": 4}),) * 2, void)
    lengths = TokenRange.fixed(8)
    load = EndpointLoad(
        endpoint="http://host",
        model="m",
        route="/v1/chat/completions",
        client="c",
        client_ceiling_tokens_per_s=None,
        input_tokens=lengths,
        output_tokens=lengths,
        lengths="natural",
        prompt_tokens_by="words",
        seed=0,
        points=points,
    )
    found = found_of(point(1), endpoints=(EndpointArm(arm="theirs", load=load),))
    expected = {
        ("theirs_output_tokens_per_s", 1): 100,
        ("theirs_ttft_mean_ms", 1): 45,
        ("theirs_output_tokens_per_s", 4): 100,
    }
    assert {key: value for key, value in found.items() if key[0].startswith("theirs")} == pytest.approx(expected)
    assert found["void_points", None] == 1

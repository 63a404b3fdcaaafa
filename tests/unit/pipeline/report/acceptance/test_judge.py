"""Clauses held against a run: what passes, what fails, what is not decided, and what nobody measured."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.accuracy.result import EvalResult, TaskScore
from eval.bench.engine_proof import EngineProof, MemoryParts, PeakMemory
from eval.bench.result import BenchResult
from pipeline.hardware.health.summary import GpuHealth, Spread
from pipeline.recipe.acceptance import AcceptanceTerms
from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.report.acceptance.judge import AcceptanceJudgement, ClauseJudgement, acceptance_of
from pipeline.report.acceptance.judgement import Limit, outcome
from pipeline.report.acceptance.wording import sentence
from pipeline.report.language.language import ENGLISH
from tests.unit.eval.bench.runs import healthy_host
from tests.unit.eval.bench.runs import run as load_run
from tests.unit.pipeline.report.documents import inputs_of

BEFORE, AFTER = "2026-11-19T00:00:00+00:00", "2026-11-21T00:00:00+00:00"
Run = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]


def version(*clauses: dict[str, Any], at: str = BEFORE, sha256: str = "a", **terms: Any) -> AcceptanceVersion:
    """Return terms as a record has them."""
    found = AcceptanceTerms.model_validate({"clauses": clauses, **terms}).model_dump(mode="json")
    return AcceptanceVersion(recorded_at=at, source="kpis.yaml", sha256=sha256, terms=found)


def judged(record: RunRecord, *versions: AcceptanceVersion) -> AcceptanceJudgement:
    """Return what comes of the last version."""
    found = acceptance_of(inputs_of(record.model_copy(update={"acceptance": versions})))
    assert found is not None
    return found


def clause(record: RunRecord, **keys: Any) -> ClauseJudgement:
    """Return the only clause judged."""
    (found,) = judged(record, version({"id": "one", **keys})).clauses
    return found


@pytest.mark.parametrize(
    ("bound", "interval", "said"),
    [
        ("at most", (1.0, 2.0), "passed"),
        ("at most", (1.0, 2.1), "not decided"),
        ("at most", (2.1, 3.0), "failed"),
        ("at most", None, "not decided"),
        ("at least", (2.0, 3.0), "passed"),
        ("at least", (1.9, 3.0), "not decided"),
        ("at least", (1.0, 1.9), "failed"),
    ],
)
def test_a_limit_that_the_interval_straddles_is_not_decided(
    bound: Any, interval: tuple[float, float] | None, said: str
) -> None:
    """The whole interval has to be within it, or beyond."""
    assert outcome(Limit(bound, 2.0, "ms"), interval) == said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"max_loss": 0.03}, "passed"),
        ({"max_loss": 0.005}, "not decided"),
        ({"max_loss": 0.02}, "passed"),
        ({"min_recovery": 0.9}, "passed"),
        ({"min_recovery": 0.999}, "not decided"),
        ({"max_loss": 0.03, "task": "demo_sums"}, "passed"),
    ],
)
def test_accuracy_takes_every_task(make_run: Run, keys: dict[str, Any], said: str) -> None:
    """By the bounds of the loss, whatever was agreed for the gate."""
    found = clause(make_run(), kind="accuracy", **keys)
    assert found.outcome == said
    assert found.evidence[0].startswith("eval/results.json#/tasks/")
    assert ("demo_" in sentence(found, ENGLISH.acceptance)) == (said != "passed" or "task" in keys)


def test_one_task_that_fails_fails_the_whole(
    make_run: Run, make_accuracy: Callable[..., EvalResult], make_task: Callable[..., TaskScore]
) -> None:
    """It is shown with its figures, and one of several must fail at the level of all together."""
    tasks = make_task("good", 0.9, 0.9, 0.02), make_task("bad", 0.9, 0.8, 0.02)
    found = clause(make_run(accuracy=make_accuracy(*tasks)), kind="accuracy", max_loss=0.03)
    assert (found.outcome, found.value) == ("failed", pytest.approx(0.1))
    near = make_task("good", 0.9, 0.9, 0.02), make_task("bad", 0.9, 0.8631, 0.05)
    assert clause(make_run(accuracy=make_accuracy(*near)), kind="accuracy", max_loss=0.03).outcome == "not decided"
    alone = clause(make_run(accuracy=make_accuracy(*near)), kind="accuracy", max_loss=0.03, task="bad")
    assert alone.outcome == "failed"


def test_an_unknown_task_is_not_measured(make_run: Run) -> None:
    """With the command that would measure it."""
    found = clause(make_run(), kind="accuracy", max_loss=0.03, task="gsm8k")
    assert (found.outcome, found.command, found.value) == ("not measured", "awqctl eval RECIPE", None)


@pytest.mark.parametrize(("limit", "said"), [(100.0, "passed"), (239.0, "not decided"), (500.0, "failed")])
def test_throughput_by_its_interval(make_run: Run, limit: float, said: str) -> None:
    """Of AWQ at 16: 268 tokens per second, with three runs 3 % apart."""
    found = clause(make_run(), kind="throughput", concurrency=16, min_tokens_per_s=limit)
    assert found.outcome == said
    assert found.low is not None
    assert found.high is not None
    assert found.low < 268.4 < found.high
    assert found.evidence == tuple(
        f"bench/results.json#/arms/1/points/2/output_tokens_per_s_runs/{n}" for n in range(3)
    )
    assert clause(make_run(), kind="throughput", min_tokens_per_s=limit).value == found.value


def test_speed_up_against_the_baseline(make_run: Run) -> None:
    """At one user it is 1.62; 3 was promised."""
    record = make_run()
    failed = clause(record, kind="speed-up", concurrency=1, min_ratio=3)
    assert (failed.outcome, failed.value) == ("failed", pytest.approx(66.9 / 41.2))
    assert clause(record, kind="speed-up", concurrency=1, min_ratio=1.1).outcome == "passed"
    assert clause(record, kind="speed-up", min_ratio=3).outcome == "failed"


def test_one_repeat_decides_nothing(make_run: Run, make_bench: Bench) -> None:
    """A figure without an interval neither passes nor fails, and the command would make repeats."""
    record = make_run(bench=make_bench(repeats=1))
    for keys in ({"kind": "throughput", "min_tokens_per_s": 1}, {"kind": "speed-up", "min_ratio": 9}):
        found = clause(record, **keys)
        assert found.outcome == "not decided"
        assert found.command == "awqctl bench RECIPE --set bench.repeats=5"
        assert (found.low, found.high) == (None, None)


def test_a_concurrency_that_was_not_measured(make_run: Run, with_void: Bench) -> None:
    """Says how it would be; a void one says so."""
    found = clause(make_run(), kind="throughput", concurrency=8, min_tokens_per_s=1)
    assert found.outcome == "not measured"
    assert found.command == "awqctl bench RECIPE --set 'bench.concurrency=[1,4,8,16]'"
    assert found.reason is not None
    assert found.reason.key == "concurrency_not_measured"
    void = clause(make_run(bench=with_void()), kind="latency", of="e2e", percentile="p50", concurrency=16, max_ms=1)
    assert void.reason is not None
    assert (void.outcome, void.reason.key) == ("not measured", "void_at")
    other = clause(make_run(), kind="throughput", arm="fp8", min_tokens_per_s=1)
    assert other.reason is not None
    assert other.reason.key == "arm_not_measured"


def test_latency_by_median_and_percentile(make_run: Run) -> None:
    """The median has one of every run; a percentile that no single run carries has no interval."""
    record = make_run()
    keys = {"kind": "latency", "of": "ttft", "concurrency": 1}
    assert clause(record, percentile="p50", max_ms=200, **keys).outcome == "passed"
    assert clause(record, percentile="p50", max_ms=100, **keys).outcome == "failed"
    found = clause(record, percentile="p95", max_ms=100_000, **keys)
    assert found.outcome == "not decided"
    assert found.value == pytest.approx(9000 / 66.9 * 1.61)


def test_latency_of_runs_that_are_large_enough(make_run: Run, make_bench: Bench) -> None:
    """Every run's own percentile makes the interval."""
    bench = make_bench()
    baseline, awq = bench.arms
    figures = load_run().figures
    assert figures is not None
    runs = tuple(
        load_run(number=place + 1).model_copy(
            update={"figures": figures.model_copy(update={"e2e_ms": figures.e2e_ms.model_copy(update={"p95": one})})}
        )
        for place, one in enumerate((1480.0, 1500.0, 1520.0))
    )
    points = (awq.points[0].model_copy(update={"runs": runs}), *awq.points[1:])
    changed = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": points}))})
    keys = {"kind": "latency", "of": "e2e", "percentile": "p95", "concurrency": 1}
    assert clause(make_run(bench=changed), max_ms=2000, **keys).outcome == "passed"
    assert clause(make_run(bench=changed), max_ms=1000, **keys).outcome == "failed"


def test_too_few_requests_tell_no_percentile(make_run: Run, make_bench: Bench) -> None:
    """The command asks for as many as it takes."""
    bench = make_bench()
    baseline, awq = bench.arms
    e2e = awq.points[1].e2e.model_copy(update={"p99_ms": None})
    points = (awq.points[0], awq.points[1].model_copy(update={"e2e": e2e}), awq.points[2])
    changed = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": points}))})
    found = clause(make_run(bench=changed), kind="latency", of="e2e", percentile="p99", concurrency=4, max_ms=2000)
    assert found.outcome == "not measured"
    assert found.command == "awqctl bench RECIPE --set bench.requests_per_concurrency=75"


def test_cost_has_the_origin_of_its_load(make_run: Run) -> None:
    """It inherits the range of the benchmark, and is marked as assumed where the load is."""
    found = clause(make_run(), kind="cost", per="month", max_usd=100_000)
    assert (found.outcome, found.origin) == ("passed", "assumed")
    assert found.evidence[0].startswith("roi/roi.json#/arms/1/monthly_usd")
    assert clause(make_run(), kind="cost", per="mtok", max_usd=0.001).outcome == "failed"


def test_memory_of_weights_and_peak(make_run: Run, make_bench: Bench) -> None:
    """Weights are what the engine holds; the peak is what was seen, and not measured where nobody looked."""
    record = make_run()
    assert clause(record, kind="memory", of="weights", max_gib=0.02).outcome == "passed"
    assert clause(record, kind="memory", of="weights", max_gib=0.019).outcome == "failed"
    assert clause(record, kind="memory", of="peak", max_gib=9).outcome == "not measured"
    bench = make_bench()
    baseline, awq = bench.arms
    parts = MemoryParts(
        weights_gib=0.02,
        kv_cache_gib=1,
        activation_peak_gib=None,
        graphs_gib=None,
        peak=PeakMemory(source="device", gib=3.5, samples=9, every_s=1),
    )
    proof = EngineProof(
        integer_math=None,
        attention_backend=None,
        kv_cache_dtype="auto",
        dtype="bfloat16",
        compilation=None,
        graphs=None,
        variables={},
        memory=parts,
    )
    changed = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"proof": proof}))})
    found = clause(make_run(bench=changed), kind="memory", of="peak", max_gib=3)
    assert (found.outcome, found.value) == ("failed", 3.5)


def with_gpus(bench: BenchResult, *readings: tuple[float, float]) -> BenchResult:
    """Return the sweep with a run for each temperature and utilisation of AWQ's first point."""
    baseline, awq = bench.arms
    runs = []
    for number, (celsius, percent) in enumerate(readings, 1):
        gpu = GpuHealth.model_validate(
            dict.fromkeys(GpuHealth.model_fields)
            | {
                "index": 0,
                "name": "L4",
                "temperature_c": Spread(min=30, mean=50, max=celsius),
                "utilization_percent": Spread(min=0, mean=percent, max=100),
            }
        )
        health = healthy_host().model_copy(update={"gpus": (gpu,)})
        runs.append(load_run(number=number).model_copy(update={"health": health}))
    points = (awq.points[0].model_copy(update={"runs": tuple(runs)}), *awq.points[1:])
    return bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": points}))})


def test_the_hottest_and_the_idlest_gpu_count(make_run: Run, make_bench: Bench) -> None:
    """One reading too hot fails; of utilisation some loads that keep the limit decide nothing."""
    record = make_run(bench=with_gpus(make_bench(), (70, 95), (84, 92)))
    assert clause(record, kind="temperature", max_c=85).outcome == "passed"
    found = clause(record, kind="temperature", max_c=83)
    assert (found.outcome, found.value) == ("failed", 84)
    assert found.evidence == ("bench/results.json#/arms/1/points/0/runs/1/health/gpus/0/temperature_c/max",)
    said = {limit: clause(record, kind="utilisation", min_percent=limit).outcome for limit in (90, 93, 99)}
    assert said == {90: "passed", 93: "not decided", 99: "failed"}


def test_failed_requests_take_many_to_be_few(make_run: Run, make_bench: Bench) -> None:
    """None of 160 says nothing of one in a thousand, and how many would; void loads count."""
    record = make_run(bench=with_gpus(make_bench(), (70, 95), (84, 92)))
    found = clause(record, kind="errors", max_share=0.001)
    assert (found.outcome, found.value) == ("not decided", 0)
    assert "0 of 160 requests failed" in sentence(found, ENGLISH.acceptance)
    assert "2,995 without any failure" in sentence(found, ENGLISH.acceptance)
    assert clause(record, kind="errors", max_share=0.05).outcome == "passed"
    assert clause(make_run(), kind="errors", max_share=0.05).outcome == "not measured"


def test_no_gpu_has_no_temperature(make_run: Run) -> None:
    """Processors are not what the clause is about."""
    found = clause(make_run(), kind="temperature", max_c=85)
    assert found.reason is not None
    assert (found.outcome, found.reason.key) == ("not measured", "no_gpu")


def test_uptime_is_never_measured_by_a_run(make_run: Run) -> None:
    """It says what does; where it is required, a run stops for it."""
    found = clause(make_run(), kind="uptime", min_share=0.995)
    assert (found.outcome, found.stops) == ("not measured", False)
    assert "operation" in sentence(found, ENGLISH.acceptance)
    assert "at least 99.5 %" in sentence(found, ENGLISH.acceptance)
    assert clause(make_run(), kind="uptime", min_share=0.995, required=True).stops
    strict = judged(make_run(), version({"id": "up", "kind": "uptime", "min_share": 0.9}, strict=True))
    assert [one.id for one in strict.stopping] == ["up"]


def test_terms_that_came_after_are_said_to_have(make_run: Run) -> None:
    """Judged by the newer ones, with what changed and what the agreed ones say."""
    record = make_run()
    agreed = version(
        {"id": "up", "kind": "speed-up", "min_ratio": 3}, {"id": "gone", "kind": "uptime", "min_share": 0.9}
    )
    easier = version({"id": "up", "kind": "speed-up", "min_ratio": 0.5}, at=AFTER, sha256="b")
    assert judged(record, agreed).standing == "before"
    found = judged(record, agreed, easier)
    assert (found.standing, found.changed, found.agreed_sha256) == ("after", ("up", "gone"), "a")
    (only,) = found.clauses
    assert (only.outcome, only.earlier) == ("passed", "failed")
    back = agreed.model_copy(update={"recorded_at": AFTER})
    assert judged(record, agreed, easier, back).standing == "before"
    alone = judged(record, easier)
    assert (alone.standing, alone.agreed_sha256) == ("after", None)


def test_a_run_that_was_resumed_counts_from_its_first_figure(make_run: Run, make_bench: Bench) -> None:
    """Terms that came between two attempts of a benchmark came after it began."""
    bench = make_bench()
    baseline, awq = bench.arms
    points = (awq.points[0].model_copy(update={"runs": (load_run().model_copy(update={"measured_at": BEFORE}),)}),)
    changed = bench.model_copy(update={"arms": (baseline, awq.model_copy(update={"points": points}))})
    between = version({"id": "t", "kind": "throughput", "min_tokens_per_s": 1}, at="2026-11-20T00:00:00+00:00")
    assert judged(make_run(bench=changed), between).standing == "after"
    assert judged(make_run(), between).standing == "before"


def test_nothing_agreed_is_nothing_judged(make_run: Run) -> None:
    """A run without terms has no acceptance."""
    assert acceptance_of(inputs_of(make_run())) is None

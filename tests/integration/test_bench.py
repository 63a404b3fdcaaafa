"""The stage `bench` with the real load client, on an engine that starts as vLLM does and answers at known times."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from eval.arms.setup import EngineSetup, Weights
from eval.bench.arm_crossover import speed_crossover
from eval.bench.load.client import LoadClient
from eval.bench.load.null_server import Times
from eval.bench.load.words import words_of
from eval.bench.metrics import metrics_of
from eval.bench.result import BenchResult
from eval.bench.stage import benchmark
from pipeline.base.errors import EngineError, UsageError
from pipeline.base.progress import SilentReporter
from pipeline.base.sentences.stored import ENGLISH
from pipeline.base.token_range import TokenRange
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.soak import Soak
from pipeline.record.context import RunContext
from pipeline.record.record import StageOutcome
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.store import Runtime
from tests.fakes.loaded_engine import behave, die_at, die_long, interpreter, miscount_from, miscount_long
from tests.fakes.null_servers import Remembers, Running

MODEL = Path(__file__).parents[2] / "recipes" / "demo" / "model"
SETTINGS = (
    *("bench.concurrency=[1,4]", "bench.requests_per_concurrency=3", "bench.repeats=2", "bench.warmup_requests=1"),
    # The seed draws the baseline first.
    *("bench.input_tokens=24", "bench.output_tokens=8", "bench.seed=3"),
    "bench.limits={foreign_cpu_share: null, client_cpu_share: null, ceiling_share: null}",
)


@pytest.fixture
def recipe() -> Recipe:
    """The demo with a load of seconds."""
    return load_recipe("demo", SETTINGS).recipe


@pytest.fixture
def context(tmp_path: Path, home: Path) -> RunContext:
    """A run in a folder of its own."""
    return RunContext(
        out=tmp_path / "out", home=home, recipe_dir=tmp_path, accelerator="cpu", reporter=SilentReporter()
    )


@pytest.fixture
def setup(tmp_path: Path, recipe: Recipe) -> EngineSetup:
    """Two arms of the same 16-bit weights under two names; what their engines do wrong stands in files."""
    (tmp_path / "awq").symlink_to(MODEL)
    paths = {"baseline": MODEL, "awq": tmp_path / "awq"}
    weights = {arm: Weights(path, f"weights of {arm}", quantized=False) for arm, path in paths.items()}
    runtime = Runtime("vllm", "0.32.0", "digest", interpreter(tmp_path), "lock")
    return EngineSetup(
        weights=weights, runtime=runtime, accelerator="cpu", engine=recipe.engine, trust_remote_code=False, api_key="k"
    )


def bench(setup: EngineSetup, recipe: Recipe, context: RunContext) -> tuple[StageOutcome, BenchResult]:
    """Return what the stage leaves; the engine in the slot is stopped, as at the end of a run."""
    try:
        outcome = benchmark(setup, LoadClient(ensure_loadgen(context.home, SilentReporter())), recipe, context)
    finally:
        context.slot.clear()
    assert isinstance(outcome.result, BenchResult)
    return outcome, outcome.result


def starts(context: RunContext) -> int:
    """Return how many engines were started."""
    return len([path for path in context.logs.glob("bench-vllm-*.log") if not path.is_symlink()])


def test_points_stand_with_their_evidence(setup: EngineSetup, recipe: Recipe, context: RunContext) -> None:
    """Every run says what was sent, counted and cached, its raw file is there, and tails need more requests."""
    outcome, found = bench(setup, recipe, context)
    assert [(load.arm, [point.concurrency for point in load.points]) for load in found.arms] == [
        ("baseline", [1, 4]),
        ("awq", [1, 4]),
    ]
    assert (found.void_points, found.counter_disagreement, outcome.gates[0].passed) == ((), 0, True)
    assert found.calibration is not None
    assert found.calibration.ceiling_output_tokens_per_s == 10_000
    for point in (point for load in found.arms for point in load.points):
        assert point.ttft.mean_ms is not None
        assert point.ttft.mean_ms >= 49
        assert (point.ttft.p95_ms, point.ttft.p99_ms) == (None, None)
        stand = [run for run in point.runs if run.figures]
        assert [run.number for run in stand] == [1, 2]
        for run in stand:
            assert (run.sent, run.answered, run.failed) == (point.requests, point.requests, 0)
            assert run.engine is not None
            assert (run.engine.output_tokens, run.engine.cached_share) == (point.requests * 8, 0)
            raw = (context.out / "bench" / run.raw_file).read_bytes()
            assert hashlib.sha256(raw).hexdigest() == run.raw_sha256
    assert not (context.out / ".resume" / "bench").exists()


def test_arms_are_held_against_their_plans(setup: EngineSetup, recipe: Recipe, context: RunContext) -> None:
    """In memory, and not in speed: that of a processor is not planned before anybody learned of it."""
    outcome, found = bench(setup, recipe, context)
    assert [(plan.arm, plan.why_not, plan.why_no_speed) for plan in found.plans] == [
        ("baseline", None, "not calibrated"),
        ("awq", None, "not calibrated"),
    ]
    assert found.plans[0].basis is not None
    assert found.plans[0].basis.concurrency == (1, 4)
    assert (found.plans[0].basis.input_tokens, found.plans[0].basis.output_tokens) == (24, 8)
    assert "awq_plan_error_kv_cache_tokens" in {metric.name for metric in outcome.metrics}


def test_arms_get_the_same_prompts_and_runs_their_own(setup: EngineSetup, recipe: Recipe, context: RunContext) -> None:
    """The seeds of both arms are alike, and no two runs of an arm share one."""
    _, found = bench(setup, recipe, context)
    seeds = [[run.seed for point in load.points for run in point.runs if run.attempt == 1] for load in found.arms]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 4


def test_alternating_arms_start_anew_and_state_what_they_ran_with(setup: EngineSetup, context: RunContext) -> None:
    """Four starts for two repeats of two arms; settings from command line, environment and log are alike."""
    recipe = load_recipe("demo", (*SETTINGS, "bench.reuse_engine=false", "bench.order=alternate")).recipe
    _, found = bench(setup, recipe, context)

    assert starts(context) == 4
    assert found.fair is not None
    assert (found.fair.drawn, found.fair.differences) == (("baseline", "awq"), ())
    settings = found.of("awq").settings
    assert [settings[name] for name in ("--dtype", "dtype", "VLLM_NO_USAGE_STATS", "reused")] == [
        *("bfloat16", "torch.bfloat16", "1", "False"),
    ]
    assert "VLLM_API_KEY" not in settings
    assert all([run.number for run in point.runs] == [1, 2] for load in found.arms for point in load.points)


def test_void_point_goes_without_figures_and_only_it_is_measured_again(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """An engine that counts other tokens under load is tried twice there; all else stands, and is not made again."""
    miscount_from(tmp_path, setup.paths["awq"], 4)
    outcome, first = bench(setup, recipe, context)
    ((arm, void),) = first.void_points
    assert (arm, void.concurrency, [run.attempt for run in void.runs]) == ("awq", 4, [1, 2])
    assert all(run.figures is None for run in void.runs)
    assert "prompt tokens, the engine" in void.reasons[0]
    assert [[point.concurrency for point in load.points] for load in first.arms] == [[1, 4], [1]]
    assert (outcome.gates[0].passed, outcome.gates[0].about) == (False, "measurement")
    assert "1 of 4 points are void" in outcome.gates[0].statement
    assert ENGLISH.text(outcome.gates[0].said) == outcome.gates[0].statement
    assert [phrase.key for phrase in void.reasons_said] != ["as_it_is"]
    assert [ENGLISH.text(phrase) for phrase in void.reasons_said] == list(void.reasons)
    assert {metric.step for metric in outcome.metrics if metric.name == "awq_output_tokens_per_s"} == {1}

    behave(tmp_path, setup.paths["awq"])
    _, second = bench(setup, recipe, context)
    assert starts(context) == 3  # the baseline's engine was not needed
    assert second.void_points == ()
    assert second.of("baseline") == first.of("baseline")
    # How a point's throughput grows is told from its neighbour, which was void.
    kept, made = (result.of("awq").points[0].model_copy(update={"assessment": None}) for result in (second, first))
    assert kept == made
    files = [run.raw_file for load in second.arms for point in load.points for run in point.runs]
    assert all((context.out / "bench" / file).is_file() for file in files)
    assert not (context.out / ".resume" / "bench").exists()


def test_attempt_after_a_dead_engine_makes_only_the_missing_runs(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """Nothing is published then; the arm that was done is not started again."""
    die_at(tmp_path, setup.paths["awq"], 4)
    with pytest.raises(EngineError):
        bench(setup, recipe, context)
    assert not (context.out / "bench").exists()
    assert starts(context) == 2
    behave(tmp_path, setup.paths["awq"])
    _, found = bench(setup, recipe, context)
    assert starts(context) == 3
    assert [[point.concurrency for point in load.points] for load in found.arms] == [[1, 4], [1, 4]]


def test_another_order_is_measured_anew(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """Runs of one start would be told as runs of a start each, whose intervals know what differs between starts."""
    miscount_from(tmp_path, setup.paths["awq"], 4)
    bench(setup, recipe, context)
    behave(tmp_path, setup.paths["awq"])
    asked = load_recipe("demo", (*SETTINGS, "bench.reuse_engine=false", "bench.order=alternate")).recipe
    bench(setup, asked, context)
    assert starts(context) == 2 + 4


def test_other_weights_are_measured_anew(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """Runs of another checkpoint are not this arm's."""
    miscount_from(tmp_path, setup.paths["awq"], 4)
    _, first = bench(setup, recipe, context)
    weights = Weights(setup.paths["awq"], "other weights", quantized=False)
    _, second = bench(replace(setup, weights=setup.weights | {"awq": weights}), recipe, context)
    assert second.of("baseline").points == first.of("baseline").points
    assert second.of("awq").points[0].runs != first.of("awq").points[0].runs


def test_soak_follows_the_sweeps_and_is_kept(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """At a share of the knee, on the engine that is running still; a void one is made again, and nothing else."""
    seconds = Soak(minutes=0.05, slice_seconds=0.2, input_tokens=TokenRange(low=48, high=64), share=1.0)
    asked = recipe.model_copy(update={"bench": recipe.bench.model_copy(update={"soak": seconds})})
    miscount_long(tmp_path, setup.paths["awq"], 40)
    outcome, first = bench(setup, asked, context)
    (void,) = first.void_soaks
    assert (void.arm, void.slices, first.void_points) == ("awq", (), ())
    assert [gate.passed for gate in outcome.gates] == [True, False]
    assert starts(context) == 2

    behave(tmp_path, setup.paths["awq"])
    outcome, second = bench(setup, asked, context)
    (soak,) = second.soaks
    assert starts(context) == 3
    assert (soak.void, soak.arm, soak.concurrency, soak.memory_of) == (None, "awq", 4, "processes")
    assert (soak.input_tokens.low, soak.input_tokens.high, soak.output_tokens.high) == (48, 64, 8)
    assert second.arms == first.arms
    assert all(gate.passed for gate in outcome.gates)
    assert {"awq_soak_output_tokens_per_s", "awq_soak_memory_gib"} <= {metric.name for metric in outcome.metrics}
    assert (context.out / "bench" / str(soak.raw_file)).is_file()


def test_engine_that_dies_under_a_soak_takes_no_sweep_with_it(
    setup: EngineSetup, recipe: Recipe, context: RunContext, tmp_path: Path
) -> None:
    """The points stand; that the engine ended is what the soak found, and it is made again in the next attempt."""
    seconds = Soak(minutes=0.05, slice_seconds=0.2, input_tokens=TokenRange(low=48, high=64), share=1.0)
    asked = recipe.model_copy(update={"bench": recipe.bench.model_copy(update={"soak": seconds})})
    die_long(tmp_path, setup.paths["awq"], 40)
    outcome, found = bench(setup, asked, context)
    (void,) = found.void_soaks
    assert (found.void_points, [gate.passed for gate in outcome.gates]) == ((), [True, False])
    assert (void.void or ("",))[0].startswith("vLLM ended unexpectedly")
    assert (context.out / ".resume" / "bench").exists()
    assert not list((context.out / "bench").rglob("*.prompts.jsonl"))


def test_points_say_how_they_were_served_and_what_is_overload(setup: EngineSetup, context: RunContext) -> None:
    """Goodput by the recipe's service level in every run; four requests are more than two sequences at once."""
    changes = ("bench.service_level={e2e_ms: 600000}", "engine.max_num_seqs=2")
    _, found = bench(setup, load_recipe("demo", (*SETTINGS, *changes)).recipe, context)
    assert found.service_level is not None
    assert found.service_level.e2e_ms == 600_000
    for one, four in (load.points for load in found.arms):
        assert one.assessment is not None
        assert (one.overloaded, four.overloaded) == (False, True)
        assert [run.number for run in one.assessment.service] == [1, 2]
        for run in one.assessment.service:
            assert run.goodput is not None
            assert (run.goodput.kept, run.goodput.sent) == (3, 3)
            assert run.sharing.fairness is not None
            assert run.sharing.fairness > 0
        assert "client_cpu_share" in [sign.counter for sign in one.assessment.binding.evidence]
    assert speed_crossover(found).overloaded == (4,)
    steps = {metric.step for metric in metrics_of(found) if metric.name == "awq_goodput_tokens_per_s"}
    assert steps == {1, 4}


def test_running_server_is_measured_beside_the_arms(
    setup: EngineSetup, recipe: Recipe, context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arm of the kind endpoint gets the prompts of the others, as often, within its limits, and once."""
    monkeypatch.setenv("THEIR_KEY", "sesame-open")
    server = Remembers(Times(ttft_s=0.05, inter_token_s=0.005))
    server.key = "sesame-open"
    with Running(server) as running:
        own = f"{{name: theirs, kind: endpoint, url: '{running.url}', api_key_env: THEIR_KEY, max_requests: 26}}"
        settings = (*SETTINGS, f"arms=[baseline, awq, {own}]", "bench.arms=[baseline, awq, theirs]")
        chosen = load_recipe("demo", settings).recipe
        outcome, found = bench(setup, chosen, context)
        (theirs,) = found.endpoints
        assert [load.arm for load in found.arms] == ["baseline", "awq"]
        points = [(point.concurrency, point.requests, point.void is None) for point in theirs.load.points]
        assert points[:3] == [(1, 3, True), (1, 3, True), (4, 12, True)]
        assert "the limit is 26" in "; ".join(theirs.load.points[3].void or ())
        assert not outcome.gates[0].passed
        assert "1 of 8 points are void and have no figures: theirs at concurrency 4" in outcome.gates[0].statement
        assert server.counters.finished == theirs.load.spent.requests == 20
    words = [word for prompt in server.asked for word in prompt.split()]
    assert len(set(server.asked)) == 20
    assert set(words) <= set(words_of(MODEL).words)
    assert ("theirs_output_tokens_per_s", 1) in {(metric.name, metric.step) for metric in outcome.metrics}
    assert (context.out / "bench" / "theirs" / "concurrency-1-run-2.json").is_file()
    assert not [path for path in context.out.rglob("*") if path.is_file() and b"sesame-open" in path.read_bytes()]


def test_running_server_is_held_where_the_recipe_names_it(setup: EngineSetup, context: RunContext) -> None:
    """After its other loads, with what works without its counters; a second attempt sends it nothing more."""
    server = Remembers(Times(ttft_s=0.05, inter_token_s=0.005), has_metrics=False)
    with Running(server) as running:
        own = f"{{name: theirs, kind: endpoint, url: '{running.url}'}}"
        soak = "bench.soak={minutes: 0.05, slice_seconds: 0.2, arms: [theirs], share: 1.0, input_tokens: 48-64}"
        settings = (*SETTINGS, f"arms=[baseline, awq, {own}]", "bench.arms=[baseline, awq, theirs]", soak)
        recipe = load_recipe("demo", settings).recipe
        outcome, first = bench(setup, recipe, context)
        (held,) = first.soaks
        assert (held.arm, held.void, held.engine) == ("theirs", None, None)
        assert "token counts of client and engine" in held.not_checked
        assert held.concurrency in (1, 4)
        assert all((context.out / "bench" / file.name).is_file() for file in held.files)
        assert "theirs_soak_output_tokens_per_s" in {metric.name for metric in outcome.metrics}


def test_key_of_a_running_server_is_missed_before_anything_starts(setup: EngineSetup, context: RunContext) -> None:
    """Hours of sweeps would be for nothing."""
    own = "{name: theirs, kind: endpoint, url: 'http://127.0.0.1:1', api_key_env: NO_SUCH_KEY}"
    recipe = load_recipe("demo", (f"arms=[baseline, awq, {own}]", "bench.arms=[baseline, awq, theirs]")).recipe
    with pytest.raises(UsageError, match="NO_SUCH_KEY"):
        bench(setup, recipe, context)
    assert starts(context) == 0


def test_rates_are_measured_beside_concurrencies(setup: EngineSetup, context: RunContext) -> None:
    """Every arm once, on the engine that is there anyway; a second attempt takes what was made."""
    settings = (*SETTINGS, "bench.open_loop={rates: [8, 20], seconds: 0.5}")
    recipe = load_recipe("demo", settings).recipe
    _, found = bench(setup, recipe, context)
    for load in found.arms:
        assert [(loop.rate_per_s, loop.requests) for loop in load.open_loop] == [(8, 4), (20, 10)]
        assert [loop.run.sent for loop in load.open_loop] == [4, 10]
        assert all((context.out / "bench" / loop.run.raw_file).is_file() for loop in load.open_loop)
    # A run that was void on a busy machine was made again with other prompts, for which 5 000 seeds are left out.
    seeds = [[loop.run.seed - 5_000 * (loop.run.attempt - 1) for loop in load.open_loop] for load in found.arms]
    assert seeds[0] == seeds[1]
    assert starts(context) == 2

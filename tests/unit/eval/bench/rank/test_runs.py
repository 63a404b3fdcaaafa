"""What a ranking takes out of the files of runs, and what it says of files that are none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.bench.dummy_weights import DummyWeights
from eval.bench.load.endpoint import EndpointLoad, EndpointPoint
from eval.bench.load.endpoint_result import PromptsFile
from eval.bench.load.result import Distribution
from eval.bench.rank.ranking import rank
from eval.bench.rank.runs import entries_of
from eval.bench.result import ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint, VoidPoint
from eval.bench.runs import LoadRun
from pipeline.base.errors import MissingStageError, SourceError, UsageError, VoidMeasurementError
from pipeline.base.token_range import TokenRange
from pipeline.hardware.gpu import Gpu
from pipeline.hardware.health.summary import HealthSummary, HostHealth, Spread
from pipeline.recipe.recipe import Recipe
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord, StageResult, save_record
from tests.unit.eval.bench.runs import load
from tests.unit.eval.bench.runs import run as load_run

Run = Callable[..., Path]
ARGUMENTS = ("--dtype", "bfloat16", "--max-model-len", "1024", "--tensor-parallel-size", "2")
PRICED = {
    "machine": "a node",
    "hourly": {"usd": 6.0, "origin": "quoted", "source": "a list, 2026-11"},
    "load": {"requests_per_day": 1, "output_tokens_per_request": 1, "origin": "assumed", "source": "x"},
}
MADE_UP: dict[str, Any] = {
    "model": "m",
    "commit": None,
    "configuration": "config.json",
    "tokenizer": "own",
    "zero_point": True,
}
MEMORY = EngineMemory(
    weights_gib=4.0, weights_from="engine", kv_cache_tokens=9000, max_concurrency=9.0, context_tokens=1024
)


def point(concurrency: int, speed: float) -> LoadPoint:
    """Return a point of two runs one per cent around its speed."""
    runs = (speed / 1.01, speed * 1.01)
    latency = Latency(mean_ms=9.0, p50_ms=8.0, p95_ms=20.0, p99_ms=None, p50_ms_runs=(8.0, 8.1))
    return LoadPoint(
        concurrency=concurrency,
        requests=8,
        output_tokens_per_s=speed,
        output_tokens_per_s_runs=runs,
        output_tokens_per_s_min=runs[0],
        output_tokens_per_s_max=runs[1],
        total_tokens_per_s=speed,
        requests_per_s=1.0,
        duration_s=1.0,
        **dict.fromkeys(("ttft", "tpot", "itl", "e2e"), latency),
    )


def bench_of(*points: LoadPoint, **changes: Any) -> BenchResult:
    """Return a benchmark of AWQ alone; keywords replace fields of the result, `void_points` those of the arm."""
    void = changes.pop("void_points", ())
    arm = ArmLoad(
        arm="awq", kernel="marlin", dtype="bfloat16", memory=MEMORY, start_seconds=9.0, points=points, void_points=void
    )
    facts: dict[str, Any] = {
        "arms": (arm,),
        "input_tokens": 128,
        "output_tokens": 64,
        "repeats": 2,
        "engine_version": "vllm 0.33.0",
        "engine_arguments": ARGUMENTS,
        "throughput_over": "steady state",
        "counter_disagreement": 0.0,
    }
    return BenchResult(**{**facts, **changes})


@pytest.fixture
def run(
    tmp_path: Path,
    environment: Environment,
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> Run:
    """Return a function that writes the output folder of a run on two GPUs."""

    def write(name: str, bench: BenchResult, *, gpu: str = "NVIDIA L4", roi: Any = None, **section: Any) -> Path:
        gpus = tuple(Gpu(vendor="nvidia", name=gpu, driver="580.1") for _ in range(2))
        machine = environment.machine.model_copy(update={"gpus": gpus})
        there = environment.model_copy(update={"machine": machine, "accelerator": "cuda"})
        recipe = make_recipe(bench=section, roi=roi)
        inputs = {"recipe.bench": recipe.bench.model_dump(mode="json")}
        folder = tmp_path / name
        folder.mkdir()
        record = make_record(recipe, bench=make_stage("bench", bench, environment=there, inputs=inputs))
        save_record(record, folder / "record.json")
        return folder

    return write


def test_prices_are_the_recipes_or_the_catalogues(run: Run) -> None:
    """`roi.hourly` with its source; without it the cheapest rent of the GPUs used; one given stands above both."""
    a = run("a", bench_of(point(8, 100.0)), roi=PRICED)
    b = run("b", bench_of(point(8, 100.0)))
    priced, rented = entries_of([a, b])
    assert priced.usd_per_hour is not None
    assert (priced.usd_per_hour.value, priced.usd_per_hour.source) == (6.0, "a node: a list, 2026-11")
    assert rented.usd_per_hour is not None
    assert rented.usd_per_hour.source.startswith("catalogue, 2 x L4 at ")
    assert rented.rated_watts is not None
    assert (rented.gpus, rented.rated_watts.value) == (2, 2 * 72)
    assert "not measured" in rented.rated_watts.source
    given = entries_of([a, b], prices={"a": 1.5, str(b): 2.5})
    assert [one.usd_per_hour.value for one in given if one.usd_per_hour] == [1.5, 2.5]
    with pytest.raises(UsageError, match="no run called c"):
        entries_of([a, b], prices={"c": 1.0})


def test_a_gpu_that_the_catalogue_does_not_know_has_no_price(run: Run) -> None:
    """Nothing is assumed in its place."""
    one, other = entries_of(
        [run("a", bench_of(point(8, 1.0)), gpu="Something 9000"), run("b", bench_of(point(8, 1.0)))]
    )
    assert (one.usd_per_hour, one.rated_watts) == (None, None)
    assert other.usd_per_hour is not None


def test_machines_may_differ_and_settings_may_not(run: Run) -> None:
    """Number of GPUs and driver are of the machine; a length, an engine or a client of another version are refused."""
    four = (*ARGUMENTS[:-1], "4")
    pair = [run("a", bench_of(point(8, 100.0))), run("b", bench_of(point(8, 90.0), engine_arguments=four), gpu="H100")]
    found = rank(entries_of(pair))
    assert {one.name for one in found.differs} == {"GPUs", "engine tensor-parallel-size"}
    unlike = run("c", bench_of(point(8, 90.0), engine_version="vllm 0.32.0"), input_tokens=512)
    with pytest.raises(UsageError) as problem:
        rank(entries_of([pair[0], unlike]))
    assert "engine: vllm 0.33.0 (a); vllm 0.32.0 (c)" in problem.value.message
    assert "input_tokens: 256 (a); 512 (c)" in problem.value.message


def test_what_is_measured_beside_the_concurrencies_may_differ(run: Run) -> None:
    """Rates in one of two runs; the same prompts in another place; keys that an earlier version did not know."""
    own = {"prompts": PromptsFile(name="own.jsonl", sha256="5a", count=9, repeated_between_loads=False)}
    pair = [
        run("a", bench_of(point(8, 100.0), **own), prompts="own.jsonl", open_loop={"rates": [2]}),
        run("b", bench_of(point(8, 90.0), **own), prompts="here/own.jsonl"),
    ]
    record = pair[0] / "record.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    del document["stages"]["bench"]["inputs"]["recipe.bench"]["multi_turn"]
    record.write_text(json.dumps(document), encoding="utf-8")
    assert {one.name for one in rank(entries_of(pair)).differs} == set()


@pytest.mark.parametrize(
    ("field", "one", "other", "named"),
    [
        (
            "prompts",
            PromptsFile(name="own.jsonl", sha256="5a", count=9, repeated_between_loads=False),
            PromptsFile(name="own.jsonl", sha256="5b", count=9, repeated_between_loads=False),
            "prompts: 5a (a); 5b (b)",
        ),
        (
            "dummy_weights",
            DummyWeights(**MADE_UP, group_size=64),
            DummyWeights(**MADE_UP, group_size=128),
            "made up with groups of: 64 (a); 128 (b)",
        ),
    ],
)
def test_what_the_recipe_does_not_show_is_compared(run: Run, field: str, one: Any, other: Any, named: str) -> None:
    """Another file of prompts under the same name, and weights made up with other groups."""
    asked = {"prompts": "own.jsonl"} if field == "prompts" else {}
    pair = [run(name, bench_of(point(8, 9.0), **{field: found}), **asked) for name, found in (("a", one), ("b", other))]
    with pytest.raises(UsageError) as problem:
        rank(entries_of(pair))
    assert named in problem.value.message


def test_throughputs_are_of_one_kind(run: Run) -> None:
    """One run without a steady state takes all to whole runs: the other's are known, too, and are lower."""
    stand = [load_run(load(80.0, steady=100.0)), load_run(load(81.0, steady=101.0))]
    made = (*stand, load_run(load(9.0), engine_tokens=1))
    steady = point(8, 100.0).model_copy(update={"runs": made})
    pair = [run("a", bench_of(steady)), run("b", bench_of(point(8, 90.0), throughput_over="whole run"))]
    first, second = entries_of(pair)
    assert first.settings["throughput over"] == second.settings["throughput over"] == "whole run"
    assert first.levels[8].output_tokens_per_s_runs == (80.0, 81.0)
    assert entries_of([pair[0], run("c", bench_of(steady))])[0].levels[8] == first.levels[8].model_copy(
        update={"output_tokens_per_s_runs": steady.output_tokens_per_s_runs}
    )


def test_void_points_are_refused_with_their_reasons(run: Run) -> None:
    """They come with the record."""
    void = (VoidPoint(concurrency=8, requests=64, reasons=("2 of 64 requests failed",)),)
    pair = [run("a", bench_of(point(8, 100.0))), run("b", bench_of(void_points=void))]
    with pytest.raises(VoidMeasurementError, match="b at concurrency 8: 2 of 64 requests failed"):
        rank(entries_of(pair))


def test_arm_that_not_all_have_is_told(run: Run) -> None:
    """With what each has."""
    pair = [run("a", bench_of(point(8, 100.0))), run("b", bench_of(point(8, 100.0)))]
    with pytest.raises(UsageError, match=r"the arm fp8 \(a: awq; b: awq\)"):
        entries_of(pair, "fp8")


def endpoint(folder: Path, **changes: Any) -> Path:
    """Write what was measured at an endpoint; return its folder."""
    one = EndpointPoint(
        concurrency=8, requests=64, failed=0, output_tokens_per_s=80.0, tpot_ms=Distribution(mean=9.0, p50=9.0)
    )
    facts: dict[str, Any] = {
        "endpoint": "http://127.0.0.1:8000",
        "model": "m",
        "route": "/v1/completions",
        "client": "vllm-rs 0.33.0",
        "client_ceiling_tokens_per_s": None,
        "input_tokens": TokenRange.fixed(128),
        "output_tokens": TokenRange(low=32, high=64),
        "lengths": "natural",
        "prompt_tokens_by": "words",
        "seed": 0,
        "points": (one,),
    }
    (folder / "bench").mkdir(parents=True)
    (folder / "bench" / "endpoint.json").write_text(EndpointLoad(**{**facts, **changes}).model_dump_json())
    return folder


def test_endpoints_are_ranked_among_themselves(tmp_path: Path, run: Run) -> None:
    """By what is known of them, which decides nothing with one run each; a recipe's run is something else."""
    pair = [endpoint(tmp_path / "a"), endpoint(tmp_path / "b" / "there", endpoint="http://127.0.0.1:9000")]
    found = rank(entries_of(pair, prices={"there": 2.0}))
    assert [pair.verdict for pair in found.rankings[0].pairs] == ["not repeated"]
    assert found.alike["output_tokens"] == "32-64"
    assert "its GPUs are not known" in found.rankings[1].not_ranked["a"]
    with pytest.raises(UsageError, match="an endpoint, whose engine and settings are not known"):
        rank(entries_of([pair[0], run("c", bench_of(point(8, 1.0)))]))


def test_what_is_no_run_is_said(tmp_path: Path, run: Run, make_record: Callable[..., RunRecord]) -> None:
    """A folder that is not there or holds nothing, a file that is something else, one run twice, one alone."""
    good = run("good", bench_of(point(8, 1.0)))
    (tmp_path / "empty").mkdir()
    broken = endpoint(tmp_path / "broken")
    (broken / "bench" / "endpoint.json").write_text(json.dumps({"schema_version": 99}))
    for path, message in (
        (tmp_path / "gone", "There is no run"),
        (tmp_path / "empty", "it has neither record.json nor bench/endpoint.json"),
        (broken, "is not what this version writes"),
    ):
        with pytest.raises(SourceError, match=message):
            entries_of([good, path])
    for runs in ([good, good], [good], [good, good / ".." / "good"]):
        with pytest.raises(UsageError, match="two runs or more"):
            entries_of(runs)


def test_run_without_bench_is_named(
    tmp_path: Path, run: Run, make_recipe: Callable[..., Recipe], make_record: Callable[..., RunRecord]
) -> None:
    """With the command that makes what is missing."""
    (tmp_path / "bare").mkdir()
    save_record(make_record(make_recipe()), tmp_path / "bare" / "record.json")
    with pytest.raises(MissingStageError, match="bare: The stage 'bench' has no result yet"):
        entries_of([run("a", bench_of(point(8, 1.0))), tmp_path / "bare"])


def test_record_of_the_first_version_is_ranked(tmp_path: Path) -> None:
    """Brought to today's form as everywhere; its client was another one, which is said."""
    old = Path(__file__).parents[3] / "pipeline" / "record" / "data" / "record-1-run.json"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").write_bytes(old.read_bytes())
    found = rank(entries_of([tmp_path / "a", tmp_path / "b"]))
    assert found.alike["client"] == "of an earlier version"
    assert {pair.verdict for pair in found.rankings[0].pairs} <= {"not decided", "not repeated"}


def test_energy_is_that_of_the_runs_that_stand(run: Run) -> None:
    """Tokens per joule of each; rated power as soon as one run was made without a measurement."""
    memory = Spread(min=1, mean=1, max=1)
    host = HostHealth(
        others_share=0, steal_share=0, memory_available_gib=memory, temperature_c=None, frequency_mhz=None
    )

    def with_energy(joules: float | None) -> LoadRun:
        health = HealthSummary(seconds=9, samples=9, gpus=(), host=host, checks=(), joules_per_output_token=joules)
        return load_run().model_copy(update={"health": health})

    measured = point(8, 100.0).model_copy(update={"runs": (with_energy(0.5), with_energy(0.25))})
    partly = point(8, 100.0).model_copy(update={"runs": (with_energy(0.5), with_energy(None))})
    pair = [run("a", bench_of(measured)), run("b", bench_of(measured)), run("c", bench_of(partly))]
    assert [one.levels[8].tokens_per_joule_runs for one in entries_of(pair)] == [(2, 4), (2, 4), ()]
    rankings = [rank(entries_of(runs)).by({"output_tokens_per_joule"}).rankings for runs in (pair[:2], pair[1:])]
    energies = [one.measured for (one,) in rankings]
    assert energies == ["energy", "throughput"]


def test_kv_cache_dtype_that_engines_chose_has_to_be_the_same(run: Run) -> None:
    """What they state themselves counts, where no argument says it; an attention backend is of the hardware."""

    def stating(name: str, **settings: str) -> Path:
        bench = bench_of(point(8, 100.0))
        arm = bench.arms[0].model_copy(update={"settings": settings})
        return run(name, bench.model_copy(update={"arms": (arm,)}))

    a = stating("a", kv_cache_dtype="auto", attention_backend="FLASH_ATTN")
    b = stating("b", kv_cache_dtype="auto", attention_backend="FLASHINFER")
    c = stating("c", kv_cache_dtype="fp8", attention_backend="FLASH_ATTN")
    assert "attention backend" in {one.name for one in rank(entries_of([a, b])).differs}
    with pytest.raises(UsageError, match=r"KV cache dtype: auto \(a\); fp8 \(c\)"):
        rank(entries_of([a, c]))

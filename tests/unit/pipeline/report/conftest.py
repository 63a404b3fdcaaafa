"""A run of which everything is made up but plausible, and ways to look into its report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.judgement import gates_of
from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.bench.result import ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint, VoidPoint
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate
from pipeline.hardware.gpu import Gpu
from pipeline.quantize.result import CoverageResult, KindAudit, QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.environment import Environment
from pipeline.record.record import RunRecord, StageResult
from pipeline.report.document import ReportDocument, Section
from pipeline.roi import stage as roi_stage
from pipeline.roi.result import RoiResult
from serve.result import ServeResult, SmokeCheck
from tests.unit.pipeline.report.documents import report_of

BASELINE_SPEED = {1: 41.2, 4: 118.0, 16: 262.0}
AWQ_SPEED = {1: 66.9, 4: 171.3, 16: 268.4}
ARGUMENTS = ("--dtype", "bfloat16", "--max-model-len", "512", "--max-num-seqs", "16")
ROI = {
    "machine": "2-core CPU instance",
    "hourly": {"usd": 0.5, "origin": "quoted", "source": "price list of the provider, 2026-11"},
    "load": {
        "requests_per_day": 200_000,
        "output_tokens_per_request": 128,
        "peak_to_average": 2.5,
        "origin": "assumed",
        "source": "no traffic log was available",
    },
    "engagement": {"usd": 5000, "origin": "quoted", "source": "offer 17"},
}
SECTIONS: dict[str, Any] = {
    "quantize": {"group_size": 64, "calibration": {"source": "packaged:demo"}},
    "engine": {"accelerator": "cpu", "max_model_len": 512, "max_num_seqs": 16},
    "eval": {
        "tasks": [{"name": "demo_sums", "margin": 0.02}, {"name": "demo_cloze", "margin": 0.02, "limit": 500}],
    },
    "bench": {"concurrency": [1, 4, 16]},
    "roi": ROI,
    "report": {"title": "AWQ deployment report", "client": "Example GmbH", "prepared_by": "A. Consultant"},
}


@pytest.fixture(scope="session")
def make_recipe(make_recipe: Callable[..., Recipe]) -> Callable[..., Recipe]:
    """Return a function that makes a demo-like recipe with a price and a cover; keywords replace whole sections."""
    return lambda **changes: make_recipe(**{**SECTIONS, **changes})


@pytest.fixture(scope="session")
def make_kind() -> Callable[..., KindAudit]:
    """Return a function that makes layers of one kind, by default scaled and well within the bound of their weights."""

    def kind(name: str, layers: int, parameters: int, **changes: Any) -> KindAudit:
        facts: dict[str, Any] = {"scaled": layers, "rounded": 0, "left": 0}
        errors = {"relative_error": 0.0712, "error_bound": 0.1054, "error_ratio": 0.82}
        return KindAudit(kind=name, layers=layers, parameters=parameters, **{**facts, **errors, **changes})

    return kind


@pytest.fixture(scope="session")
def coverage(make_kind: Callable[..., KindAudit]) -> CoverageResult:
    """Return an audit with every treatment: scaled, only rounded, and a head in 16 bit that nothing was compared of."""
    return CoverageResult(
        share_4bit=1.0,
        share_scaled=0.9992,
        share_of_model_4bit=0.88,
        layers_compared=16,
        equivalence=0.00041,
        kinds=(
            make_kind("self_attn.q_proj", 8, 8 * 1_000_000),
            make_kind("self_attn.o_proj", 8, 8 * 800, scaled=0, rounded=8, error_ratio=None),
            make_kind("lm_head", 1, 262_144, scaled=0, left=1, relative_error=None, error_bound=None, error_ratio=None),
        ),
    )


@pytest.fixture(scope="session")
def make_quantized(
    make_quantized: Callable[..., QuantizeResult], coverage: CoverageResult
) -> Callable[..., QuantizeResult]:
    """Return a function that makes the facts of a small checkpoint with its audit; keywords replace fields."""
    return lambda **changes: make_quantized(**{"coverage": coverage, **changes})


@pytest.fixture(scope="session")
def make_bench() -> Callable[..., BenchResult]:
    """Return a function that makes both sweeps; repeats lie 3 % around the means."""
    return _bench


@pytest.fixture(scope="session")
def with_void(make_bench: Callable[..., BenchResult]) -> Callable[..., BenchResult]:
    """Return a function that makes both sweeps with points of AWQ that are void; by default the one at 16."""

    def changed(*concurrencies: int, **changes: Any) -> BenchResult:
        bench, gone = make_bench(), concurrencies or (16,)
        baseline, awq = bench.arms
        points = tuple(point for point in awq.points if point.concurrency not in gone)
        void = tuple(VoidPoint(concurrency=one, requests=8 * one, reasons=("the reason",)) for one in gone)
        awq = awq.model_copy(update={"points": points, "void_points": void})
        return bench.model_copy(update={"arms": (baseline, awq), **changes})

    return changed


def _bench(
    baseline: dict[int, float] = BASELINE_SPEED, awq: dict[int, float] = AWQ_SPEED, *, repeats: int = 3
) -> BenchResult:
    spread = 0.03 if repeats > 1 else 0.0
    kernel = "CPUWNA16LinearKernel (AWQMarlinLinearMethod)"
    return BenchResult(
        arms=(
            _arm("baseline", baseline, spread=spread, kernel="unquantized", weights=0.05),
            _arm("awq", awq, spread=spread, kernel=kernel, weights=0.02),
        ),
        input_tokens=256,
        output_tokens=128,
        repeats=repeats,
        engine_version="0.11.0",
        engine_arguments=ARGUMENTS,
        counter_disagreement=0.0004,
        throughput_over="steady state",
    )


def _arm(arm: str, speeds: dict[int, float], *, spread: float, kernel: str, weights: float) -> ArmLoad:
    """Return a sweep with the repeats `spread` (relative) around each speed."""
    points = tuple(
        LoadPoint(
            concurrency=concurrency,
            requests=8 * concurrency,
            output_tokens_per_s=speed,
            output_tokens_per_s_runs=_runs(speed, spread),
            output_tokens_per_s_min=min(_runs(speed, spread)),
            output_tokens_per_s_max=max(_runs(speed, spread)),
            total_tokens_per_s=speed * 3,
            requests_per_s=speed / 128,
            ttft=_latency(9000 * concurrency**0.6 / speed, spread),
            tpot=_latency(1000 * concurrency / speed, spread),
            itl=_latency(985 * concurrency / speed, spread),
            e2e=_latency(128_000 * concurrency / speed, spread),
            duration_s=1024 * concurrency / speed,
        )
        for concurrency, speed in speeds.items()
    )
    memory = EngineMemory(
        weights_gib=weights, weights_from="files", kv_cache_tokens=174_080, max_concurrency=340.0, context_tokens=512
    )
    return ArmLoad(arm=arm, kernel=kernel, dtype="bfloat16", memory=memory, start_seconds=21.4, points=points)


def _runs(middle: float, spread: float) -> tuple[float, ...]:
    """Return three runs whose geometric mean is the middle, or one run without a spread."""
    return (middle / (1 + spread), middle, middle * (1 + spread)) if spread else (middle,)


def _latency(middle: float, spread: float) -> Latency:
    """Return a plausible distribution around a median."""
    return Latency(
        mean_ms=middle * 1.07,
        p50_ms=middle,
        p95_ms=middle * 1.61,
        p99_ms=middle * 1.94,
        p50_ms_runs=_runs(middle, spread),
    )


@pytest.fixture(scope="session")
def two_tasks(make_accuracy: Callable[..., EvalResult], make_task: Callable[..., TaskScore]) -> EvalResult:
    """Return an evaluation that passed: one task with room to spare, one of a part of its items."""
    return make_accuracy(
        make_task("demo_sums", 0.9330, 0.9280, 0.02),
        make_task("demo_cloze", 0.7040, 0.6990, 0.02, items=500, stderr=0.0061),
    )


@pytest.fixture(scope="session")
def controlled(
    two_tasks: EvalResult, make_task: Callable[..., TaskScore], make_contrast: Callable[..., Contrast]
) -> EvalResult:
    """Return an evaluation with a control: AWQ clearly better on one task, no telling on the other."""
    sums, cloze = two_tasks.tasks
    rounded = (
        make_task("demo_sums", 0.9330, 0.9080, 0.02, arm="rtn"),
        make_task("demo_cloze", 0.7040, 0.6980, 0.02, arm="rtn", items=500, stderr=0.0059),
    )
    return two_tasks.model_copy(
        update={
            "arms": ("baseline", "awq", "rtn"),
            "tasks": (sums, rounded[0], cloze, rounded[1]),
            "contrasts": (make_contrast("demo_sums", 0.02, 0.0041), make_contrast("demo_cloze", 0.001, 0.0052)),
        }
    )


@pytest.fixture(scope="session")
def endpoint() -> ServeResult:
    """Return a smoke test that passed."""
    return ServeResult(
        checks=(
            SmokeCheck(name="answers over TLS", passed=True, detail="200, 16 tokens", seconds=0.41),
            SmokeCheck(name="refuses a wrong key", passed=True, detail="401", seconds=0.01),
        ),
        tls=True,
        routes=("/v1/chat/completions", "/v1/completions", "/v1/models"),
        gateway_version="2.8.20",
        engine_version="0.11.0",
        kernel="CPUWNA16LinearKernel",
    )


DRAWS = 100
PRICED: dict[tuple[str, str], RoiResult] = {}


def priced(recipe: Recipe, bench: BenchResult) -> RoiResult:
    """Return what the real stage computes, from fewer draws: a thousand take half a second, and many tests do it."""
    roi = recipe.roi.model_copy(update={"draws": DRAWS})
    recipe = recipe.model_copy(update={"roi_or_none": roi})
    key = (recipe.model_dump_json(), bench.model_dump_json())
    if key not in PRICED:
        PRICED[key] = roi_stage.price_whole(recipe, bench, recipe.model.source)
    return PRICED[key]


@pytest.fixture(scope="session")
def make_run(
    environment: Environment,
    make_recipe: Callable[..., Recipe],
    make_quantized: Callable[..., QuantizeResult],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
    two_tasks: EvalResult,
) -> Callable[..., RunRecord]:
    """Return a function that makes a record with every stage done; the roi stage is computed by the real code."""

    def run(
        *,
        recipe: Recipe | None = None,
        accuracy: EvalResult = two_tasks,
        bench: BenchResult | None = None,
        endpoint: ServeResult | None = None,
        gpus: tuple[str, ...] = (),
        made: QuantizeResult | None = None,
        audit: Gate | None = None,
    ) -> RunRecord:
        recipe, bench = recipe or make_recipe(), bench or _bench()
        runs = {f"run_{number}": f"bench/raw/awq-16-{number}.json" for number in range(6)}
        with_gpus = environment.machine.model_copy(
            update={"gpus": tuple(Gpu(vendor="nvidia", name=name) for name in gpus)}
        )
        machine = environment.model_copy(update={"machine": with_gpus, "accelerator": "cuda" if gpus else "cpu"})
        weights = {"gates": (audit,) if audit else (), "artifacts": {"checkpoint": "checkpoint"}}
        speeds = {"results": "bench/results.json", **runs}
        samples = {"baseline": "eval/baseline", "awq": "eval/awq", "results": "eval/results.json"}
        stages = {
            "quantize": make_stage("quantize", made or make_quantized(), environment=machine, **weights),
            "eval": make_stage("eval", accuracy, environment=machine, gates=gates_of(accuracy), artifacts=samples),
            "bench": make_stage("bench", bench, environment=machine, artifacts=speeds),
        }
        (prices,) = roi_stage.STAGE.needs
        if not prices.nothing(bench):
            stages["roi"] = make_stage("roi", priced(recipe, bench), artifacts={"roi": "roi/roi.json"})
        if endpoint:
            stages["serve"] = make_stage("serve", endpoint, artifacts={"smoke": "serve/smoke.json"})
        return make_record(recipe, **stages)

    return run


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    """Return a context that writes below `tmp_path`."""
    return RunContext(out=tmp_path, home=tmp_path, recipe_dir=tmp_path, accelerator="cpu", reporter=SilentReporter())


@pytest.fixture(scope="session")
def report(make_run: Callable[..., RunRecord], endpoint: ServeResult) -> ReportDocument:
    """Return the report of the default record, its endpoint tested; made once."""
    return report_of(make_run(endpoint=endpoint))


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the charts out where a test is about words."""
    monkeypatch.setattr("pipeline.report.render.html.svg_of", lambda _chart: "<svg></svg>")


@pytest.fixture(scope="session")
def section_of() -> Callable[[RunRecord, str], Section]:
    """Return a function that finds one chapter of a record's report."""
    return lambda record, name: next(section for section in report_of(record).sections if section.id == name)


@pytest.fixture(scope="session")
def cells_of() -> Callable[[Section, str], list[list[str]]]:
    """Return a function that reads the printed rows of a table."""

    def cells(section: Section, table: str) -> list[list[str]]:
        found = next(one for one in section.tables if one.id == table)
        return [[cell.text for cell in row] for row in found.rows]

    return cells

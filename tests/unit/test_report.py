"""The report: its verdicts, its three renderings, and that it is self-contained."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from eval.accuracy.result import Contrast, EvalResult, Score, TaskScore
from eval.load.result import BenchResult, EngineMemory, Latency, LoadPoint, VariantLoad
from pipeline.context import RunContext
from pipeline.costs import stage as roi_stage
from pipeline.errors import MissingStageError, VoidMeasurementError
from pipeline.progress import SilentReporter
from pipeline.quantize.result import CoverageResult, KindAudit, QuantizeResult
from pipeline.recipe.models import Recipe
from pipeline.record import Environment, Gate, Result, RunRecord, StageResult
from pipeline.report import stage as report_stage
from pipeline.report.comparison import against_control, speed_ratios, weight_memory
from pipeline.report.control import control_sentence
from pipeline.report.document import ReportDocument, Section
from pipeline.report.findings import findings_of
from pipeline.report.format import change, number, ratio, share, size, tiny, usd, usd_as_given
from pipeline.report.inputs import inputs_of
from pipeline.report.not_measured import not_measured_section
from pipeline.report.recommendation import recommendation
from pipeline.report.render import markdown_text, to_html, to_json, to_markdown
from pipeline.report.view import report_of
from serve.result import ServeResult, SmokeCheck

HOSTILE = '<script>alert("x")</script> | [a](http://evil.example/) & \' "'
BASELINE_SPEED = {1: 41.2, 4: 118.0, 16: 262.0}
AWQ_SPEED = {1: 66.9, 4: 171.3, 16: 268.4}
ARGUMENTS = ("--dtype", "bfloat16", "--max-model-len", "512", "--max-num-seqs", "16")


def make_recipe(**changes: Any) -> Recipe:
    """Return a demo-like recipe; `changes` replace whole sections."""
    document: dict[str, Any] = {
        "name": "demo",
        "model": {"source": "packaged:demo"},
        "quantize": {"group_size": 64, "calibration": {"source": "packaged:demo"}},
        "engine": {"accelerator": "cpu", "max_model_len": 512, "max_num_seqs": 16},
        "eval": {
            "tasks": [
                {"name": "demo_sums", "margin": 0.02},
                {"name": "demo_cloze", "margin": 0.01, "limit": 500},
            ]
        },
        "bench": {"concurrency": [1, 4, 16]},
        "roi": {
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
        },
        "report": {
            "title": "AWQ deployment report",
            "client": "Example GmbH",
            "prepared_by": "A. Consultant",
        },
    }
    return Recipe.model_validate({**document, **changes})


def make_task(
    name: str,
    baseline: float,
    candidate: float,
    margin: float,
    *,
    arm: str = "awq",
    items: int = 1000,
    stderr: float = 0.004,
) -> TaskScore:
    """Return a task whose gate follows from its numbers."""
    return TaskScore(
        task=name,
        arm=arm,
        metric="acc",
        higher_is_better=True,
        items=items,
        items_available=1000,
        baseline=Score(value=baseline, stderr=0.0112),
        candidate=Score(value=candidate, stderr=0.0113),
        delta=candidate - baseline,
        delta_stderr=stderr,
        paired=True,
        margin=margin,
        loss=baseline - candidate,
        passed=baseline - candidate <= margin,
        flips_to_wrong=14,
        flips_to_right=9,
    )


def make_latency(middle: float) -> Latency:
    """Return a plausible distribution around a median."""
    return Latency(mean_ms=middle * 1.07, p50_ms=middle, p95_ms=middle * 1.61, p99_ms=middle * 1.94)


def make_variant(variant: str, speeds: dict[int, float], *, spread: float, kernel: str, weights: float) -> VariantLoad:
    """Return a sweep with the repeats `spread` (relative) around each speed."""
    points = tuple(
        LoadPoint(
            concurrency=concurrency,
            requests=8 * concurrency,
            output_tokens_per_s=speed,
            output_tokens_per_s_min=speed * (1 - spread),
            output_tokens_per_s_max=speed * (1 + spread),
            total_tokens_per_s=speed * 3,
            requests_per_s=speed / 128,
            ttft=make_latency(9000 * concurrency**0.6 / speed),
            tpot=make_latency(1000 * concurrency / speed),
            itl=make_latency(985 * concurrency / speed),
            e2e=make_latency(128_000 * concurrency / speed),
            duration_s=1024 * concurrency / speed,
        )
        for concurrency, speed in speeds.items()
    )
    memory = EngineMemory(
        weights_gib=weights, weights_from="files", kv_cache_tokens=174_080, max_concurrency=340.0, context_tokens=512
    )
    return VariantLoad(
        variant=variant, kernel=kernel, dtype="bfloat16", memory=memory, start_seconds=21.4, points=points
    )


def make_bench(
    baseline: dict[int, float] = BASELINE_SPEED, awq: dict[int, float] = AWQ_SPEED, *, repeats: int = 3
) -> BenchResult:
    """Return both sweeps; repeats lie 3 % around the medians."""
    spread = 0.03 if repeats > 1 else 0.0
    return BenchResult(
        baseline=make_variant("baseline", baseline, spread=spread, kernel="unquantized", weights=0.05),
        awq=make_variant(
            "awq", awq, spread=spread, kernel="CPUWNA16LinearKernel (AWQMarlinLinearMethod)", weights=0.02
        ),
        input_tokens=256,
        output_tokens=128,
        repeats=repeats,
        engine_version="0.11.0",
        engine_arguments=ARGUMENTS,
        counter_disagreement=0.0004,
    )


def make_kind(kind: str, layers: int, parameters: int, **changes: Any) -> KindAudit:
    """Return layers of one kind, all scaled and well within the bound of their weights."""
    facts: dict[str, Any] = {"scaled": layers, "rounded": 0, "left": 0, "relative_error": 0.0712, "error_bound": 0.1054}
    return KindAudit(kind=kind, layers=layers, parameters=parameters, **{**facts, "error_ratio": 0.82, **changes})


def make_coverage() -> CoverageResult:
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


def make_quantize(**changes: Any) -> QuantizeResult:
    """Return the facts of a small checkpoint."""
    made = QuantizeResult(
        source="packaged:demo",
        source_path="source",
        source_commit=None,
        licence="apache-2.0",
        backend="autoawq",
        backend_versions={"autoawq": "0.2.9", "torch": "2.6.0"},
        bits=4,
        format="awq-gemm",
        group_size=64,
        zero_point=True,
        calibration_source="packaged:demo",
        calibration_blocks=128,
        calibration_block_tokens=512,
        quantized_modules=56,
        coverage=make_coverage(),
        recalled=0,
        parameters=26_214_400,
        quantized_parameters=23_068_672,
        source_bytes=52_428_800,
        checkpoint_bytes=18_790_400,
        bits_per_weight=5.734,
        bits_per_quantized_weight=4.5,
        quantize_seconds=73.2,
        peak_memory_gib=1.31,
        checkpoint_digest="6f" * 32,
    )
    return made.model_copy(update=changes)


def make_accuracy(*tasks: TaskScore, arms: tuple[str, ...] = ("baseline", "awq")) -> EvalResult:
    """Return an accuracy result; by default one comfortable and one uncertain pass."""
    return EvalResult(
        arms=arms,
        tasks=tasks
        or (
            make_task("demo_sums", 0.9330, 0.9280, 0.02),
            make_task("demo_cloze", 0.7040, 0.6990, 0.01, items=500, stderr=0.0061),
        ),
        lm_eval_version="0.4.13",
        engine_version="0.11.0",
        engine_arguments=ARGUMENTS,
        seconds={"baseline": 41.0, "awq": 38.2},
        kernels={"baseline": "unquantized", "awq": "CPUWNA16LinearKernel"},
    )


def make_contrast(task: str, gain: float, stderr: float | None, *, paired: bool = True) -> Contrast:
    """Return how much better AWQ is than the control on a metric where higher is better."""
    return Contrast(task=task, metric="acc", delta=gain, delta_stderr=stderr, paired=paired, gain=gain)


def make_controlled() -> EvalResult:
    """Return an evaluation with a control: AWQ clearly better on one task, no telling on the other."""
    plain = make_accuracy()
    sums, cloze = plain.tasks
    rounded = (
        make_task("demo_sums", 0.9330, 0.9080, 0.02, arm="rtn"),
        make_task("demo_cloze", 0.7040, 0.6980, 0.01, arm="rtn", items=500, stderr=0.0059),
    )
    return plain.model_copy(
        update={
            "arms": ("baseline", "awq", "rtn"),
            "tasks": (sums, rounded[0], cloze, rounded[1]),
            "contrasts": (make_contrast("demo_sums", 0.02, 0.0041), make_contrast("demo_cloze", 0.001, 0.0052)),
        }
    )


def make_endpoint() -> ServeResult:
    """Return a smoke test that passed."""
    checks = (
        SmokeCheck(name="answers over TLS", passed=True, detail="200, 16 tokens", seconds=0.41),
        SmokeCheck(name="refuses a wrong key", passed=True, detail="401", seconds=0.01),
    )
    return ServeResult(
        checks=checks,
        tls=True,
        routes=("/v1/chat/completions", "/v1/completions", "/v1/models"),
        gateway_version="2.8.20",
        engine_version="0.11.0",
        kernel="CPUWNA16LinearKernel",
    )


def make_record(
    *,
    recipe: Recipe | None = None,
    accuracy: EvalResult | None = None,
    bench: BenchResult | None = None,
    endpoint: ServeResult | None = None,
    gpus: tuple[str, ...] = (),
    made: QuantizeResult | None = None,
    audit: Gate | None = None,
) -> RunRecord:
    """Return a record with every stage done; the roi stage is computed by the real code."""
    recipe = recipe or make_recipe()
    bench = bench or make_bench()
    accuracy = accuracy or make_accuracy()
    passed = all(task.passed for task in accuracy.gated)
    gate = Gate(name="accuracy", passed=passed, statement="Every loss is compared with its margin.")
    runs = {f"run_{number}": f"bench/raw/awq-16-{number}.json" for number in range(6)}
    environment = Environment(
        awqctl="0.1.0",
        python="3.11.7",
        platform="Linux-6.1-x86_64",
        accelerator="cuda" if gpus else "cpu",
        cpu="Example CPU 9000",
        cores=2,
        memory_gib=15.6,
        gpus=gpus,
        driver=None,
        git_commit="0123456789abcdef0123456789abcdef01234567",
        packages={"mlflow": "3.17.2", "pydantic": "2.11.0"},
    )
    stages = {
        "quantize": _stage(
            "quantize",
            made or make_quantize(),
            {"checkpoint": "checkpoint"},
            environment,
            (audit,) if audit else (),
        ),
        "eval": _stage(
            "eval", accuracy, {"baseline": "eval/baseline.json", "awq": "eval/awq.json"}, environment, (gate,)
        ),
        "bench": _stage("bench", bench, {"summary": "bench/bench.json", **runs}, environment),
        "roi": _stage("roi", roi_stage.price(recipe.roi, bench), {"roi": "roi/roi.json"}, environment),
    }
    if endpoint:
        stages["serve"] = _stage("serve", endpoint, {"smoke": "serve/smoke.json"}, environment)
    return RunRecord(recipe=recipe, environment=environment, stages=stages)


def _stage(
    name: str, payload: Result, artifacts: dict[str, str], environment: Environment, gates: tuple[Gate, ...] = ()
) -> StageResult:
    return StageResult(
        stage=name,
        status="passed" if all(gate.passed for gate in gates) else "gate_failed",
        inputs={},
        environment=environment,
        started_at="2026-11-20T19:43:39+00:00",
        seconds=60.0,
        artifacts=artifacts,
        gates=gates,
        payload=payload.model_dump(mode="json"),
    )


def make_context(out: Path) -> RunContext:
    """Return a context that writes below `out`."""
    return RunContext(out=out, home=out, recipe_dir=out, accelerator="cpu", reporter=SilentReporter())


@pytest.fixture(scope="module")
def report() -> ReportDocument:
    """Return the report of the default record, its endpoint tested; drawn once, because charts take a second."""
    return report_of(make_record(endpoint=make_endpoint()))


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the charts out where a test is about words."""
    for module in ("charts", "cost_charts"):
        monkeypatch.setattr(f"pipeline.report.{module}.draw", lambda *_: "<svg></svg>")


def section_of(record: RunRecord, name: str) -> Section:
    """Return one chapter."""
    return next(section for section in report_of(record).sections if section.id == name)


def cells_of(section: Section, table: str) -> list[list[str]]:
    """Return the printed rows of a table."""
    found = next(one for one in section.tables if one.id == table)
    return [[cell.text for cell in row] for row in found.rows]


def headlines(record: RunRecord) -> str:
    """Return the findings' headlines as one text."""
    return "\n".join(finding.headline for finding in findings_of(inputs_of(record)))


def test_html_fetches_nothing(report: ReportDocument) -> None:
    """No element, style or script of the page can reach the network."""
    html = to_html(report)

    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert "<script" not in html
    assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', html)) == {"data:,"}
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]+)\)", html))


def test_ids_are_unique_and_references_resolve(report: ReportDocument) -> None:
    """Charts inlined in one page share no id, and every internal reference has its target."""
    html = to_html(report)
    ids = re.findall(r'\bid="([^"]+)"', html)

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_every_chart_has_a_spoken_alternative(report: ReportDocument) -> None:
    """Seven charts, each an image with a label that says what it shows."""
    html = to_html(report)

    assert html.count("<svg") == 7
    assert len(re.findall(r'role="img" aria-label="[^"]{30,}"', html)) == 7


def test_all_renderings_hold_the_same_figures(report: ReportDocument) -> None:
    """Each cell of each table stands in the HTML, the Markdown and the JSON."""
    html, markdown, document = to_html(report), to_markdown(report), json.loads(to_json(report))

    cells = [cell.text for section in report.sections for table in section.tables for row in table.rows for cell in row]
    in_json = {
        cell["text"]
        for section in document["sections"]
        for table in section["tables"]
        for row in table["rows"]
        for cell in row
    }

    assert len(cells) > 200
    assert [text for text in cells if markdown_text(text) not in markdown] == []
    assert [text for text in cells if text not in unescape(html.replace("<wbr>", ""))] == []
    assert set(cells) == in_json


@pytest.mark.usefixtures("no_charts")
def test_markdown_tables_are_rectangular() -> None:
    """Each row of a Markdown table has as many cells as its heading, hostile text included."""
    recipe = make_recipe(report={"client": HOSTILE, "title": "a|b\nc"})
    blocks = re.findall(r"(?:^\|.*\n)+", to_markdown(report_of(make_record(recipe=recipe))), re.MULTILINE)

    assert len(blocks) > 12
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block


def test_json_validates_and_keeps_unrounded_values(report: ReportDocument) -> None:
    """The JSON reads back into the same document, charts apart, with unrounded figures."""
    document = json.loads(to_json(report))
    bare = {**document, "sections": [{**section, "charts": []} for section in document["sections"]]}

    assert document["schema_version"] == 1
    assert ReportDocument.model_validate(bare).key_figures == report.key_figures
    assert document["key_figures"][1]["value"] == 268.4 / 262.0


def test_equal_input_gives_equal_output(report: ReportDocument) -> None:
    """Nothing in the report depends on the clock or on chance."""
    again = report_of(make_record(endpoint=make_endpoint()))

    assert to_html(again) == to_html(report)
    assert to_json(again) == to_json(report)


def test_hostile_text_is_escaped() -> None:
    """Text from a recipe never becomes markup."""
    recipe = make_recipe(report={"client": HOSTILE, "title": HOSTILE, "prepared_by": HOSTILE})
    recipe = recipe.model_copy(update={"roi": recipe.roi.model_copy(update={"machine": HOSTILE})})
    bad = make_task("</text><script>alert(1)</script> $x^", 0.9, 0.8, 0.01)
    report = report_of(make_record(recipe=recipe, accuracy=make_accuracy(bad)))
    html, markdown = to_html(report), to_markdown(report)

    assert "<script" not in html
    assert 'href="http' not in html
    assert "&lt;script&gt;" in html
    assert "<script" not in markdown.replace("\\<", "")
    assert re.search(r"(?<!\\)\]\(http", markdown) is None


def test_accuracy_failure_is_said_plainly() -> None:
    """A failed gate leads the findings and forbids deployment."""
    inputs = inputs_of(make_record(accuracy=make_accuracy(make_task("demo_sums", 0.9330, 0.9010, 0.02))))
    finding = findings_of(inputs)[0]

    assert finding.headline == "The accuracy gate failed on demo_sums."
    assert "a loss of 0.0320; the agreed margin is 0.0200" in finding.detail
    assert finding.tone == "bad"
    assert recommendation(inputs).startswith("Do not deploy this AWQ checkpoint")


def test_passing_gate_admits_uncertainty() -> None:
    """A pass whose interval reaches beyond the margin says so."""
    finding = findings_of(inputs_of(make_record()))[0]

    assert finding.headline.startswith("The accuracy gate passed")
    assert "Not certain" in finding.detail
    assert "demo_cloze" in finding.detail
    assert finding.tone == "caution"


def test_mixed_speed_is_said_per_concurrency() -> None:
    """Faster at 1 and 4; at 16 the repeats overlap."""
    text = headlines(make_record())

    assert "AWQ is faster at concurrency 1 and 4; no clear difference at concurrency 16." in text


def test_many_concurrencies_are_summed_up() -> None:
    """Neighbours are named as a range, and only the extreme ratios are spelled out."""
    steps = (1, 2, 4, 8, 16)
    bench = make_bench(
        baseline=dict.fromkeys(steps, 100.0), awq=dict(zip(steps, (200, 180, 150, 120, 80), strict=True))
    )
    recipe = make_recipe()
    load = recipe.roi.load.model_copy(update={"requests_per_day": 1000.0})
    recipe = recipe.model_copy(update={"roi": recipe.roi.model_copy(update={"load": load})})
    inputs = inputs_of(make_record(recipe=recipe, bench=bench))
    finding = findings_of(inputs)[1]

    assert finding.headline == "AWQ is faster at concurrency 1 to 8; slower at concurrency 16."
    assert "between 0.80" in finding.detail
    assert "the table has all 5" in finding.detail
    assert "deploy it for speed or memory, not for cost" in recommendation(inputs)


def test_slower_awq_is_said_plainly() -> None:
    """Slower everywhere is the headline, and it does not pay."""
    slow = {concurrency: speed * 0.7 for concurrency, speed in BASELINE_SPEED.items()}
    record = make_record(bench=make_bench(awq=slow))
    text = headlines(record)

    assert "AWQ is slower at every concurrency measured." in text
    assert "AWQ does not pay here" in text
    assert recommendation(inputs_of(record)).startswith("Keep the baseline")


def test_load_above_break_even_that_does_not_pay_is_explained() -> None:
    """The saving is a staircase: past the break-even the counts of machines can be equal again."""
    finding = findings_of(inputs_of(make_record()))[3]

    assert finding.headline.startswith("AWQ does not pay here: this load needs 3 machines with either variant")
    assert "It first pays at 70,741 requests a day, but machines are whole" in finding.detail


def test_failed_endpoint_holds_deployment_back() -> None:
    """An endpoint that failed a check is not recommended, however fast it is."""
    check = SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1)
    failed = make_endpoint().model_copy(update={"checks": (check,)})

    assert recommendation(inputs_of(make_record(endpoint=failed))).startswith("Do not deploy yet")


def test_single_concurrency_renders() -> None:
    """A sweep of one point draws every chart."""
    bench = make_bench(baseline={8: 200.0}, awq={8: 400.0}, repeats=1)

    assert to_html(report_of(make_record(bench=bench))).count("<svg") == 7


def test_overlapping_repeats_are_no_clear_difference() -> None:
    """Medians 2 % apart with repeats 3 % wide cannot be told apart."""
    close = {concurrency: speed * 1.02 for concurrency, speed in BASELINE_SPEED.items()}

    assert "There is no clear difference in speed at any concurrency measured." in headlines(
        make_record(bench=make_bench(awq=close))
    )


def test_single_runs_claim_nothing() -> None:
    """Without repeats there is no spread, so no claim."""
    assert "measured once per point" in headlines(make_record(bench=make_bench(repeats=1)))


def test_ratio_range_uses_the_extremes() -> None:
    """The range goes from slowest over fastest to fastest over slowest run."""
    one = speed_ratios(make_bench(baseline={1: 100.0}, awq={1: 150.0}))[0]

    assert one.median == 1.5
    assert one.low == pytest.approx(150 * 0.97 / 103)
    assert one.high == pytest.approx(150 * 1.03 / 97)


def test_memory_the_engine_reports_comes_first() -> None:
    """Figures of the engine are used where it gives them, file sizes where it does not."""
    bench = make_bench()
    engine = {"weights_from": "engine"}
    changed = {
        name: load.model_copy(update={"memory": load.memory.model_copy(update={**engine, "weights_gib": gib})})
        for name, load, gib in (("baseline", bench.baseline, 12.61), ("awq", bench.awq, 3.74))
    }

    from_files = weight_memory(make_quantize(), bench)
    from_engine = weight_memory(make_quantize(), bench.model_copy(update=changed))

    assert from_files.times_smaller == 52_428_800 / 18_790_400
    assert from_engine.times_smaller == pytest.approx(12.61 / 3.74)


def test_untested_endpoint_is_named() -> None:
    """Without a serve stage the report says so among the findings and the limits."""
    inputs = inputs_of(make_record())
    limits = not_measured_section(inputs)

    assert findings_of(inputs)[-1].headline == "The endpoint was not tested in this run."
    assert any("not tested in this run" in bullet for bullet in limits.bullets)


def test_limits_follow_the_record() -> None:
    """CPU, item limits and assumed loads are named; on a GPU with full tasks they are not."""
    text = " ".join(not_measured_section(inputs_of(make_record())).bullets)

    assert "say nothing about a GPU" in text
    assert "500 of demo_cloze" in text
    assert "The load is an assumption" in text


def test_gpu_run_is_not_called_a_cpu_run() -> None:
    """With a GPU the limits keep silent about the CPU."""
    recipe = make_recipe(engine={"max_model_len": 512})
    inputs = inputs_of(make_record(recipe=recipe, gpus=("NVIDIA H200", "NVIDIA H200")))
    text = " ".join(not_measured_section(inputs).bullets)

    assert "say nothing about a GPU" not in text
    assert "2 x NVIDIA H200" in text


def test_tables_name_their_raw_files(report: ReportDocument) -> None:
    """Every table with figures names files; many files of one folder are counted."""
    tables = [table for section in report.sections for table in section.tables]

    assert all(table.sources for table in tables)
    assert any("bench/raw/ (6 files)" in table.sources for table in tables)


def test_missing_stage_is_named() -> None:
    """The report says which command makes what it lacks."""
    record = make_record()
    record = record.model_copy(update={"stages": {name: one for name, one in record.stages.items() if name != "eval"}})

    with pytest.raises(MissingStageError, match="awqctl eval demo"):
        inputs_of(record)


@pytest.mark.usefixtures("no_charts")
def test_report_stage_writes_three_files(tmp_path: Path) -> None:
    """The stage publishes HTML, Markdown and JSON and names them."""
    recipe, record = make_recipe(), make_record()

    outcome = report_stage.run(recipe, make_context(tmp_path), record)

    assert set(outcome.artifacts.values()) == {f"report/report.{suffix}" for suffix in ("html", "md", "json")}
    assert all((tmp_path / path).stat().st_size > 5000 for path in outcome.artifacts.values())


def test_roi_stage_of_a_load_for_one_machine(tmp_path: Path) -> None:
    """A small load needs one machine either way: nothing is saved, and it says so."""
    recipe = make_recipe(
        roi={
            "machine": "A100 40 GB",
            "hourly": {"usd": 2.0, "origin": "quoted", "source": "deck"},
            "load": {
                "requests_per_day": 1000,
                "output_tokens_per_request": 128,
                "origin": "quoted",
                "source": "deck",
            },
        }
    )

    outcome = roi_stage.run(recipe, make_context(tmp_path), make_record(recipe=recipe))
    metrics = {metric.name: metric for metric in outcome.metrics}

    assert outcome.gates == ()
    assert metrics["baseline_monthly_usd"].value == metrics["awq_monthly_usd"].value == 1460
    assert metrics["saving_three_years_usd"].value == 0
    assert metrics["awq_capacity_tokens_per_s"].origin == "measured"
    assert metrics["awq_monthly_usd"].origin == "modelled"
    assert metrics["hourly_usd"].origin == "quoted"
    assert "payback_months" not in metrics
    assert outcome.payload["verdict"] == (
        "AWQ does not pay here: this load needs 1 machine with either variant, so no machine is saved."
    )
    assert json.loads((tmp_path / "roi/roi.json").read_text()) == outcome.payload


def test_roi_that_pays() -> None:
    """Two machines instead of four at 0.50 USD/h save 730 a month; 5,000 are back after 6.8 months."""
    recipe = make_recipe()
    load = recipe.roi.load.model_copy(update={"requests_per_day": 216_000.0})  # peak 800 tokens/s
    bench = make_bench(baseline={1: 200.0}, awq={1: 400.0})

    result = roi_stage.price(recipe.roi.model_copy(update={"load": load}), bench)

    assert (result.baseline.machines.value, result.awq.machines.value) == (4, 2)
    assert result.saving_per_month_usd.value == 730
    assert result.saving_three_years_usd.value == 36 * 730 - 5000
    assert result.pays
    assert result.verdict == (
        "AWQ pays at this load: 2 machines instead of 4 saves 730 USD a month; "
        "the engagement is paid back after 6.8 months."
    )


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            {"baseline_machines": 1, "awq_machines": 2, "saving": -365.0, "engagement": 0.0, "payback": None},
            "needs 2",
        ),
        (
            {"baseline_machines": 2, "awq_machines": 1, "saving": 0.0, "engagement": 0.0, "payback": None},
            "cost nothing",
        ),
        (
            {
                "baseline_machines": 2,
                "awq_machines": 1,
                "saving": 365.0,
                "engagement": 25000.0,
                "payback": 68.5,
            },
            "does not pay here within three years",
        ),
    ],
)
def test_verdicts_that_do_not_pay(numbers: dict[str, Any], words: str) -> None:
    """Each reason for not paying has its own sentence."""
    text = roi_stage.verdict(
        numbers["baseline_machines"],
        numbers["awq_machines"],
        saving=numbers["saving"],
        engagement=numbers["engagement"],
        payback=numbers["payback"],
    )

    assert text.startswith("AWQ does not pay here")
    assert words in text


def test_zero_throughput_is_not_priced() -> None:
    """A bench that made no tokens is void, not free."""
    bench = make_bench()
    still = bench.awq.points[0].model_copy(update={"output_tokens_per_s": 0.0})
    bench = bench.model_copy(update={"awq": bench.awq.model_copy(update={"points": (still,)})})

    with pytest.raises(VoidMeasurementError, match="awq is zero"):
        roi_stage.price(make_recipe().roi, bench)


def test_free_machines_and_failed_checks_still_render() -> None:
    """Zero prices, lower-is-better metrics and failed checks do not break the page."""
    recipe = make_recipe()
    free = recipe.roi.model_copy(
        update={"hourly": recipe.roi.hourly.model_copy(update={"usd": 0.0}), "engagement": None}
    )
    task = make_task("perplexity", 8.1, 8.3, 0.0).model_copy(
        update={
            "higher_is_better": False,
            "delta_stderr": None,
            "flips_to_wrong": None,
            "loss": 0.2,
            "passed": False,
        }
    )
    failed = make_endpoint().model_copy(
        update={"checks": (SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1),)}
    )
    record = make_record(recipe=recipe.model_copy(update={"roi": free}), accuracy=make_accuracy(task), endpoint=failed)

    html = to_html(report_of(record))

    assert "1 of 1 endpoint check failed." in html
    assert "not reached" in html


@pytest.mark.usefixtures("no_charts")
def test_control_stands_beside_awq_in_every_rendering() -> None:
    """The losses of both, their paired difference and the verdict; the same figures in HTML and Markdown."""
    record = make_record(accuracy=make_controlled(), endpoint=make_endpoint())
    section = section_of(record, "accuracy")
    rows = cells_of(section, "accuracy-control")
    minus, plus_minus = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"
    html, markdown = to_html(report_of(record)), to_markdown(report_of(record))

    assert rows[0][2:] == [
        f"0.9080 {plus_minus} 0.0113",
        f"+0.0250 {plus_minus} 0.0040",
        f"+0.0050 {plus_minus} 0.0040",
        f"+0.0200 {plus_minus} 0.0041",
        "better",
    ]
    assert rows[1][-1] == "no clear difference"
    assert section.paragraphs[1] == (
        "AWQ against plain rounding of the same model: on demo_sums rounding loses 0.0250 and AWQ loses 0.0050 "
        f"(AWQ {minus} rounding: +0.0200 {plus_minus} 0.0041 acc on the same items), AWQ is better than rounding; "
        f"on demo_cloze rounding loses 0.0060 and AWQ loses 0.0050 (AWQ {minus} rounding: +0.0010 {plus_minus} 0.0052 "
        "acc on the same items), no clear difference."
    )
    assert all(cell in unescape(html.replace("<wbr>", "")) for row in rows for cell in row)
    assert all(markdown_text(cell) in markdown for row in rows for cell in row)
    assert [row[1] for row in cells_of(section, "accuracy-flips")] == ["AWQ", "rounded", "AWQ", "rounded"]


@pytest.mark.usefixtures("no_charts")
def test_control_judges_nothing() -> None:
    """A control beyond the margin fails no gate, leads no finding and takes no key figure."""
    plain, controlled = (report_of(make_record(accuracy=one)) for one in (make_accuracy(), make_controlled()))

    assert make_controlled().control[0].passed is False
    assert controlled.findings == plain.findings
    assert controlled.key_figures == plain.key_figures
    assert controlled.recommendation == plain.recommendation
    section = section_of(make_record(accuracy=make_controlled()), "accuracy")
    assert [row[-1] for row in cells_of(section, "accuracy-scores")] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("gain", "stderr", "expected"),
    [
        (0.0101, 0.005, "better"),
        (0.01, 0.005, "no clear difference"),
        (-0.01, 0.005, "no clear difference"),
        (-0.0101, 0.005, "worse"),
        (0.0, 0.0, "no clear difference"),
        (0.5, None, "error not known"),
    ],
)
def test_two_standard_errors_make_a_difference_clear(gain: float, stderr: float | None, expected: str) -> None:
    """Exactly two are not enough; without an error nothing is claimed."""
    assert against_control(make_contrast("task", gain, stderr)) == expected


def test_control_where_lower_is_better_and_unpaired() -> None:
    """Bits per byte: the difference keeps its sign, the verdict follows the gain; unpaired says nothing of items."""
    changes = {"higher_is_better": False, "metric": "bits_per_byte"}
    awq = make_task("bits", 1.0, 1.008, 0.05).model_copy(update={**changes, "loss": 0.008})
    rounded = make_task("bits", 1.0, 1.02, 0.05, arm="rtn").model_copy(update={**changes, "loss": 0.02})
    contrast = Contrast(task="bits", metric="bits_per_byte", delta=-0.012, delta_stderr=0.001, paired=False, gain=0.012)
    accuracy = make_accuracy(awq, rounded).model_copy(update={"contrasts": (contrast,)})

    assert control_sentence(accuracy) == (
        "AWQ against plain rounding of the same model: on bits rounding loses 0.0200 and AWQ loses 0.0080 "
        "(AWQ \N{MINUS SIGN} rounding: \N{MINUS SIGN}0.0120 \N{PLUS-MINUS SIGN} 0.0010 bits_per_byte, "
        "lower is better), AWQ is better than rounding."
    )


def test_control_over_many_tasks_is_counted() -> None:
    """More than three tasks do not fit a sentence; it counts the verdicts."""
    gains = {"a": 0.02, "b": 0.001, "c": -0.001, "d": -0.02, "e": 0.03}
    tasks = [make_task(name, 0.9, 0.9 + gain, 0.02, arm=arm) for name, gain in gains.items() for arm in ("awq", "rtn")]
    contrasts = tuple(make_contrast(name, gain, 0.004) for name, gain in gains.items())
    accuracy = make_accuracy(*tasks).model_copy(update={"contrasts": contrasts})

    assert control_sentence(accuracy) == (
        "AWQ against plain rounding of the same model: of 5 tasks, AWQ is better than rounding on 2, AWQ is worse "
        "than rounding on 1 and no clear difference on 2; the table below has every task."
    )


def test_limits_say_whether_a_control_was_measured() -> None:
    """Without one, what AWQ bought is not known; with one, only its speed is not."""
    without, with_control = (
        " ".join(not_measured_section(inputs_of(make_record(accuracy=one))).bullets)
        for one in (make_accuracy(), make_controlled())
    )

    assert "What AWQ bought over plain rounding" in without
    assert "What AWQ bought over plain rounding" not in with_control
    assert "Speed of the round-to-nearest control" in with_control


@pytest.mark.usefixtures("no_charts")
def test_coverage_is_printed_without_rounding_up() -> None:
    """99.92 % scaled is not called 100 %; each kind has its treatment, errors and ratio."""
    section = section_of(make_record(), "checkpoint")

    assert section.paragraphs[0].startswith(
        "Of the parameters of the linear layers that the recipe does not ignore 100 % are 4 bit, and 99.9 % were scaled"
    )
    assert "the largest relative change of an output through it was 0.00041." in section.paragraphs[1]
    assert cells_of(section, "checkpoint-coverage") == [
        ["self_attn.q_proj", "8", "8", "0", "0", "30.5 %", "0.0712", "0.105", "0.820"],
        ["self_attn.o_proj", "8", "0", "8", "0", "< 0.1 %", "0.0712", "0.105", "\N{EM DASH}"],
        ["lm_head", "1", "0", "0", "1", "1.0 %", *["\N{EM DASH}"] * 3],
    ]


@pytest.mark.usefixtures("no_charts")
def test_weight_error_beyond_its_bound_is_marked() -> None:
    """The cell is bad where the error exceeds the bound, and nowhere else."""
    coverage = make_coverage()
    broken = make_kind("mlp.down_proj", 8, 8_000_000, relative_error=1.31)
    made = make_quantize(coverage=coverage.model_copy(update={"kinds": (*coverage.kinds, broken)}))
    section = section_of(make_record(made=made), "checkpoint")

    assert [row[6].tone for row in section.tables[0].rows] == ["plain", "plain", "plain", "bad"]


@pytest.mark.usefixtures("no_charts")
def test_facts_of_the_checkpoint_follow_the_result() -> None:
    """Whole rows instead of groups, symmetric codes, recalled findings and the control's digest have their lines."""
    plain = dict(cells_of(section_of(make_record(), "checkpoint"), "checkpoint-facts"))
    made = make_quantize(
        group_size=-1,
        zero_point=False,
        recalled=12,
        backend="llm-compressor",
        backend_versions={"llmcompressor": "0.12.0.2"},
        format="pack-quantized",
        control_digest="ab" * 32,
        peak_gpu_memory_gib=7.0,
    )
    other = dict(cells_of(section_of(make_record(made=made), "checkpoint"), "checkpoint-facts"))

    assert plain["Bits, group size"] == "4 bit, groups of 64, with zero points"
    assert plain["Backend"] == "AutoAWQ (autoawq 0.2.9, torch 2.6.0)"
    assert other["Bits, group size"] == "4 bit, one group per row, symmetric"
    assert other["Backend"] == "llm-compressor (llmcompressor 0.12.0.2)"
    assert other["Format"] == "pack-quantized"
    assert other["Peak GPU memory while quantizing"] == "7.00 GiB"
    assert other.keys() - plain.keys() == {
        "Findings recalled from an attempt that broke off",
        "Digest of the round-to-nearest control",
        "Peak GPU memory while quantizing",
    }


@pytest.mark.usefixtures("no_charts")
def test_method_names_the_backend_and_what_it_did() -> None:
    """`auto` is said to have chosen; the control has its own line where it was measured."""
    plain = section_of(make_record(), "method").bullets
    controlled = section_of(make_record(accuracy=make_controlled()), "method").bullets

    assert plain[0].startswith("Quantization: AutoAWQ (autoawq 0.2.9, torch 2.6.0), chosen by `auto`.")
    assert "99.9 % were scaled and rounded; a further < 0.1 % were only rounded." in plain[0]
    assert not any(line.startswith("Control:") for line in plain)
    assert "rounded to nearest in 4 bit, groups of 64, without scales" in controlled[1]


@pytest.mark.usefixtures("no_charts")
def test_failed_audit_forbids_deployment() -> None:
    """A checkpoint that failed its own gate is not recommended, whatever its scores, and the gate is in the table."""
    gate = Gate(name="coverage scaled", passed=False, statement="0.2 of the parameters were scaled, 0.5 are required.")
    report = report_of(make_record(audit=gate))
    method = next(section for section in report.sections if section.id == "method")

    assert report.recommendation.startswith("Do not deploy this AWQ checkpoint: it failed the audit")
    assert report.findings[1].headline == "The checkpoint failed 1 gate of its audit."
    assert report.findings[1].detail == gate.statement
    assert report.next_steps[0].startswith("Find out why the checkpoint failed its audit")
    assert ["quantize", "coverage scaled", "failed", gate.statement] in cells_of(method, "gates")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (number(1234.56), "1,235"),
        (number(12.345), "12.3"),
        (number(0.012345), "0.0123"),
        (number(-2.5), "\N{MINUS SIGN}2.50"),
        (number(0), "0"),
        (change(0.00001), "0.0000"),
        (change(-0.0051), "\N{MINUS SIGN}0.0051"),
        (change(0.0051), "+0.0051"),
        (ratio(1.616), "1.62\N{MULTIPLICATION SIGN}"),
        (usd(17520), "17,520 USD"),
        (usd(5.5556), "5.56 USD"),
        (usd(0.53), "0.530 USD"),
        (usd_as_given(0.5), "0.50 USD"),
        (usd_as_given(0.0007), "0.0007 USD"),
        (usd_as_given(25000), "25,000.00 USD"),
        (size(52_428_800), "50.0 MiB"),
        (share(1.0), "100 %"),
        (share(0.99999), "99.9 %"),
        (share(0.00001), "< 0.1 %"),
        (share(0.0), "0 %"),
        (share(0.8765), "87.6 %"),
        (tiny(0.00041), "0.00041"),
        (tiny(1.2e-7), "1.2e\N{MINUS SIGN}07"),
    ],
)
def test_numbers_are_printed_for_readers(printed: str, expected: str) -> None:
    """Three significant digits, thousands separated, true minus signs."""
    assert printed == expected

"""Reports of runs of which a part is missing: they say what there is, and plainly what there is not."""

from collections.abc import Callable

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import MissingStageError
from pipeline.base.format import NONE
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.contents import CHAPTERS
from pipeline.report.document import ReportDocument
from pipeline.report.render.html import to_html
from pipeline.report.render.markdown import to_markdown
from serve.result import ServeResult
from tests.unit.eval.bench.soaks import soak
from tests.unit.pipeline.report.documents import report_of

pytestmark = pytest.mark.whole

BARE = ["risks", "data-control"]
SPEED = ["speed", "latency", "crossover", "memory", "per-user"]
COSTS = ["costs", "options", "savings", "sensitivity"]
ALWAYS = ["method", "not-measured", "environment", "files"]
Run = Callable[..., RunRecord]


def without(record: RunRecord, *stages: str) -> RunRecord:
    """Return the record as it is where these stages were not run."""
    return record.model_copy(
        update={"stages": {name: one for name, one in record.stages.items() if name not in stages}}
    )


def only(record: RunRecord, *stages: str) -> RunRecord:
    """Return the record as it is where no other stages were run."""
    return without(record, *(set(record.stages) - set(stages)))


def ids(report: ReportDocument) -> list[str]:
    """Return the chapters that a report has."""
    return [section.id for section in report.sections]


@pytest.mark.parametrize(
    ("missing", "chapters", "sentence", "finding"),
    [
        (
            ["eval"],
            [*SPEED, *COSTS, *BARE, "roadmap", "endpoint", "checkpoint"],
            "Accuracy was not measured: `awqctl eval` was not run.",
            "Accuracy was not measured in this run.",
        ),
        (
            ["bench", "roi"],
            ["accuracy", *BARE, "roadmap", "endpoint", "checkpoint"],
            "Throughput and latency were not measured: `awqctl bench` was not run.",
            "Speed was not measured in this run.",
        ),
        (
            ["roi"],
            ["accuracy", *SPEED, *BARE, "roadmap", "endpoint", "checkpoint"],
            "Costs were not calculated: `awqctl roi` was not run.",
            "Costs were not calculated in this run.",
        ),
        (
            ["serve"],
            ["accuracy", *SPEED, *COSTS, *BARE, "roadmap", "checkpoint"],
            "The endpoint: gateway, TLS and API keys were not tested in this run.",
            "The endpoint was not tested in this run.",
        ),
        (
            ["eval", "bench", "roi", "serve"],
            [*BARE, "roadmap", "checkpoint"],
            "Accuracy was not measured: `awqctl eval` was not run.",
            "Speed was not measured in this run.",
        ),
    ],
    ids=["eval", "bench", "roi", "serve", "all but quantize"],
)
def test_report_of_a_part(
    make_run: Run,
    endpoint: ServeResult,
    missing: list[str],
    chapters: list[str],
    sentence: str,
    finding: str,
) -> None:
    """Chapters whose results are missing are left out and named, once each; HTML and Markdown render."""
    report = report_of(without(make_run(endpoint=endpoint), *missing))
    limits = next(section for section in report.sections if section.id == "not-measured").bullets

    assert ids(report) == [*chapters, *ALWAYS]
    assert limits.count(sentence) == 1
    assert finding in [one.headline for one in report.findings]
    assert report.cover.title in to_html(report)
    assert report.cover.title in to_markdown(report)


@pytest.mark.usefixtures("no_charts")
def test_nothing_is_recommended_without_accuracy_speed_and_costs(make_run: Run) -> None:
    """The recommendation says what is missing and which commands make it, and so do the next steps."""
    report = report_of(only(make_run(), "quantize", "eval"))

    assert report.recommendation == (
        "No recommendation yet: speed and costs are not known, and one takes accuracy, speed and costs. Run `awqctl "
        "bench demo` and `awqctl roi demo`."
    )
    assert "Run `awqctl bench demo` and `awqctl roi demo`." in report.next_steps
    assert not any("switching over" in step for step in report.next_steps)


@pytest.mark.usefixtures("no_charts")
def test_bench_alone_knows_its_memory(make_run: Run) -> None:
    """The engines say what their weights take, whoever quantized them; nothing says that it was not compared."""
    report = report_of(only(make_run(), "bench"))

    assert ids(report) == ["speed", "latency", "crossover", "memory", "per-user", *BARE, *ALWAYS]
    assert "The weights are 2.50\N{MULTIPLICATION SIGN} smaller." in [one.headline for one in report.findings]
    assert "Memory was not compared" not in to_markdown(report)


@pytest.mark.usefixtures("no_charts")
def test_section_that_the_recipe_lacks_is_named(make_run: Run, make_recipe: Callable[..., Recipe]) -> None:
    """A recipe without prices is told to add them; what the record has of an earlier recipe's is not reported."""
    recipe = make_recipe()
    record = make_run(recipe=recipe)
    report = report_of(
        record.model_copy(update={"recipe": {key: one for key, one in record.recipe.items() if key != "roi"}})
    )

    assert report.recommendation.startswith("No recommendation yet: costs are not known")
    assert report.recommendation.endswith("Add `roi` to the recipe, then run `awqctl roi demo`.")
    assert "costs" not in ids(report)


@pytest.mark.usefixtures("no_charts")
def test_what_forbids_to_deploy_needs_nothing_else(make_run: Run, make_task: Callable[..., object]) -> None:
    """A checkpoint that failed a gate is not to be deployed, whether its speed is known or not."""
    failed = make_run().stages["eval"]
    task = make_task("demo_sums", 0.93, 0.80, 0.02)
    payload = failed.payload | {"tasks": [task.model_dump(mode="json")]}  # type: ignore[attr-defined]
    record = only(make_run(), "quantize", "eval")
    record = record.with_stage(failed.model_copy(update={"payload": payload}))

    assert report_of(record).recommendation.startswith("Do not deploy this AWQ checkpoint")


def test_report_of_nothing_is_refused(make_run: Run) -> None:
    """Without any result there is no report, and the message names the command to run."""
    with pytest.raises(MissingStageError, match="Run `awqctl run RECIPE`"):
        report_of(only(make_run()))


@pytest.mark.usefixtures("no_charts")
def test_chapters_are_called_what_they_are_declared(
    make_run: Run, make_bench: Callable[..., BenchResult], endpoint: ServeResult
) -> None:
    """In a whole report every chapter stands, under its own name and in order; others where there is something."""
    bench = make_bench().model_copy(update={"soaks": (soak(),)})
    assert ids(report_of(make_run(bench=bench, endpoint=endpoint))) == [
        chapter.id for chapter in CHAPTERS if chapter.id not in ("acceptance", "plan", "profile", "health")
    ]


@pytest.mark.parametrize("arm", ["baseline", "awq"])
def test_one_arm_alone_is_reported(make_run: Run, make_bench: Callable[..., BenchResult], arm: str) -> None:
    """Its speed, latency and memory, and that nothing is compared; costs of one arm decide nothing."""
    bench = make_bench()
    alone = bench.model_copy(update={"arms": tuple(load for load in bench.arms if load.arm == arm)})
    record = make_run(bench=bench)
    stage = record.stages["bench"].model_copy(update={"payload": alone.model_dump(mode="json")})
    record = record.model_copy(update={"stages": {**record.stages, "bench": stage}})
    report = report_of(only(record, "bench"))

    assert ids(report) == ["speed", "latency", "crossover", "memory", "per-user", *BARE, *ALWAYS]
    speed = next(one for one in report.findings if one.topic == "Speed")
    assert speed.headline.startswith("Highest output throughput: ")
    assert "at concurrency 16." in speed.headline
    assert report.recommendation.startswith("No recommendation: one compares AWQ with the baseline")
    table = next(one for one in report.sections[0].tables if one.id == "throughput")
    assert len(table.rows) == 3
    assert table.rows[0][3].text not in ("", NONE)
    (short,) = [one for one in report.summary if one.id == "summary-bench"]
    assert len(short.rows) == 3
    assert "crossovers" not in [one.id for section in report.sections for one in section.tables]
    assert report.cover.title in to_html(report)
    assert report.cover.title in to_markdown(report)

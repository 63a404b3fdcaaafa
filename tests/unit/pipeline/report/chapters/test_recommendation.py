"""The recommendation of whole records: the decision, its reason, and what would decide it where nothing does."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.accuracy.result import EvalResult, TaskScore
from eval.bench.result import BenchResult
from pipeline.recipe.arms import check_arms
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.decision_facts import decision_of, fp8_arm
from pipeline.report.chapters.recommendation import recommendation
from serve.result import ServeResult, SmokeCheck
from tests.unit.pipeline.report.acceptance.test_judge import version
from tests.unit.pipeline.report.documents import inputs_of, report_of

PAYS = {"baseline": {1: 205.0}, "awq": {1: 480.0}}
ALIKE = {"baseline": {1: 266.0}, "awq": {1: 271.0}}
Run = Callable[..., RunRecord]


@pytest.fixture
def priced(make_run: Run, make_recipe: Callable[..., Recipe], make_bench: Callable[..., BenchResult]) -> Run:
    """Return a function that makes a run at a load where twice the speed halves the machines."""

    def run(speeds: dict[str, Any] = PAYS, fp8: float | None = None, **changes: Any) -> RunRecord:
        recipe = make_recipe()
        load = recipe.roi.load.model_copy(update={"requests_per_day": 216_000.0})
        roi = recipe.roi.model_copy(update={"load": load, "engagement": None})
        recipe = recipe.model_copy(update={"roi_or_none": roi})
        bench = make_bench(**speeds)
        if fp8 is not None:
            arm = type(recipe.arms[0])(name="fp8", kind="fp8")
            recipe = recipe.model_copy(update={"arms": check_arms((*recipe.arms, arm))})
            third = make_bench(awq={1: fp8}).arms[1].model_copy(update={"arm": "fp8"})
            bench = bench.model_copy(update={"arms": (*bench.arms, third)})
        return make_run(recipe=recipe, bench=bench, **changes)

    return run


@pytest.fixture
def with_fp8(two_tasks: EvalResult, make_task: Callable[..., TaskScore]) -> Callable[[float], EvalResult]:
    """Return a function that adds an FP8 arm with a score to the evaluation."""

    def scored(score: float) -> EvalResult:
        row = make_task("demo_sums", 0.9330, score, 0.02, arm="fp8")
        return two_tasks.model_copy(
            update={"arms": (*two_tasks.arms, "fp8"), "tasks": (two_tasks.tasks[0], row, two_tasks.tasks[1])}
        )

    return scored


def test_what_passes_and_pays_is_deployed(priced: Run) -> None:
    """The decision, its reason and the document agree."""
    document = report_of(priced())

    assert document.decision == "deploy AWQ"
    assert document.recommendation.startswith("Deploy the AWQ checkpoint")


def test_what_does_not_pay_stays_on_16_bit(priced: Run) -> None:
    """Slower AWQ with passed accuracy."""
    found = report_of(priced({"baseline": {1: 480.0}, "awq": {1: 205.0}}))

    assert found.decision == "stay on 16 bit"
    assert found.recommendation.startswith("AWQ saves no money")


def test_money_that_is_not_decided_names_its_command(make_run: Run, make_bench: Callable[..., BenchResult]) -> None:
    """More repeats while they help."""
    text = recommendation(inputs_of(make_run(bench=make_bench(repeats=1))))

    assert decision_of(inputs_of(make_run(bench=make_bench(repeats=1)))).choice == "not decided"
    assert text.endswith("set `bench.repeats` to 5, then run `awqctl bench demo` and `awqctl roi demo`.")


def test_more_repeats_than_help_are_not_asked_for(priced: Run) -> None:
    """With ten and more, another load is what may decide it."""
    record = priced(ALIKE)
    bench = record.find(BenchResult)
    assert bench is not None
    stage = record.stages["bench"].model_copy(
        update={"payload": bench.model_copy(update={"repeats": 12}).model_dump(mode="json")}
    )
    inputs = inputs_of(record.model_copy(update={"stages": {**record.stages, "bench": stage}}))

    assert inputs.saving.decision == "not decided"
    assert recommendation(inputs).endswith("set `roi.load` to the load expected in a year, then run `awqctl roi demo`.")


def test_accuracy_that_is_not_decided_names_its_command(
    priced: Run, make_accuracy: Callable[..., EvalResult], make_task: Callable[..., TaskScore]
) -> None:
    """However well it pays."""
    open_task = make_task("demo_sums", 0.93, 0.92, 0.012, items=100, stderr=0.02)
    inputs = inputs_of(priced(accuracy=make_accuracy(open_task)))

    assert decision_of(inputs).choice == "not decided"
    assert "Then run `awqctl eval demo`." in recommendation(inputs)


def test_failed_accuracy_stays_on_16_bit(
    priced: Run, make_accuracy: Callable[..., EvalResult], make_task: Callable[..., TaskScore]
) -> None:
    """However well it pays."""
    document = report_of(priced(accuracy=make_accuracy(make_task("demo_sums", 0.93, 0.80, 0.02))))

    assert document.decision == "stay on 16 bit"
    assert document.recommendation.startswith("Do not deploy this AWQ checkpoint")


def test_failed_endpoint_is_mended_first(priced: Run, endpoint: ServeResult) -> None:
    """It is not decided, and the command tries it again."""
    check = SmokeCheck(name="TLS", passed=False, detail="refused", seconds=0.1)
    inputs = inputs_of(priced(endpoint=endpoint.model_copy(update={"checks": (check,)})))

    assert decision_of(inputs).choice == "not decided"
    assert recommendation(inputs).endswith("then run `awqctl run demo`, which tries the endpoint again.")


def test_fp8_is_deployed_where_awq_fails(
    priced: Run,
    with_fp8: Callable[[float], EvalResult],
    make_task: Callable[..., TaskScore],
) -> None:
    """FP8 is held to the margins and the load of AWQ; its reason comes first, what is against AWQ after it."""
    scores = with_fp8(0.9320)
    failed = make_task("demo_sums", 0.93, 0.80, 0.02)
    accuracy = scores.model_copy(update={"tasks": (failed, *scores.tasks[1:])})
    document = report_of(priced(fp8=430.0, accuracy=accuracy))

    assert document.decision == "deploy FP8"
    assert document.recommendation.startswith("Deploy fp8, the model that the engine casts to FP8")
    assert "Do not deploy this AWQ checkpoint" in document.recommendation


def test_fp8_that_was_not_scored_is_open(priced: Run) -> None:
    """AWQ is shown to be fit and is deployed; of FP8 it is said what is open."""
    document = report_of(priced(fp8=430.0))

    assert document.decision == "deploy AWQ"
    assert "this is open: accuracy." in document.recommendation


@pytest.mark.parametrize(
    ("speed", "choice", "said"),
    [
        (3000.0, "deploy FP8", "fp8 is shown to save more"),
        (120.0, "deploy AWQ", "or does not pay, either"),
        (480.0, "not decided", "neither is shown to save more"),
    ],
)
def test_awq_and_fp8_that_both_pass(
    priced: Run, with_fp8: Callable[[float], EvalResult], speed: float, choice: str, said: str
) -> None:
    """The one that costs less, or is faster for the same money; not decided where neither is shown to."""
    document = report_of(priced(fp8=speed, accuracy=with_fp8(0.9320)))

    assert document.decision == choice
    assert said in document.recommendation


def test_a_failed_clause_stays_on_16_bit(priced: Run) -> None:
    """However well it pays: what was signed off before the run is not met, and the clause is named."""
    impossible = {"id": "fast", "kind": "throughput", "min_tokens_per_s": 1e6}
    document = report_of(priced().model_copy(update={"acceptance": (version(impossible),)}))

    assert document.decision == "stay on 16 bit"
    assert document.recommendation == (
        "Do not deploy this AWQ checkpoint: of what was agreed for it, this is not met: fast."
    )


@pytest.mark.parametrize(("required", "choice"), [(True, "not decided"), (False, "deploy AWQ")])
def test_a_clause_that_was_not_measured(priced: Run, *, required: bool, choice: str) -> None:
    """It holds a deployment back where it is required; the command that measures it is named."""
    uptime = {"id": "up", "kind": "uptime", "min_share": 0.995, "required": required}
    document = report_of(priced().model_copy(update={"acceptance": (version(uptime),)}))

    assert document.decision == choice
    assert ("this is not shown either way: up." in document.recommendation) == required


def test_passed_clauses_are_no_objection(priced: Run) -> None:
    """What was agreed is met."""
    met = {"id": "fast", "kind": "throughput", "min_tokens_per_s": 1}

    assert report_of(priced().model_copy(update={"acceptance": (version(met),)})).decision == "deploy AWQ"


def test_no_fp8_arm_is_no_fp8(make_run: Run) -> None:
    """Nothing is said of an arm that was not measured."""
    inputs = inputs_of(make_run())

    assert fp8_arm(inputs) is None
    assert "FP8" not in recommendation(inputs)

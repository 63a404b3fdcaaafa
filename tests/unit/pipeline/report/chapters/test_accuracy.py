"""The accuracy verdict in the report: three verdicts, the noise floor, the alarm, and how it is said to be measured."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.accuracy.result import EvalResult, TaskScore
from eval.alarm.result import Fidelity
from eval.bench.result import BenchResult
from eval.comparison.result import NoiseFloor
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.accuracy_method import accuracy_method
from pipeline.report.chapters.findings import findings_of
from pipeline.report.chapters.next_steps import next_steps
from pipeline.report.chapters.noise_floor import floor_sentence, floor_word
from pipeline.report.chapters.recommendation import recommendation
from pipeline.report.document import Finding, Section
from pipeline.report.language.language import ENGLISH
from pipeline.report.verdicts import gravest, loss_bound, margin_text, remedy, verdict_cell
from tests.unit.pipeline.report.documents import inputs_of, not_measured_section, report_of

SAY = ENGLISH.verdicts
MINUS = "\N{MINUS SIGN}"
Run = Callable[..., RunRecord]
Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]


def finding_of(record: RunRecord) -> Finding:
    """Return the finding on accuracy, the first of all."""
    return findings_of(inputs_of(record))[0]


def make_floor(task: str, floor: float, **changes: Any) -> NoiseFloor:
    """Return a baseline measured twice."""
    facts: dict[str, Any] = {"flips_to_wrong": 3, "flips_to_right": 2, "concurrency": (8, 4)}
    return NoiseFloor(task=task, metric="acc", items=1000, delta=-0.001, floor=floor, changed=5, **{**facts, **changes})


def test_failure_is_said_with_the_bound_that_decides(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """Loss 0.032, standard error 0.004: at least 0.032 - 1.645 x 0.004 = 0.0254, which forbids deployment."""
    inputs = inputs_of(make_run(accuracy=make_accuracy(make_task("demo_sums", 0.9330, 0.9010, 0.02))))
    finding = findings_of(inputs)[0]

    assert finding.headline == "The accuracy gate failed on demo_sums."
    assert "with 95 % confidence the loss is at least 0.0254, the agreed margin is 0.0200." in finding.detail
    assert finding.tone == "bad"
    assert recommendation(inputs) == (
        "Do not deploy this AWQ checkpoint: with 95 % confidence it loses more than was agreed on demo_sums."
    )
    assert next_steps(inputs)[0].startswith("Quantize again")


def test_undecided_is_neither_passed_nor_failed(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """It says what is needed, recommends to wait, and calls nothing failed."""
    unsure = make_task("demo_sums", 0.9330, 0.9280, 0.01, items=500, more_items=410)
    record = make_run(accuracy=make_accuracy(unsure))
    inputs, finding = inputs_of(record), finding_of(record)

    assert finding.headline == ("Not shown to be within the agreed margin: demo_sums. Nor is it shown to be beyond it.")
    assert "the loss is at most 0.0116, the agreed margin is 0.0100. On demo_sums about 410 more" in finding.detail
    assert finding.tone == "caution"
    assert "failed" not in f"{finding.headline} {finding.detail} {recommendation(inputs)}"
    assert recommendation(inputs).startswith("Do not deploy yet: the items measured do not show")
    assert next_steps(inputs)[0] == (
        "On demo_sums about 410 more items would decide it if the loss stays as measured; the task has 500 more "
        "(raise its `limit`)."
    )


def test_pass_is_stated_with_its_bound(make_run: Run) -> None:
    """0.005 + 1.645 x 0.004 = 0.01158 on one task, 0.005 + 1.645 x 0.0061 = 0.0150 on the other."""
    finding = finding_of(make_run())

    assert finding.headline == (
        "The accuracy gate passed: on each of the 2 tasks the loss is shown to be within the agreed margin."
    )
    assert "loss is at most 0.0116, the agreed margin is 0.0200. demo_cloze:" in finding.detail
    assert "loss is at most 0.0150, the agreed margin is 0.0200." in finding.detail
    assert finding.tone == "good"


def test_many_passes_show_the_nearest_to_its_margin(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """Of four tasks the one whose bound takes most of its margin stands for all."""
    tasks = [
        make_task(name, 0.9, 0.9 - loss, 0.02) for name, loss in zip("abcd", (0.0, 0.004, 0.01, 0.002), strict=True)
    ]
    finding = finding_of(make_run(accuracy=make_accuracy(*tasks)))

    assert finding.detail.startswith("c: acc 0.9000 before")
    assert finding.detail.endswith("The other 3 tasks are further from theirs.")


def test_gravest_is_by_verdict_then_by_share_of_the_margin(make_task: Task) -> None:
    """A failed task before an undecided one before a pass, whatever the sizes of their losses."""
    passed = make_task("passed", 0.9, 0.85, 0.2)
    undecided = make_task("undecided", 0.9, 0.899, 0.002)
    failed = make_task("failed", 0.9, 0.85, 0.04)
    none_agreed = make_task("none agreed", 0.9, 0.9, None)

    assert gravest((passed, undecided, failed)).task == "failed"
    assert gravest((passed, undecided)).task == "undecided"
    assert gravest((none_agreed, passed)).task == "passed"


@pytest.mark.parametrize(
    ("more", "items", "expected"),
    [
        (None, 1000, "no number of items is likely to decide it"),
        (300, 500, "the task has 500 more (raise its `limit`)."),
        (600, 500, "and the task has only 500 more: add a task"),
        (600, 1000, "and the task has no more: add a task"),
    ],
)
def test_remedy_knows_how_many_items_there_are(make_task: Task, more: int | None, items: int, expected: str) -> None:
    """More items are only proposed as far as the task has them."""
    assert expected in remedy(make_task("demo_sums", 0.9, 0.895, 0.01, items=items, more_items=more), SAY)


def test_without_a_standard_error_nothing_is_said_of_the_margin(
    make_run: Run, make_task: Task, make_accuracy: Accuracy
) -> None:
    """chrF has no values per item: it is not the checkpoint that has to improve; finding, cell and gate agree."""
    chrf = make_task("chrf", 0.9, 0.8999, 0.5, stderr=None, flips_to_wrong=None, flips_to_right=None)
    record = make_run(accuracy=make_accuracy(chrf))
    said = f"{finding_of(record).detail} {verdict_cell(chrf, SAY).text} {inputs_of(record).gates[0][1].statement}"

    assert "On chrf the loss has no standard error" in remedy(chrf, SAY)
    assert verdict_cell(chrf, SAY).text == "inconclusive: no standard error, so it cannot be held against the margin"
    assert "near the margin" not in said
    assert "improve the checkpoint" not in said


@pytest.mark.usefixtures("no_charts")
def test_undecided_gate_did_not_fail(
    make_run: Run, make_task: Task, make_accuracy: Accuracy, section_of: Any, cells_of: Any
) -> None:
    """The table of gates and that of stages call a gate failed only where the loss was shown to be too large."""
    rows = make_task("a", 0.9, 0.895, 0.01, more_items=5), make_task("b", 0.9, 0.8, 0.01)
    undecided, failed = make_run(accuracy=make_accuracy(rows[0])), make_run(accuracy=make_accuracy(*rows))

    assert [row[2] for row in cells_of(section_of(undecided, "method"), "gates")] == ["inconclusive"]
    assert [row[2] for row in cells_of(section_of(failed, "method"), "gates")] == ["inconclusive", "failed"]
    assert [cells_of(section_of(one, "files"), "files-stages")[1][1] for one in (undecided, failed)] == [
        "gate not passed",
        "gate failed",
    ]


def test_gain_beyond_doubt_is_no_negative_loss(make_task: Task) -> None:
    """A bound below zero is worded as a gain; a task without an interval says so."""
    assert loss_bound(make_task("a", 0.9, 0.95, 0.02), SAY) == "with 95 % confidence AWQ is better by at least 0.0434"
    assert loss_bound(make_task("a", 0.9, 0.89, 0.02, stderr=None), SAY) == "a loss of +0.0100, without an interval"
    assert loss_bound(make_task("a", 0.9, 0.9, 0.1, confidence=0.975), SAY).startswith("with 97.5 % confidence")


def test_margin_of_a_recovery_says_so(make_task: Task) -> None:
    """The margin in the metric's unit, and the recovery that was agreed."""
    assert margin_text(make_task("a", 0.8, 0.79, 0.008, min_recovery=0.99), SAY) == "0.0080 (99.00 % recovery)"


@pytest.mark.usefixtures("no_charts")
def test_table_has_everything_a_client_asks_for(
    make_run: Run,
    make_task: Task,
    make_accuracy: Accuracy,
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """Items and groups, loss, interval, bounds, margin, verdict; scores and recovery; flips, discordance and p."""
    mmlu = make_task("mmlu", 0.66, 0.655, 0.008, items=900, clusters=57, more_items=700, p_difference=0.0004)
    section = section_of(make_run(accuracy=make_accuracy(mmlu)), "accuracy")
    plus_minus = "\N{PLUS-MINUS SIGN}"

    assert cells_of(section, "accuracy-verdicts") == [
        [
            *("mmlu", "acc", "900 of 1,000 in 57 groups", "+0.0050", f"{MINUS}0.0028 to +0.0128"),
            *(f"{MINUS}0.0016 to +0.0116", "0.0080", "inconclusive: 700 more items needed, the task has 100 more"),
        ]
    ]
    assert cells_of(section, "accuracy-scores")[0][3:] == [
        *(f"0.6600 {plus_minus} 0.0112", f"0.6550 {plus_minus} 0.0113", f"{MINUS}0.0050 {plus_minus} 0.0040", "99.24 %")
    ]
    assert cells_of(section, "accuracy-changes")[0][2:] == ["14", "9", "2.6 %", "< 0.001", "0.423"]


def test_no_rounding_before_a_verdict_is_shown(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """A bound that prints like the margin keeps the verdict of the unrounded figures."""
    close = make_task("demo_sums", 0.9, 0.8900000004, 0.01, stderr=0.0, more_items=10)
    over = make_task("demo_sums", 0.9, 0.8899999996, 0.01, stderr=0.0)

    assert finding_of(make_run(accuracy=make_accuracy(close))).tone == "good"
    assert finding_of(make_run(accuracy=make_accuracy(over))).tone == "bad"


@pytest.mark.usefixtures("no_charts")
def test_noise_floor_stands_beside_awq(
    make_run: Run,
    make_task: Task,
    make_accuracy: Accuracy,
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """A difference inside the floor is called that in table, text and finding; one beyond it is not."""
    tasks = (
        make_task("demo_sums", 0.9, 0.895, 0.02, floor=0.006),
        make_task("demo_cloze", 0.7, 0.69, 0.02, floor=0.006),
    )
    floors = (make_floor("demo_sums", 0.006), make_floor("demo_cloze", 0.006, flips_to_wrong=None))
    record = make_run(accuracy=make_accuracy(*tasks, noise_floor=floors))
    section = section_of(record, "accuracy")
    rows = cells_of(section, "accuracy-floor")

    assert rows[0] == [
        *("demo_sums", "1,000", f"{MINUS}0.0010", "5", "3, 2", "0.0060", f"{MINUS}0.0050", "14, 9"),
        "inside the floor",
    ]
    assert rows[1][-1] == "beyond the floor"
    assert rows[1][4] == "\N{EM DASH}"
    assert (
        "On demo_sums the difference between AWQ and the baseline is inside this noise floor" in section.paragraphs[2]
    )
    assert finding_of(record).detail.endswith(
        "On demo_sums the difference is inside the noise floor: measuring the baseline twice explains as much."
    )
    assert "8 in the first run, 4 in the second" in next(
        table.note for table in section.tables if table.id == "accuracy-floor"
    )


def test_floor_is_said_of_the_tasks_that_have_one(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """Larger, none at all, and not measured are three things; a difference of 0 is inside no floor of 0."""
    tasks = (
        make_task("larger", 0.9, 0.88, 0.02, floor=0.006),
        make_task("same", 0.9, 0.9, 0.02, floor=0.0),
        make_task("chrf", 0.9, 0.89, 0.02),
    )
    floors = (make_floor("larger", 0.006), make_floor("same", 0.0))
    accuracy = make_accuracy(*tasks, noise_floor=floors)

    assert floor_sentence(accuracy, ENGLISH.noise_floor) == (
        "The baseline was measured a second time, on a fresh server at another concurrency. On larger the difference "
        "between AWQ and the baseline is larger than what that explains. On chrf there is no noise floor, because "
        "items are not scored one by one."
    )
    assert [floor_word(row, ENGLISH.noise_floor) for row in tasks] == ["beyond the floor", "no difference", "no floor"]
    assert "noise floor" not in finding_of(make_run(accuracy=accuracy)).detail


def test_what_was_not_measured_follows_the_result(
    make_run: Run, two_tasks: EvalResult, make_fidelity: Callable[..., Fidelity]
) -> None:
    """Without floor and alarm both are named; with them, and with further arms, other things are."""
    measured = two_tasks.model_copy(
        update={
            "noise_floor": (make_floor("demo_sums", 0.0),),
            "fidelity": (make_fidelity("awq", absurd=False),),
            "arms": ("baseline", "awq", "fp8", "again"),
        }
    )
    without, with_all = (
        " ".join(not_measured_section(inputs_of(make_run(accuracy=one))).bullets) for one in (two_tasks, measured)
    )

    assert "Set `eval.noise_floor: true`" in without
    assert "the recipe switched the alarm off" in without
    assert "GPTQ and FP8 were not run" in without
    assert "noise floor" not in with_all
    assert "alarm" not in with_all
    assert "Speed and costs of fp8: only accuracy was measured." in with_all
    assert "answer greedily" in with_all


def test_arm_of_the_benchmark_is_not_said_not_to_have_run(
    make_run: Run, make_bench: Callable[..., BenchResult]
) -> None:
    """Its accuracy is what is missing."""
    bench = make_bench()
    fp8 = bench.of("baseline").model_copy(update={"arm": "fp8"})
    record = make_run(bench=bench.model_copy(update={"arms": (*bench.arms, fp8)}))
    said = " ".join(not_measured_section(inputs_of(record)).bullets)

    assert "Accuracy of fp8: only speed was measured." in said
    assert "FP8 were not run" not in said


@pytest.mark.usefixtures("no_charts")
def test_alarm_is_no_verdict(
    make_run: Run,
    two_tasks: EvalResult,
    make_fidelity: Callable[..., Fidelity],
    section_of: Callable[[RunRecord, str], Section],
    cells_of: Callable[[Section, str], list[list[str]]],
) -> None:
    """A raised alarm of another arm is a finding of its own and leaves the verdict on AWQ as it is."""
    alarms = (make_fidelity("awq", absurd=False), make_fidelity("mine", absurd=True))
    record = make_run(accuracy=two_tasks.model_copy(update={"fidelity": alarms}))
    verdict, alarm = findings_of(inputs_of(record))[:2]

    assert cells_of(section_of(record, "accuracy"), "accuracy-alarm") == [
        ["AWQ", "stdlib modules", "4,096", "0.031", "94.2 %", "silent"],
        ["mine", "stdlib modules", "4,096", "1.9", "31.0 %", "raised"],
    ]
    assert verdict.tone == "good"
    assert (alarm.topic, alarm.tone) == ("Alarm", "bad")
    assert "The alarm was raised for mine" in alarm.detail
    assert not any(finding.topic == "Alarm" for finding in findings_of(inputs_of(make_run())))


def test_method_says_where_the_level_is_nominal(make_run: Run, make_task: Task, make_accuracy: Accuracy) -> None:
    """Bootstraps of fewer than 100 items or groups; exact tests of right and wrong need no such remark."""
    right_or_wrong = make_task("sums", 0.9, 0.88, 0.02, items=20)
    free = {"flips_to_wrong": None, "flips_to_right": None}
    rows = (
        right_or_wrong,
        make_task("few", 1.0, 1.0, 0.05, items=99, **free),
        make_task("many", 1.0, 1.0, 0.05, items=100, **free),
        make_task("groups", 0.9, 0.9, 0.05, items=1000, clusters=57, **free),
    )
    without, told = (
        "\n".join(accuracy_method(inputs_of(make_run(accuracy=make_accuracy(*one)))))
        for one in ((right_or_wrong,), rows)
    )

    assert "Fewer than 100 items or groups were resampled on few and groups: the gate's 5 % chance" in told
    assert "nominal" not in without


def test_method_says_how_it_was_asked_and_judged(
    make_run: Run, make_recipe: Callable[..., Recipe], make_task: Task, make_accuracy: Accuracy
) -> None:
    """Few-shot counts, chat template, engine settings, methods by task, Holm, second look and interruptions."""
    tasks = [{"name": "sums", "margin": 0.02, "num_fewshot": 5, "limit": 100}, {"name": "bits", "margin": 0.05}]
    rows = (make_task("sums", 0.9, 0.88, 0.02), make_task("bits", 1.0, 1.0, 0.05, method="paired bootstrap"))
    recipe = make_recipe(eval={"tasks": tasks})
    told = {"chat_template": True, "restarts": {"awq": 1, "baseline": 0}, "recalled": {"awq": 312}}
    plain, full = (
        "\n".join(next(one for one in report_of(record).sections if one.id == "method").bullets)
        for record in (
            make_run(),
            make_run(
                recipe=recipe,
                accuracy=make_accuracy(*rows, **told),
            ),
        )
    )

    assert "sums, 5-shot (first 100 items) and bits, few-shot count of the task" in full
    assert "through the chat template" in full
    assert "excepted: --dtype bfloat16 --max-model-len 512" in full
    assert "exact McNemar and a score interval: sums; paired bootstrap: bits." in full
    assert "a pass needs no correction, because all 2 tasks must pass" in full
    assert "second look" in full
    assert "started again 1 time for AWQ; responses kept from an earlier attempt were used: 312 of AWQ." in full
    assert "without a chat template" in plain
    assert "second look" not in plain
    assert "Interruptions" not in plain

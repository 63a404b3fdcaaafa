"""The figures of the stage eval as metrics: what they are called, and that no two are called alike."""

from collections.abc import Callable
from typing import Any

from eval.accuracy.metrics import metrics_of
from eval.accuracy.result import Contrast, EvalResult, TaskScore
from eval.comparison.result import NoiseFloor
from tests.helpers import METRIC_NAME

Task = Callable[..., TaskScore]
Accuracy = Callable[..., EvalResult]


def values(result: EvalResult) -> dict[str, float]:
    """Return the metrics by name, after checking that MLflow takes the names and none overwrites another."""
    metrics = metrics_of(result)
    found = {metric.name: metric.value for metric in metrics}
    assert len(found) == len(metrics)
    assert [name for name in found if not METRIC_NAME.fullmatch(name)] == []
    return found


def test_names_of_before_stay(make_task: Task, make_accuracy: Accuracy, make_contrast: Callable[..., Contrast]) -> None:
    """Baseline, AWQ and control keep their names in MLflow; the verdict's figures stand beside them."""
    rows = make_task("lines", 0.6, 0.55, 0.1, more_items=40), make_task("lines", 0.6, 0.5, 0.1, arm="rtn")
    bits = make_task("bits", 1.0, 1.1, 0.1, flips_to_wrong=None, flips_to_right=None)
    found = values(make_accuracy(*rows, bits, contrasts=(make_contrast("lines", 0.05, 0.01),)))

    assert found.keys() >= {
        *("lines_acc_baseline", "lines_acc_awq", "lines_acc_delta", "lines_acc_delta_stderr"),
        *("lines_acc_rtn", "lines_acc_delta_rtn", "lines_acc_awq_minus_rtn", "lines_acc_awq_minus_rtn_stderr"),
        *("lines_acc_loss_at_most", "lines_acc_p_difference_holm", "lines_acc_flips_to_wrong", "lines_acc_margin"),
        *("lines_acc_loss_at_most_rtn", "lines_acc_recovery", "lines_acc_discordance"),
    }
    assert found["lines_acc_more_items"] == 40
    assert "bits_acc_discordance" not in found


def test_an_arm_may_be_called_like_a_figure(make_task: Task, make_accuracy: Accuracy) -> None:
    """`recovery`, `delta`, `items` and `stderr` overwrite nothing of AWQ's."""
    names = ("recovery", "delta", "items", "delta_stderr", "x", "x_stderr", "arm_x")
    rows = [make_task("lines", 0.6, 0.3, 0.1, arm=arm) for arm in names]
    found = values(make_accuracy(make_task("lines", 0.6, 0.54, 0.1), *rows))

    assert (found["lines_acc_recovery"], found["lines_acc_items"]) == (0.54 / 0.6, 1000)
    assert (found["lines_acc_score_arm_recovery"], found["lines_acc_recovery_arm_recovery"]) == (0.3, 0.5)


def test_names_are_ones_that_mlflow_takes(make_task: Task, make_accuracy: Accuracy) -> None:
    """`pass@1` and filters have signs that MLflow refuses."""
    assert "he__pass_1_create_awq" in values(make_accuracy(make_task("he+", 0.5, 0.5, 0.1, metric="pass@1,create")))


def test_how_the_arms_ran_is_logged(make_task: Task, make_accuracy: Accuracy) -> None:
    """Seconds, recalled answers and restarts by arm, and the flips of the baseline against itself."""
    floor: dict[str, Any] = {"delta": -0.001, "floor": 0.004, "changed": 5, "flips_to_wrong": 3, "flips_to_right": 2}
    one = NoiseFloor(task="lines", metric="acc", items=1000, concurrency=(8, 4), **floor)
    told = {"seconds": {"awq": 38.2, "mine": 12.0}, "recalled": {"awq": 7}, "restarts": {"awq": 1}}
    found = values(make_accuracy(make_task("lines", 0.6, 0.55, 0.1), noise_floor=(one,), **told))

    assert (found["eval_seconds_awq"], found["eval_seconds_arm_mine"]) == (38.2, 12.0)
    assert (found["eval_recalled_awq"], found["eval_restarts_awq"]) == (7, 1)
    assert (found["lines_acc_flips_to_wrong_again"], found["lines_acc_flips_to_right_again"]) == (3, 2)
    assert (found["lines_acc_noise_floor"], found["lines_acc_delta_again"], found["lines_acc_changed_again"]) == (
        *(0.004, -0.001),
        5,
    )


def test_stopped_evaluation_logs_the_alarm(stopped: EvalResult) -> None:
    """Divergence and agreement, and no score."""
    found = values(stopped)

    assert (found["kl_nats_awq"], found["top1_agreement_rtn"]) == (1.93, 0.942)
    assert not any("acc" in name for name in found)

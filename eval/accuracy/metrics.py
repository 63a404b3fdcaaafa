"""The figures of the stage `eval` as metrics of its MLflow run."""

import re
from collections.abc import Mapping

from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED, EvalResult, TaskScore
from pipeline.base.results import Metric, Origin

_OURS = (BASELINE, GATED, CONTROL, AGAIN)


def metrics_of(result: EvalResult) -> tuple[Metric, ...]:
    """Return every figure.

    A name is the task, its metric, the figure, and the arm it belongs to:

    - scores are `_baseline`, `_awq` and `_rtn`, those of arms of one's own `_score_arm_<name>`;
    - what stands against the baseline (`_delta`, `_recovery`, `_loss_at_most`) is AWQ's when no arm follows, the
      control's with `_rtn`, another arm's with `_arm_<name>`: an arm may be called like a figure;
    - `_again` is the baseline's second run.

    How the arms ran stands in `eval_seconds_<arm>`, `eval_recalled_<arm>` and `eval_restarts_<arm>`.
    """
    metrics: list[Metric] = []
    for task in result.tasks:
        metrics += _of_task(task)
    for one in result.contrasts:
        stem = _stem(one.task, one.metric)
        metrics += _figures(f"{stem}_{GATED}_minus_{CONTROL}", one.delta, one.delta_stderr)
    return (*metrics, *_of_floor(result), *_of_fidelity(result), *_of_run(result))


def _stem(task: str, metric: str) -> str:
    """Return what a task's metrics are called, in characters that MLflow takes (`pass@1` has one it does not)."""
    return re.sub(r"[^\w.-]", "_", f"{task}_{metric}")


def _suffix(arm: str) -> str:
    """Return what an arm adds to a name; arms of one's own cannot be taken for a figure or for one of ours."""
    return f"_{arm}" if arm in _OURS else f"_arm_{arm}"


def _of_task(task: TaskScore) -> list[Metric]:
    """Return one task and arm; the baseline's score once, beside AWQ's."""
    stem, suffix = _stem(task.task, task.metric), _suffix(task.arm)
    if task.arm not in _OURS:
        metrics = _figures(f"{stem}_score", task.candidate.value, task.candidate.stderr, suffix)
        metrics += _figures(f"{stem}_delta", task.delta, task.delta_stderr, suffix)
        return metrics + _known(_of_verdict(task), stem, suffix)
    against = "" if task.arm == GATED else suffix
    metrics = _figures(f"{stem}_{BASELINE}", task.baseline.value, task.baseline.stderr) if task.arm == GATED else []
    metrics += _figures(f"{stem}{suffix}", task.candidate.value, task.candidate.stderr)
    metrics += _figures(f"{stem}_delta{against}", task.delta, task.delta_stderr)
    return metrics + _known(_of_verdict(task), stem, against)


_ORIGINS: dict[str, Origin] = {"margin": "quoted", "more_items": "modelled"}
"""Of figures that are not measured: the agreed loss, and the items that the power calculation asks for."""


def _known(figures: Mapping[str, float | None], stem: str, suffix: str) -> list[Metric]:
    """Return the figures that there are."""
    return [
        Metric(name=f"{stem}_{name}{suffix}", value=float(value), origin=_ORIGINS.get(name, "measured"))
        for name, value in figures.items()
        if value is not None
    ]


def _of_verdict(task: TaskScore) -> dict[str, float | None]:
    return {
        "items": task.items,
        "recovery": task.recovery,
        "loss_low": task.interval.low if task.interval else None,
        "loss_high": task.interval.high if task.interval else None,
        "loss_at_least": task.bounds.low if task.bounds else None,
        "loss_at_most": task.bounds.high if task.bounds else None,
        "margin": task.margin,
        "more_items": task.more_items,
        "p_difference": task.p_difference,
        "p_difference_holm": task.p_difference_adjusted,
        "p_noninferior": task.p_noninferior,
        "p_inferior_holm": task.p_inferior_adjusted,
        "flips_to_wrong": task.flips_to_wrong,
        "flips_to_right": task.flips_to_right,
        "discordance": task.discordance,
    }


def _of_floor(result: EvalResult) -> list[Metric]:
    metrics: list[Metric] = []
    for one in result.noise_floor:
        stem = _stem(one.task, one.metric)
        metrics.append(Metric(name=f"{stem}_noise_floor", value=one.floor, origin="measured"))
        figures: dict[str, float | None] = {
            "delta": one.delta,
            "changed": one.changed,
            "flips_to_wrong": one.flips_to_wrong,
            "flips_to_right": one.flips_to_right,
        }
        metrics += _known(figures, stem, f"_{AGAIN}")
    return metrics


def _of_fidelity(result: EvalResult) -> list[Metric]:
    return [
        metric
        for one in result.fidelity
        for metric in (
            Metric(name=f"kl_nats{_suffix(one.arm)}", value=one.mean_kl_nats, origin="measured"),
            Metric(name=f"top1_agreement{_suffix(one.arm)}", value=one.top1_agreement, origin="measured"),
            Metric(name=f"clear_agreement{_suffix(one.arm)}", value=one.agreement, origin="measured"),
        )
    ]


def _of_run(result: EvalResult) -> list[Metric]:
    """Return how long each arm took, and what it took from an earlier attempt."""
    figures: dict[str, dict[str, float]] = {
        "seconds": result.seconds,
        "recalled": dict(result.recalled),
        "restarts": dict(result.restarts),
    }
    return [
        Metric(name=f"eval_{name}{_suffix(arm)}", value=float(value), origin="measured")
        for name, by_arm in figures.items()
        for arm, value in by_arm.items()
    ]


def _figures(name: str, value: float, stderr: float | None, suffix: str = "") -> list[Metric]:
    error = [] if stderr is None else [Metric(name=f"{name}_stderr{suffix}", value=stderr, origin="measured")]
    return [Metric(name=f"{name}{suffix}", value=value, origin="measured"), *error]

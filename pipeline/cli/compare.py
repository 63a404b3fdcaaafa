"""`awqctl compare`: two sets of lm-eval sample files, whoever made them."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import FiniteRange, UserPath, console, emit, json_option


@click.command()
@click.argument("baseline", type=UserPath())
@click.argument("candidate", type=UserPath())
@click.option(
    "--margin",
    type=FiniteRange(min=0),
    metavar="X",
    help="Largest acceptable loss of a task, in its metric's unit.",
)
@click.option(
    "--min-recovery",
    type=FiniteRange(0, 1, min_open=True),
    metavar="R",
    help="Instead: smallest acceptable share of the baseline's score.",
)
@click.option(
    "--confidence",
    type=FiniteRange(0.5, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    metavar="Y",
    help="Of the intervals, and of the verdict (one-sided).",
)
@click.option("--metric", metavar="NAME", help="Default: the first that lm-eval lists for the task.")
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only this task or group; may be repeated.")
@click.option(
    "--higher-is-better/--lower-is-better",
    default=None,
    help="For metrics whose direction the files do not state; another one than theirs is refused.",
)
@click.option(
    "--draws",
    type=click.IntRange(min=1000),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Bootstrap and permutation draws: for metrics that are not right or wrong, and for the permutation test of "
    "right-or-wrong tasks whose items come in groups.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of these draws.")
@click.option(
    "--allow-partial",
    is_flag=True,
    help="Judge what both have, although tasks or items are missing on a side or on both.",
)
@json_option
def compare(baseline: Path, candidate: Path, *, as_json: bool, **options: Any) -> int:
    """Compare two models on lm-eval's samples; ends with 3 unless every task of both passes a margin that is given.

    BASELINE and CANDIDATE are what `lm_eval --log_samples` 0.4.x or `awqctl eval` wrote: a samples file, or a folder
    of them. Items are matched by the hash of their document, groups such as MMLU are compared as one task.
    """
    from eval.samples.comparison import compare_samples
    from eval.samples.result import Request
    from pipeline.cli.compare_table import print_comparison

    request = Request(
        tasks=options["tasks"],
        metric=options["metric"],
        higher_is_better=options["higher_is_better"],
        margin=_margin(options["margin"], options["min_recovery"]),
        confidence=options["confidence"],
        draws=options["draws"],
        seed=options["seed"],
        allow_partial=options["allow_partial"],
    )
    result = compare_samples(baseline, candidate, request)
    emit(as_json, result, lambda: print_comparison(result, console()))
    return 3 if result.passed is False else 0


def _margin(absolute: float | None, recovery: float | None) -> Any:
    from eval.statistics import Margin

    if absolute is not None and recovery is not None:
        raise click.UsageError("Give either --margin or --min-recovery.")
    return None if absolute is None and recovery is None else Margin(absolute=absolute, recovery=recovery)

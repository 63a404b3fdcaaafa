"""What `awqctl compare` prints: one block of three lines per task, then what was not compared and why."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from eval.comparison.result import Comparison, Interval
from eval.comparison.wording import Undecided, undecided_because
from eval.samples.result import CompareResult, TaskComparison
from pipeline.base.format import certainty

_WIDE = 76
_NOT_DECIDED: dict[Undecided, str] = {
    "no standard error": "no standard\nerror",
    "too near the margin": "no number of\nitems decides",
    "margin beyond chance": "guesses are\nwithin it",
}


def print_comparison(result: CompareResult, screen: Any) -> None:
    """Print the comparison so that it fits 80 columns, and 60 with names and verdicts on lines of their own.

    Names of files and tasks are printed literally: as markup, brackets in them would disappear or be refused.
    """
    screen.print(Text(f"baseline   {result.baseline}"), soft_wrap=True)
    screen.print(Text(f"candidate  {result.candidate}"), soft_wrap=True)
    screen.print()
    if screen.width < _WIDE:
        for task in result.tasks:
            screen.print(Text(_heading(task), style="bold"))
            screen.print(_table(result, [task], named=False))
    else:
        screen.print(_table(result, result.tasks, named=True))
    for task in result.tasks:
        if task.only_baseline or task.only_candidate:
            screen.print(Text(_unmatched(task)))
    for text in (*_methods(result), *result.notes):
        screen.print(Text(text))


def _heading(task: Comparison) -> str:
    """Return name, metric and verdict of a task in one line."""
    if task.verdict is None:
        return f"{task.task} {task.metric}"
    margin = "" if task.margin is None else f", margin {_figure(task.margin)}"
    more = " ".join(_more(task).split())
    return f"{task.task} {task.metric}: {task.verdict}{margin}{f', {more}' if more else ''}"


def _table(result: CompareResult, tasks: Sequence[Comparison], *, named: bool) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 1, 0), header_style="bold")
    if named:
        table.add_column("task\nmetric", overflow="fold", max_width=18)
    for title in ("items", "baseline\ncandidate\nrecovery", f"loss\n{certainty(result.confidence)} interval\nat most"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("to wrong\nto right\nflipped", justify="right", no_wrap=True)
    table.add_column("p\nHolm", justify="right", no_wrap=True)
    judged = named and any(task.verdict for task in tasks)
    if judged:
        table.add_column("verdict\nmargin", overflow="fold")
    for task in tasks:
        name = [f"{task.task}\n{task.metric}"] if named else []
        table.add_row(*map(Text, [*name, *_figures(task), *([_verdict(task)] if judged else [])]))
    return table


def _figures(task: Comparison) -> list[str]:
    recovery = "-" if task.recovery is None else f"{task.recovery:.2%}"
    return [
        str(task.items),
        f"{_figure(task.baseline.value)}\n{_figure(task.candidate.value)}\n{recovery}",
        f"{_signed(task.loss)}\n{_range(task.interval)}\n{'-' if task.bounds is None else _signed(task.bounds.high)}",
        _flips(task),
        f"{_p(task.p_difference)}\n{_p(task.p_difference_adjusted)}",
    ]


def _verdict(task: Comparison) -> str:
    if task.verdict is None:
        return ""
    margin = "" if task.margin is None else f"\n{_figure(task.margin)}"
    return f"{task.verdict}{margin}{_more(task)}"


def _flips(task: Comparison) -> str:
    if task.discordance is None:
        return "-"
    return f"{task.flips_to_wrong}\n{task.flips_to_right}\n{task.discordance:.2%}"


def _more(task: Comparison) -> str:
    if task.verdict != "inconclusive":
        return ""
    if task.more_items is None:
        return f"\n{_NOT_DECIDED[undecided_because(task)]}"
    return f"\n{task.more_items} more\nitems needed"


def _figure(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.1f}"  # noqa: PLR2004 -- eight characters


def _signed(value: float) -> str:
    return f"{value:+.4f}" if abs(value) < 1000 else f"{value:+.1f}"  # noqa: PLR2004 -- as above


def _range(interval: Interval | None) -> str:
    return "-" if interval is None else f"{_signed(interval.low)} {_signed(interval.high)}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<.0001" if value < 0.0001 else f"{value:.4f}"  # noqa: PLR2004 -- what four digits show


def _unmatched(task: TaskComparison) -> str:
    shown = "; ".join(task.unmatched_examples)
    more = "; …" if len(task.unmatched_examples) < task.only_baseline + task.only_candidate else ""
    return (
        f"{task.task}: {task.only_baseline} items of the baseline alone and {task.only_candidate} of the candidate "
        f"alone were left out: {shown}{more}"
    )


def _methods(result: CompareResult) -> list[str]:
    """Return how the intervals and p-values were obtained, each method once."""
    tasks: dict[str, list[str]] = {}
    for task in result.tasks:
        tasks.setdefault(task.method, []).append(task.task)
    if len(tasks) == 1:
        return [f"Method: {next(iter(tasks))}."]
    return [f"Method for {', '.join(names)}: {method}." for method, names in tasks.items()]

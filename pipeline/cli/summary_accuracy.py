"""The accuracy in the terminal: every loss with interval and verdict, within 80 columns."""

from typing import Any

from eval.accuracy.result import CONTROL, GATED, EvalResult, TaskScore
from pipeline.base.format import certainty, count, recovery, score, share
from pipeline.report.chapters.alarm import alarm_text
from pipeline.report.comparison import AgainstControl, against_control
from pipeline.report.language.language import ENGLISH
from pipeline.report.verdicts import shortfall_text

_AGAINST_CONTROL: dict[AgainstControl, str] = {
    "better": "better",
    "worse": "worse",
    "no clear difference": "not clear",
    "error not known": "error not known",
}
_NONE = "-"
_VERDICTS = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive", None: "no margin"}


def accuracy_tables(result: EvalResult) -> list[Any]:
    """Return the table of AWQ and further arms, and that of the control where it was measured."""
    tables = []
    rows = [row for row in result.tasks if row.arm != CONTROL]
    if rows:
        interval = f"loss\n{certainty(rows[0].confidence)} interval\nat most"
        titles = (
            "task\nmetric",
            "baseline\nitems\nflipped",
            "score\nrecovery\nlost/won",
            interval,
            "verdict\nmargin",
        )
        tables.append(_table("accuracy against the baseline", titles, [_cells(row) for row in rows]))
    if result.contrasts:
        against = ("task", "rounded", "AWQ", "AWQ against rounded")
        tables.append(_table("control: rounded to nearest without AWQ", against, _control(result)))
    return tables


def accuracy_remarks(result: EvalResult) -> list[str]:
    """Return what is to be said of undecided tasks, of the noise floor and of raised alarms; often nothing."""
    undecided = [row for row in result.gated if row.verdict == "inconclusive"]
    inside = [row for row in result.gated if row.inside_floor]
    return [
        *(f"{row.task}: inconclusive, {shortfall_text(row, ENGLISH.verdicts)}" for row in undecided),
        *(
            f"{row.task}: the difference is inside the noise floor of {score(row.floor or 0.0)}, measured on the "
            f"baseline against itself"
            for row in inside
        ),
        *(alarm_text(one, ENGLISH.alarm) for one in result.fidelity if one.absurd),
        *(() if result.stopped is None else (ENGLISH.alarm.not_scored,)),
    ]


def _table(title: str, titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> Any:
    """Return a table; names of tasks and metrics are literal, whatever brackets they hold."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for place, column in enumerate(titles):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _cells(row: TaskScore) -> tuple[str, ...]:
    """Return one row in three lines; of the flipped items, those that became wrong come first."""
    arm = "" if row.arm == GATED else f", {row.arm}"
    kept = "" if row.recovery is None else recovery(row.recovery)
    interval = "" if row.interval is None else f"\n{row.interval.low:+.4f} to {row.interval.high:+.4f}"
    bound = "" if row.bounds is None else f"\n{row.bounds.high:+.4f}"
    return (
        f"{row.task}\n{row.metric}{arm}",
        f"{row.baseline.value:.4f}\n{count(row.items)}\n{_NONE if row.discordance is None else share(row.discordance)}",
        f"{row.candidate.value:.4f}\n{kept}\n{_flips(row)}",
        f"{row.loss:+.4f}{interval}{bound}",
        "no gate" if row.arm != GATED else _judged(row),
    )


def _flips(row: TaskScore) -> str:
    return _NONE if row.flips_to_wrong is None else f"{row.flips_to_wrong}/{row.flips_to_right}"


def _judged(row: TaskScore) -> str:
    margin = "" if row.margin is None else f"{row.margin:.4f}"
    return f"{_VERDICTS[row.verdict]}\n{margin}"


def _control(result: EvalResult) -> list[tuple[str, ...]]:
    return [
        (
            f"{one.task} {one.metric}",
            f"{control.candidate.value:.4f}",
            f"{awq.candidate.value:.4f}",
            f"{one.delta:+.4f}{_spread(one.delta_stderr)}, {_AGAINST_CONTROL[against_control(one)]}",
        )
        for awq, control, one in zip(result.gated, result.control, result.contrasts, strict=True)
    ]


def _spread(stderr: float | None) -> str:
    return "" if stderr is None else f" ± {stderr:.4f}"

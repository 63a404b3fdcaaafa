"""The summary table at the end of `awqctl run`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.commands import command
from pipeline.base.format import share
from pipeline.cli.common import console
from pipeline.cli.summary_accuracy import accuracy_remarks, accuracy_tables
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE
from pipeline.record.record import RunRecord
from pipeline.roi.result import RoiResult
from pipeline.run.runner import StageReport
from serve.result import ServeResult

_MIB = 2**20
_Row = tuple[str, str, str, str]


def print_summary(record: RunRecord, reports: Sequence[StageReport], out: Path, *, renew: str | None = None) -> None:
    """Print what was done, the figures of every stage, and where to look further.

    Args:
        record: as it is now.
        reports: what was done.
        out: the output folder.
        renew: the command that renews the report, where that is older than the record.
    """
    from rich.table import Table

    screen = console()
    stages = Table(title=f"{record.name}: stages", title_justify="left")
    for column in ("stage", "outcome", "seconds", "why"):
        stages.add_column(column, justify="right" if column == "seconds" else "left")
    for report in reports:
        outcome = report.result.outcome if report.ran else "kept"
        stages.add_row(report.stage, outcome, f"{report.result.seconds:.1f}", report.reason)
    screen.print(stages)
    rows = [row for describe in _DESCRIBE for row in _rows(record, describe)]
    if rows and len(reports) > 1:
        screen.print(_figures("figures", ("", "baseline", "AWQ", "AWQ against baseline"), rows))
    if any(report.stage == "eval" for report in reports):
        _print_accuracy(screen, record)
    report_path = out / "report" / "report.html"
    if report_path.exists():
        age = f", older than the record; renew it: {renew}" if renew else ""
        screen.print(f"report     {_short(report_path)}{age}", soft_wrap=True, markup=False)
    screen.print(f"record     {_short(out / 'record.json')}", soft_wrap=True)
    if len(reports) > 1:
        screen.print(f"compare    {command('ui')}", soft_wrap=True, markup=False)
        screen.print(f"serve      {command('serve')}", soft_wrap=True, markup=False)


def _print_accuracy(screen: Any, record: RunRecord) -> None:
    """Print the accuracy, also where eval is the only stage of the command."""
    result = record.find(EvalResult)
    if result is None:
        return
    for table in accuracy_tables(result):
        screen.print(table)
    for remark in accuracy_remarks(result):
        screen.print(remark, markup=False)


def _figures(title: str, titles: Sequence[str], rows: Sequence[_Row]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in titles:
        table.add_column(column, justify="left" if column == "" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _rows(record: RunRecord, describe: tuple[type[Any], Callable[[Any], list[_Row]]]) -> list[_Row]:
    model, function = describe
    result = record.find(model)
    return function(result) if result is not None else []


def _of_quantize(result: QuantizeResult) -> list[_Row]:
    ratio, coverage = result.checkpoint_bytes / result.source_bytes, result.coverage
    sizes = f"{result.source_bytes / _MIB:.2f}", f"{result.checkpoint_bytes / _MIB:.2f}"
    scaled = f"{share(coverage.share_scaled)} AWQ-scaled"
    return [
        ("weights, MiB", *sizes, f"x {ratio:.2f}"),
        ("linear layers in 4 bit", "", share(coverage.share_4bit), scaled),
    ]


def _of_bench(result: BenchResult) -> list[_Row]:
    rows = []
    for before, after in zip(result.of(BASELINE).points, result.of(AWQ).points, strict=True):
        ratio = after.output_tokens_per_s / before.output_tokens_per_s
        values = f"{before.output_tokens_per_s:.0f}", f"{after.output_tokens_per_s:.0f}", f"x {ratio:.2f}"
        rows.append((f"output tok/s, concurrency {before.concurrency}", *values))
    return rows


def _of_roi(result: RoiResult) -> list[_Row]:
    before, after = result.of(BASELINE).usd_per_mtok_at_load.value, result.of(AWQ).usd_per_mtok_at_load.value
    if before is None or after is None:
        return []
    change = f"x {after / before:.2f}" if before else "-"
    return [("USD/M output tokens at the load", f"{before:.4f}", f"{after:.4f}", change)]


def _of_serve(result: ServeResult) -> list[_Row]:
    passed = sum(check.passed for check in result.checks)
    return [("endpoint checks passed", "", f"{passed} of {len(result.checks)}", "")]


_DESCRIBE: tuple[tuple[type[Any], Callable[[Any], list[_Row]]], ...] = (
    (QuantizeResult, _of_quantize),
    (BenchResult, _of_bench),
    (RoiResult, _of_roi),
    (ServeResult, _of_serve),
)

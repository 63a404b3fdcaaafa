"""`awqctl audit`: whether an endpoint's audit is whole, and what it says of tokens."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipeline.cli.common import UserPath, emit, json_option
from pipeline.cli.help import Group
from pipeline.cli.table import minute, print_rows

endpoint_option = click.option("--endpoint", metavar="NAME", help="Whose audit; default the only endpoint there is.")
_HASH = r"[0-9a-f]{64}"
_day = click.DateTime(["%Y-%m-%d"])


@click.group(cls=Group)
def audit() -> None:
    """Check the endpoint's record of requests, and sum what it says.

    Every request is a line: time, key, route, model, release, status, tokens, times; never its text.
    """


@audit.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=UserPath())
@endpoint_option
@click.option("--head", metavar="HASH", help="Of an earlier check: is all that there was then still in the chain?")
@json_option
def verify(files: tuple[Path, ...], *, endpoint: str | None, head: str | None, as_json: bool) -> int:
    """Check that no line was changed, removed or inserted; ends with 3 when one was.

    Without FILE the whole chain of the endpoint, also that its end is there. Write down the head that is printed: with
    --head a later check shows that nothing up to it was touched, even by somebody who rewrote the whole chain.
    """
    from pipeline.base.errors import UsageError
    from pipeline.base.format import count, plural
    from serve.audit.verify import verify_files, verify_folder
    from serve.endpoint import chosen_endpoint

    if files and endpoint:
        raise UsageError("Name FILES or --endpoint, not both.")
    if head is not None and not re.fullmatch(_HASH, head):
        raise UsageError(f"--head '{head}' is no hash: `awqctl audit verify` prints one of 64 hexadecimal digits.")
    report = verify_files(files, head=head) if files else verify_folder(chosen_endpoint(endpoint).audit, head=head)

    def show() -> None:
        for fault in report.faults:
            click.echo(f"{fault.file}:{fault.line}: {fault.what}")
        if report.first_at and report.last_at:
            span = f", {minute(report.first_at)} to {minute(report.last_at)} UTC"
        else:
            span = ""
        verdict = "whole" if report.whole else "BROKEN"
        click.echo(f"{verdict}: {plural(report.lines, 'line')} in {plural(report.files, 'file')}{span}")
        if report.removed_before:
            click.echo(f"{count(report.removed_before)} earlier lines were removed after their time.")
        click.echo(f"head {report.head}")

    emit(as_json, report, show)
    return 0 if report.whole else 3


@audit.command()
@endpoint_option
@click.option("--from", "first", type=_day, help="First day (UTC).")
@click.option("--to", "last", type=_day, help="Last day (UTC).")
@click.option(
    "--by", default="key,day", show_default=True, metavar="LIST", help="Of key, day, model: one row for each."
)
@click.option("--csv", "as_csv", is_flag=True, help="A table for spreadsheets on standard output.")
@json_option
def usage(
    *, endpoint: str | None, first: datetime | None, last: datetime | None, by: str, as_csv: bool, as_json: bool
) -> None:
    """Sum requests and tokens, for billing: in and out, by key, day and model.

    Tokens are the engine's own count. Those of requests whose client hung up are told apart: pieces that were sent, and
    of the request an estimate.
    """
    from pipeline.base.errors import UsageError
    from serve.audit.usage import usage_csv, usage_report, wanted_groups
    from serve.endpoint import chosen_endpoint

    if as_csv and as_json:
        raise UsageError("Choose --csv or --json.")
    report = usage_report(
        chosen_endpoint(endpoint).audit,
        by=wanted_groups(by),
        first=first.date() if first else None,
        last=last.date() if last else None,
    )
    emit(as_json, report, usage_csv(report).rstrip("\n") if as_csv else lambda: _show(report))


def _show(report: Any) -> None:
    """Print the rows and their sum."""
    from pipeline.base.format import count, plural

    if not report.rows:
        click.echo("No request in these days.", err=True)
        return
    labels = [name for name in ("key", "day", "model") if getattr(report.rows[0], name) is not None]
    titles = {
        "requests": "REQUESTS",
        "refused": "REFUSED",
        "prompt_tokens": "TOKENS\nIN",
        "completion_tokens": "TOKENS\nOUT",
        "inexact_requests": "INEXACT",
        "inexact_prompt_tokens": "IN\n(EST.)",
        "inexact_completion_tokens": "OUT\n(SENT)",
        "uncounted_requests": "UNCOUNTED",
    }
    figures = [name for name in titles if name in _ALWAYS or getattr(report.total, name)]

    def cells(row: Any, named: Sequence[str]) -> tuple[str, ...]:
        return (*named, *(count(getattr(row, name)) for name in figures))

    rows = [cells(row, [getattr(row, name) for name in labels]) for row in report.rows]
    total = cells(report.total, ["all", *[""] * (len(labels) - 1)][: len(labels)])
    print_rows([*rows, total], [*(label.upper() for label in labels), *(titles[name] for name in figures)])
    if report.without_key:
        click.echo(f"Beside them {plural(report.without_key, 'request')} without a valid key.", err=True)
    if report.unreadable:
        click.echo(
            f"{plural(report.unreadable, 'line')} of the audit cannot be read. `awqctl audit verify` says which.",
            err=True,
        )


_ALWAYS = ("requests", "prompt_tokens", "completion_tokens")

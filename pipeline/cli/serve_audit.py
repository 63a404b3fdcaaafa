"""`awqctl serve audit`: the running endpoint probed from outside."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from pipeline.cli.common import emit, json_option, reporter, verbosity_options
from pipeline.cli.table import print_rows

if TYPE_CHECKING:
    from serve.checks.exposure.result import SelfAudit

_STYLES = {"pass": "green", "fail": "red", "not checked": "yellow"}


@click.command()
@click.option("--endpoint", metavar="NAME", help="Of the endpoint; default the only one there is.")
@verbosity_options
@json_option
def audit(endpoint: str | None, *, verbose: bool, quiet: bool, as_json: bool) -> int:
    """Probe the running endpoint from outside: routes, TLS, limits, hostile requests, processes, files.

    Every route of the installed vLLM's application is tried, with a key and without. Ends with 3 when anything fails.
    """
    from serve.supervisor.self_audit import audit_running

    found = audit_running(endpoint, reporter(verbose=verbose, quiet=quiet))
    emit(as_json, found, lambda: _print(found))
    return 0 if found.passed else 3


def _print(found: "SelfAudit") -> None:
    from rich.text import Text

    rows = [
        (Text(each.verdict, style=_STYLES[each.verdict]), f"{each.area}: {each.name}", each.detail)
        for each in found.items
    ]
    print_rows(rows)
    counts: Counter[str] = Counter(each.verdict for each in found.items)
    click.echo(f"{found.base_url}: {', '.join(f'{counts[verdict]} {verdict}' for verdict in _STYLES)}.", err=True)

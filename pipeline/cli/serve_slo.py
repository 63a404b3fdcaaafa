"""`awqctl serve slo`: was what the endpoint promises kept?"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pipeline.cli.common import emit, json_option
from pipeline.cli.duration import duration
from pipeline.cli.serve_control import endpoint_option
from pipeline.cli.table import print_rows

if TYPE_CHECKING:
    from serve.monitoring.service_levels import LevelVerdict
    from serve.monitoring.slo import SloReport

_PASSED, _GATE_FAILED = 0, 3


@click.command()
@click.option(
    "--window",
    type=duration,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="The time just past: 30m, 1h, 7d.",
)
@endpoint_option
@json_option
def slo(*, window: timedelta, endpoint: str | None, as_json: bool) -> int:
    """Hold the endpoint against the levels of its recipe: p95, errors, availability.

    Ends with 0 when all were kept, and with 3 when one was missed or is undecided: too few requests or samples to tell.
    The figures are exact: every request's line of the audit, and a sample of the replicas every ten seconds.
    """
    from serve.endpoint import chosen_endpoint
    from serve.monitoring.slo import slo_report

    found = slo_report(chosen_endpoint(endpoint), window, datetime.now(UTC))
    emit(as_json, found, lambda: _show(found))
    return _PASSED if found.verdict == "kept" else _GATE_FAILED


def _show(found: "SloReport") -> None:
    from pipeline.base.format import clock, count

    click.echo(f"{found.endpoint}, {found.since} to {found.until}: {found.verdict}")
    click.echo()
    print_rows([_row(level) for level in found.levels], ("LEVEL", "LIMIT", "MEASURED", "VERDICT", "WHY"))
    requests = found.requests
    apart = {
        "answered": requests.answered,
        "failed": requests.failed,
        "given up by the client": requests.abandoned,
        "refused (4xx)": requests.refused,
        "limited (429)": requests.limited,
        "without a valid key": requests.unknown_key,
    }
    click.echo()
    click.echo("Requests: " + ", ".join(f"{count(amount)} {said}" for said, amount in apart.items()) + ".")
    click.echo(
        f"Time: {clock(found.ready_s)} ready, {clock(found.down_s)} not ready, {clock(found.unknown_s)} unknown, "
        f"{clock(found.planned_s)} stopped on request or starting."
    )


def _row(level: "LevelVerdict") -> tuple[str, str, str, str, str]:
    from pipeline.base.format import NONE, certainty, percent, seconds, share_of_time

    form = {"p95": seconds, "errors": percent, "availability": share_of_time}[level.level]
    name = {"p95": "p95 of answers", "errors": "share of errors", "availability": "availability"}[level.level]
    side = "at least" if level.level == "availability" else "at most"
    value = NONE if level.value is None else form(level.value)
    limit = seconds(level.limit) if level.level == "p95" else certainty(level.limit)
    return name, f"{side} {limit}", value, level.verdict, _why(level)


def _why(level: "LevelVerdict") -> str:
    from pipeline.base.format import count, percent, plural, share_of_time

    form = share_of_time if level.level == "availability" else percent
    of = {"p95": "of them slower than that", "errors": "of them failed", "availability": "of the time ready"}
    bounds = ""
    if level.low is not None and level.high is not None and level.low < level.high:
        bounds = f"between {form(level.low)} and {form(level.high)} {of[level.level]}"
    what = "sample" if level.level == "availability" else "request"
    seen = plural(level.of, what) + (f", {bounds}" if bounds else "")
    return f"{seen}; {count(level.needed)} could decide it" if level.needed else seen

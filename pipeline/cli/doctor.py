"""`awqctl doctor`: what this machine can run, and what is missing; with `--gpu`, whether it is well."""

from typing import TYPE_CHECKING

import click

from pipeline.cli.common import emit, json_option
from pipeline.cli.table import print_rows

if TYPE_CHECKING:
    from pipeline.hardware.health.now import HealthReport

_STYLES = {"ok": "green", "note": "yellow", "missing": "red"}
_HEALTH_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "not reported": "dim"}


@click.command()
@click.option("--gpu", "health", is_flag=True, help="Health of GPUs, processors and memory: pass, warn or fail.")
@json_option
def doctor(health: bool, as_json: bool) -> int:  # noqa: FBT001 -- flags
    """Say what this machine can run, which engine builds will be used, and why.

    Ends with 4 when something is missing. With --gpu it looks at the health of every GPU (clocks, temperature, power,
    memory errors, links, other processes) and of the machine instead: it ends with 0 when all that is reported passes
    or is only warned of, and with 4 when a check fails or there is no GPU. Before quantize, eval, bench and serve the
    GPUs that they take are checked likewise.
    """
    return _health(as_json=as_json) if health else _builds(as_json=as_json)


def _builds(*, as_json: bool) -> int:
    from pipeline.base.homes import user_home
    from pipeline.cli.doctor_checks import examine

    diagnoses = examine(user_home())

    def table() -> None:
        from rich.text import Text

        print_rows([(Text(one.state, style=_STYLES[one.state]), one.subject, one.detail) for one in diagnoses])

    emit(as_json, diagnoses, table)
    return 4 if any(diagnosis.state == "missing" for diagnosis in diagnoses) else 0


def _health(*, as_json: bool) -> int:
    from pipeline.hardware.health.now import health_now

    report = health_now(lambda facts: [gpu.index for gpu in facts])
    emit(as_json, report, lambda: _print(report))
    return 0 if report.well else 4


def _print(report: "HealthReport") -> None:
    from rich.text import Text

    for gpu in report.gpus:
        click.echo(f"GPU {gpu.index}: {gpu.name}, driver {gpu.driver or 'unknown'}")
    if not report.gpus:
        click.echo("No GPU answers through a driver (NVML, amdsmi): only processors and memory are checked.")
    rows = [
        (Text(check.state, style=_HEALTH_STYLES[check.state]), f"{check.subject}, {check.name}", check.finding)
        for check in report.checks
    ]
    print_rows(rows)

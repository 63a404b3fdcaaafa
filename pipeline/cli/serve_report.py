"""`awqctl serve report`: what the endpoint did over days."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import FiniteRange, UserPath, emit, json_option
from pipeline.cli.report import formats_option
from pipeline.cli.serve_control import endpoint_option

if TYPE_CHECKING:
    from serve.monitoring.operation import Period


@click.command("report")
@click.option(
    "--period",
    type=click.Choice(["week", "month", "quarter"]),
    default="week",
    show_default=True,
    help="The last 7, 30 or 91 days, today included.",
)
@formats_option("Of html, pdf, pptx, xlsx, md, csv, json; default html,md,json.")
@click.option("--usd-per-hour", type=FiniteRange(min=0), help="Of the machine; default the record of the release.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option("--out", type=UserPath(), help="Folder for the files; default operation-PERIOD below the endpoint's.")
@endpoint_option
@json_option
def operation_report(
    *,
    period: "Period",
    formats: tuple[Any, ...] | None,
    usd_per_hour: float | None,
    language: str,
    out: Path | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Report what the endpoint did: levels kept by day, tokens and cost by key, drift, incidents, and what follows.

    Made from the audit and the samples that the endpoint leaves, whether it runs or not. Nothing is asked of it.
    """
    from pipeline.recipe.report import DEFAULT_FORMATS
    from pipeline.report.operation.document import operation_report as made
    from pipeline.report.operation.files import write_operation
    from pipeline.report.operation.release_record import benchmark_of, price_of, record_of
    from serve.endpoint import chosen_endpoint
    from serve.monitoring.operation import operation
    from serve.monitoring.promises import read_promises

    folder = chosen_endpoint(endpoint)
    served = read_promises(folder).models
    record = record_of(served)
    result = operation(
        folder,
        period,
        datetime.now(UTC),
        benchmark=benchmark_of(record),
        price=price_of(record, usd_per_hour),
    )
    report = made(result, served, language)
    target = out or folder.path / f"operation-{period}"
    files = write_operation(target, result, report, formats or DEFAULT_FORMATS)

    def show() -> None:
        click.echo(report.recommendation)
        for step in report.next_steps:
            click.echo(f"- {step}")
        for path in files:
            click.echo(path)

    emit(as_json, result, show)

"""`awqctl doctor`: what this machine can run, and what is missing."""

import click

from pipeline.cli.common import emit, json_option

_MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "missing": ("missing", "red")}


@click.command()
@json_option
def doctor(as_json: bool) -> int:  # noqa: FBT001 -- a flag
    """Say what this machine can run, which engine builds will be used, and why.

    Ends with 4 when something is missing.
    """
    from pipeline.context import user_home
    from pipeline.doctor import examine

    findings = examine(user_home())

    def table() -> None:
        for finding in findings:
            word, colour = _MARKS[finding.state]
            click.echo(f"{click.style(f'{word:<8}', fg=colour)}{finding.subject:<16} {finding.detail}")

    emit(as_json, findings, table)
    return 4 if any(finding.state == "missing" for finding in findings) else 0

"""`awqctl doctor`: what this machine can run, and what is missing."""

import click

from pipeline.cli.common import console, emit, json_option

_STYLES = {"ok": "green", "note": "yellow", "missing": "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> int:  # noqa: FBT001 -- a flag
    """Say what this machine can run, which engine builds will be used, and why.

    Ends with 4 when something is missing.
    """
    from pipeline.base.homes import user_home
    from pipeline.cli.doctor_checks import examine

    findings = examine(user_home())

    def table() -> None:
        screen = console()
        for finding in findings:
            screen.print(f"{finding.state:<8}", style=_STYLES[finding.state], end="")
            screen.print(f"{finding.subject:<16} {finding.detail}", markup=False, soft_wrap=True)

    emit(as_json, findings, table)
    return 4 if any(finding.state == "missing" for finding in findings) else 0

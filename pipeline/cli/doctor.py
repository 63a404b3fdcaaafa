"""`awqctl doctor`: what this machine can run, and what is missing."""

import click

from pipeline.cli.common import emit, json_option
from pipeline.cli.table import print_rows

_STYLES = {"ok": "green", "note": "yellow", "missing": "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> int:  # noqa: FBT001 -- a flag
    """Say what this machine can run, which engine builds will be used, and why.

    Ends with 4 when something is missing.
    """
    from pipeline.base.homes import user_home
    from pipeline.cli.doctor_checks import examine

    diagnoses = examine(user_home())

    def table() -> None:
        from rich.text import Text

        print_rows([(Text(one.state, style=_STYLES[one.state]), one.subject, one.detail) for one in diagnoses])

    emit(as_json, diagnoses, table)
    return 4 if any(diagnosis.state == "missing" for diagnosis in diagnoses) else 0

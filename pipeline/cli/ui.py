"""`awqctl ui`: the MLflow UI on the run store."""

import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from pipeline.run.tracking import DEFAULT_STORE

if TYPE_CHECKING:
    from pipeline.runtimes.process import GuardedProcess


@click.command()
@click.option("--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store.")
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 takes a free port.")
@click.option("--open", "open_browser", is_flag=True, help="Open a browser on it.")
def ui(store: str, port: int, open_browser: bool) -> None:  # noqa: FBT001 -- a flag
    """Open the MLflow UI on the run store, on loopback, until Ctrl-C."""
    import tempfile
    from pathlib import Path

    from pipeline.base.errors import BusyError, EnvironmentLackError
    from pipeline.engines.address import choose_address
    from pipeline.run.tracking import Tracker
    from pipeline.runtimes.process import GuardedProcess, engine_environment
    from pipeline.runtimes.rootcause import cause_of_death

    Tracker(store).connect()
    chosen = choose_address("127.0.0.1", port)[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--host",
        "127.0.0.1",
        "--port",
        str(chosen),
    ]
    environment = engine_environment({"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_BACKEND_STORE_URI": store})
    with tempfile.TemporaryDirectory(prefix="awqctl-ui-") as folder:
        log = Path(folder) / "mlflow.log"
        with GuardedProcess(command, log=log, environment=environment) as process:
            url = f"http://127.0.0.1:{chosen}"
            click.echo(f"MLflow UI on {url} (Ctrl-C stops it)")
            if open_browser:
                webbrowser.open(url)
            status = _wait(process)
        if status:
            cause = cause_of_death(status, log.read_text(encoding="utf-8", errors="replace"))
            if "ddress already in use" in cause:
                raise BusyError(f"Port {chosen} is in use. Choose another with --port.")
            raise EnvironmentLackError(f"The MLflow UI ended: {cause} Check --store and --port.")


def _wait(process: "GuardedProcess") -> int:
    """Return how the UI ended; 0 when the user ended it."""
    try:
        return process.process.wait()
    except KeyboardInterrupt:
        return 0

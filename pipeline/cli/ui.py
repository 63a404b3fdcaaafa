"""`awqctl ui`: the MLflow UI on the run store."""

import contextlib
import webbrowser

import click

from pipeline.cli.common import reporter, verbosity_options
from pipeline.run.tracking import DEFAULT_STORE


@click.command()
@click.option("--store", default=DEFAULT_STORE, show_default=True, metavar="URI", help="MLflow store.")
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 takes a free port.")
@click.option("--open", "open_browser", is_flag=True, help="Open a browser on it.")
@verbosity_options
def ui(store: str, *, port: int, open_browser: bool, verbose: bool, quiet: bool) -> None:
    """Open the MLflow UI on the run store, on loopback, until Ctrl-C.

    Prints the address when it answers. The first page is the table of runs.
    """
    from pipeline.engines.address import listen_on_loopback
    from pipeline.run.runs_view import write_view
    from pipeline.run.tracking import Tracker
    from pipeline.run.ui_server import ui_server

    shown = reporter(verbose=verbose, quiet=quiet)
    with listen_on_loopback(port) as listener, contextlib.suppress(KeyboardInterrupt):
        with shown.task("opening the MLflow store"):
            tracker = Tracker(store)
            tracker.write(write_view)
        with shown.task("starting the MLflow UI"):
            server = ui_server(listener, store, tracker.experiment_id)
        url = f"http://127.0.0.1:{server.port}"
        click.echo(f"MLflow UI on {url} (Ctrl-C stops it)")
        if open_browser:
            webbrowser.open(url)
        server.serve_forever()

"""`awqctl serve status --watch`: the endpoint until somebody leaves; redrawn on a terminal, line by line elsewhere."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pipeline.cli.common import console
from pipeline.cli.serve_status_table import one_line, picture

if TYPE_CHECKING:
    from serve.endpoint import EndpointFolder
    from serve.live.watch import Watch

_LEAVE = b"q"


def watch(folder: "EndpointFolder", every_s: float) -> None:
    """Show the endpoint every so many seconds until `q` or Ctrl-C; one that ends and comes back is followed."""
    from serve.live.watch import Watch

    screen = console()
    with Watch(folder) as looking:
        try:
            if screen.is_terminal and not screen.is_dumb_terminal:
                _redraw(looking, folder.name, every_s)
            else:
                _say(looking, folder.name, every_s)
        except KeyboardInterrupt:
            return


def _say(looking: "Watch", name: str, every_s: float) -> None:
    while True:
        click.echo(one_line(looking.look(), name))
        sys.stdout.flush()
        time.sleep(every_s)


def _redraw(looking: "Watch", name: str, every_s: float) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    foot = Text(f"every {every_s:g} s; traffic of the last minute; q leaves, the endpoint goes on", style="dim")
    with _keys() as pressed, Live(console=console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(picture(looking.look(), name), Text(""), foot), refresh=True)
            if pressed(every_s) == _LEAVE:
                return


@contextmanager
def _keys() -> Iterator[Callable[[float], bytes]]:
    """Yield what waits for a key so many seconds, and returns it; nothing where none was pressed."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield lambda seconds: os.read(descriptor, 1) if select.select([descriptor], [], [], seconds)[0] else b""
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> bytes:
    time.sleep(seconds)
    return b""

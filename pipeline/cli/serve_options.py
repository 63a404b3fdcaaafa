"""Where an endpoint listens, as options of `awqctl serve` and of what is made for it."""

from typing import Any

import click

from pipeline.cli.common import FunctionT


def address_options(function: FunctionT) -> FunctionT:
    """Add `--host`, `--port` and `--plain-http`."""
    for decorate in (
        click.option("--plain-http", is_flag=True, help="No TLS. Keys and prompts cross the network readable."),
        click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free port; default the recipe's (8443)."),
        click.option("--host", metavar="ADDRESS", help="Address to listen on; default the recipe's (127.0.0.1)."),
    ):
        function = decorate(function)
    return function


def as_typed(arguments: dict[str, Any]) -> tuple[str, ...]:
    """Return these options as they were typed."""
    given = {"--host": arguments["host"], "--port": arguments["port"]}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    return (*options, *(["--plain-http"] if arguments["plain_http"] else []))

"""What the stage `serve` looks at before a run: the gateway, and the address at which the recipe will be offered."""

from collections.abc import Iterator

from pipeline.base.commands import command
from pipeline.base.errors import AwqctlError
from pipeline.engines.address import choose_address
from pipeline.record.preflight import Effort, Probe, Prospect
from pipeline.runtimes.haproxy import haproxy_version


def _gateway(_prospect: Prospect) -> Iterator[AwqctlError]:
    haproxy_version()
    yield from ()


def _address(prospect: Prospect) -> Iterator[AwqctlError]:
    """Bind the port and let go of it. A run tries the endpoint on a free port; this is for the one after the run."""
    offered = prospect.recipe.serve
    try:
        choose_address(offered.host, offered.port)
    except AwqctlError as problem:
        problem.message = f"`{command('serve')}` could not listen. {problem.message}"
        yield problem


PROBES = (
    Probe("gateway", _gateway, Effort.SECONDS, "HAProxy runs here.", of_machine=True),
    Probe("port", _address, Effort.THOROUGH, "The port of serve is free.", of_machine=True),
)

"""TCP ports on this machine."""

import socket

from pipeline.errors import BusyError


def choose_port(host: str, port: int) -> int:
    """Return `port`, or a free one for 0.

    Raises:
        BusyError: the port is in use, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise BusyError(
                f"Cannot listen on {host}:{port}: {problem.strerror}. "
                f"Choose another port, or stop the program that uses it."
            ) from problem
        chosen: int = probe.getsockname()[1]
        return chosen

"""A server on a unix socket that only its owner can open."""

import os
import socketserver
from pathlib import Path


class PrivateSocketServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread for each connection; what a killed process left at the path goes.

    Args:
        path: of the socket, in a private folder.
        handler: of each connection.
    """

    daemon_threads = True

    def __init__(self, path: Path, handler: type[socketserver.BaseRequestHandler]) -> None:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), handler)
        finally:
            os.umask(before)

"""How a running supervisor is asked: JSON lines over a unix socket that only its owner can open.

A client sends one line, `{"command": NAME, "arguments": {...}}`. Lines come back: `{"note": TEXT}` while it works, and
one `{"result": {...}}` or `{"error": {"message": TEXT, "exit_code": N}}` at the end.
"""

import contextlib
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, cast

from pydantic import ValidationError

from pipeline.base.commands import command as typed
from pipeline.base.errors import AwqctlError, BusyError, EnvironmentLackError, UsageError
from pipeline.base.locks import is_held
from pipeline.base.results import Result
from pipeline.runtimes.private_socket import PrivateSocketServer
from serve.endpoint import EndpointFolder, not_running
from serve.gateway.files import write_private

Note = Callable[[str], None]
"""Tells the client how far it is."""
Command = Callable[[dict[str, Any], Note], Result]
"""Does what is asked; raises `AwqctlError` where it cannot."""
_CONNECT_TIMEOUT_S = 5.0


class Address(Result):
    """What a supervisor leaves in its endpoint's folder while it runs."""

    pid: int
    socket: str
    started_at: str


class RemoteError(AwqctlError):
    """What the supervisor answered instead of a result."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ControlServer:
    """Answers commands in threads; a context manager that leaves no socket and no address behind.

    Args:
        folder: of the endpoint, for the address.
        socket_path: in a folder that only the owner may enter.
        commands: by name.
        started_at: UTC, ISO 8601.
    """

    def __init__(
        self, folder: EndpointFolder, socket_path: Path, commands: dict[str, Command], *, started_at: str
    ) -> None:
        self._folder = folder
        self._path = socket_path
        self._started_at = started_at
        self._server = _Server(socket_path, commands)
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        address = Address(pid=os.getpid(), socket=str(self._path), started_at=self._started_at)
        write_private(self._folder.state, address.model_dump_json() + "\n")
        return self

    def __exit__(self, *exc: object) -> None:
        self._folder.state.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def address_of(folder: EndpointFolder) -> Address | None:
    """Return where the endpoint's supervisor can be asked; None where none runs.

    The lock tells, not the process id: what a killed supervisor left names a process that may be another's by now.
    """
    try:
        address = Address.model_validate_json(folder.state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None
    return address if is_held(folder.lock) else None


def refuse_between(folder: EndpointFolder) -> None:
    """Return unless a supervisor owns the endpoint that cannot be asked yet, or no longer.

    Raises:
        BusyError: one does.
    """
    if is_held(folder.lock):
        raise BusyError(
            f"The endpoint '{folder.name}' is just starting or ending. Try again in a moment; "
            f"`{typed('serve status', '--endpoint', folder.name)}` says how it is."
        )


def ask(
    folder: EndpointFolder,
    command: str,
    arguments: dict[str, Any] | None = None,
    *,
    note: Note | None = None,
    timeout_s: float | None = 60.0,
) -> dict[str, Any]:
    """Return what the endpoint's supervisor answers.

    Args:
        folder: of the endpoint.
        command: what it is asked.
        arguments: of the command.
        note: told what it says meanwhile.
        timeout_s: longest silence; None for any.

    Raises:
        BusyError: it is starting or ending.
        EnvironmentLackError: no supervisor runs, or it does not answer.
        RemoteError: it cannot do that; has the exit code of the reason.
    """
    address = address_of(folder)
    if address is None:
        refuse_between(folder)
        raise EnvironmentLackError(f"{not_running(folder)} Start it with `{typed('serve')}`.")
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_CONNECT_TIMEOUT_S)
            connection.connect(address.socket)
            connection.settimeout(timeout_s)
            connection.sendall(json.dumps({"command": command, "arguments": arguments or {}}).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as lines:
                for line in lines:
                    answer = json.loads(line)
                    if "result" in answer:
                        return cast("dict[str, Any]", answer["result"])
                    if "error" in answer:
                        raise RemoteError(answer["error"]["message"], answer["error"]["exit_code"])
                    if note:
                        note(answer["note"])
    except OSError as problem:
        raise EnvironmentLackError(
            f"The supervisor of '{folder.name}' (process {address.pid}) does not answer: {problem}. Look at its log; "
            f"`kill {address.pid}` stops it."
        ) from problem
    raise EnvironmentLackError(f"The supervisor of '{folder.name}' ended while it was asked. Look at its log.")


class _Server(PrivateSocketServer):
    def __init__(self, path: Path, commands: dict[str, Command]) -> None:
        self.commands = commands
        super().__init__(path, _Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for answer in self._answers():
            with contextlib.suppress(BrokenPipeError):  # whoever asked has gone; what was begun is finished
                self._send(answer)

    def _answers(self) -> Iterator[dict[str, Any]]:
        try:
            asked = json.loads(self.rfile.readline())
            command = cast("_Server", self.server).commands.get(asked["command"])
            if command is None:
                raise UsageError(
                    f"This supervisor knows no command '{asked['command']}'. It may be an older one: start it again."
                )
            yield {"result": command(asked["arguments"], self._note).model_dump(mode="json")}
        except AwqctlError as problem:
            yield {"error": {"message": str(problem), "exit_code": problem.exit_code}}
        except (ValueError, KeyError, TypeError) as problem:
            yield {"error": {"message": f"The command cannot be read: {problem!r}.", "exit_code": 2}}

    def _note(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._send({"note": text})

    def _send(self, answer: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(answer).encode() + b"\n")
        self.wfile.flush()

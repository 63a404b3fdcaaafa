"""HAProxy's runtime API: a command over a unix socket, to the process that answers now, or to those before a reload."""

import contextlib
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.errors import EngineError

_TIMEOUT_S = 5.0
_AT_ONCE = 100
_OLD_WORKERS = "# old workers"


class RuntimeApi:
    """Commands to HAProxy.

    Args:
        worker: socket of the process that serves.
        master: socket of the process above it, which starts a new one at a reload.
    """

    def __init__(self, worker: Path, master: Path) -> None:
        self.worker = worker
        self.master = master

    def ask(self, command: str) -> str:
        """Return what the process that serves says to a command that shows something.

        Raises:
            EngineError: it does not answer.
        """
        return _exchange(self.worker, command)

    def do(self, command: str, *, says: str = "") -> None:
        """Have the process that serves change something.

        Args:
            command: one line, or one with a payload (`<<`).
            says: what it answers when that succeeds; most commands say nothing.

        Raises:
            EngineError: it does not answer or refuses.
        """
        answer = _exchange(self.worker, command)
        if not (says in answer if says else answer == ""):
            raise EngineError(f"HAProxy refused `{' '.join(command.split()[:2])}`: {answer}")

    def do_all(self, commands: Sequence[str]) -> None:
        """Have the process that serves change several things, many at a time.

        Raises:
            EngineError: it does not answer or refuses.
        """
        for first in range(0, len(commands), _AT_ONCE):
            self.do("; ".join(commands[first : first + _AT_ONCE]))

    def do_everywhere(self, command: str) -> None:
        """Have it changed by those, too, that only finish what they had at a reload.

        Raises:
            EngineError: the process that serves does not answer or refuses.
        """
        self.do(command)
        for process in self.finishing():
            with contextlib.suppress(EngineError):  # it has finished meanwhile
                _exchange(self.master, f"@!{process} {command}")

    def finishing(self) -> tuple[int, ...]:
        """Return the processes of before a reload that still have answers under way.

        Raises:
            EngineError: HAProxy does not answer.
        """
        _, found, rows = _exchange(self.master, "show proc").partition(_OLD_WORKERS)
        processes = re.findall(r"^(\d+)\s+worker\b", rows, re.MULTILINE) if found else []
        return tuple(int(process) for process in processes)

    def counters(self) -> tuple[str, ...]:
        """Return the commands that give another process the counters of this one.

        Raises:
            EngineError: HAProxy does not answer.
        """
        tables = re.findall(r"^# table: ([^\s,]+)", self.ask("show table"), re.MULTILINE)
        return tuple(command for table in tables for command in counting(table, self.ask(f"show table {table}")))

    def process(self) -> int:
        """Return the process id of the one that serves.

        Raises:
            EngineError: it does not answer.
        """
        return int(self.info()["Pid"])

    def info(self) -> dict[str, str]:
        """Return HAProxy's own figures by name.

        Raises:
            EngineError: it does not answer.
        """
        lines = (line.partition(": ") for line in self.ask("show info").splitlines())
        return {name: value for name, _, value in lines}

    def start_new_worker(self) -> str:
        """Have the configuration read again by a new process that takes over the port; return what is said of it.

        Raises:
            EngineError: the process above does not answer.
        """
        return _exchange(self.master, "reload", timeout_s=30)


def counting(table: str, rows: str) -> tuple[str, ...]:
    """Return the commands that make the counters of a stick table again what they are.

    What is under way at a moment (`conn_cur`) is not counted again: it belongs to the process that has it.

    Args:
        table: its name.
        rows: what `show table` says of it.
    """
    commands = []
    for key, values in re.findall(r"\bkey=(\S+) use=\d+ exp=\d+(.*)$", rows, re.MULTILINE):
        counters = re.findall(r"\b(gpc\d|\w+_cnt)=(\d+)", values)
        if counters:
            told = " ".join(f"data.{name} {value}" for name, value in counters)
            commands.append(f"set table {table} key {key} {told}")
    return tuple(commands)


def word(text: str) -> str:
    """Return text as one argument of the runtime API, which takes a backslash before what would end it."""
    return "".join(f"\\{character}" if character in " \\;\n" else character for character in text)


def _exchange(path: Path, command: str, timeout_s: float = _TIMEOUT_S) -> str:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(f"{command}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode().strip()
    except OSError as problem:
        raise EngineError(f"HAProxy does not answer on its control socket: {problem}.") from problem

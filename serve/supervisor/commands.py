"""What a running supervisor does when it is asked through its control socket."""

import os
from typing import TYPE_CHECKING, Any

from pipeline.base.results import Result
from serve.supervisor.control import Command, Note

if TYPE_CHECKING:
    from serve.supervisor.supervisor import Supervisor


class Stopping(Result):
    """The endpoint is about to end."""

    pid: int
    drain_timeout_s: int


def commands_of(supervisor: "Supervisor") -> dict[str, Command]:
    """Return the commands by name."""

    def status(_arguments: dict[str, Any], _note: Note) -> Result:
        return supervisor.status()

    def stop(_arguments: dict[str, Any], note: Note) -> Result:
        drain_s = supervisor.spec.offered.drain_timeout_s
        note(f"Answers under way may end within {drain_s} s; a second stop cuts them.")
        supervisor.stop.ask()
        return Stopping(pid=os.getpid(), drain_timeout_s=drain_s)

    return {"status": status, "stop": stop}

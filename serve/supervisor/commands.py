"""What a running supervisor does when it is asked through its control socket."""

import os
from typing import TYPE_CHECKING, Any

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.results import Result
from serve.releases.control_commands import ReleaseCommands
from serve.supervisor.control import Command, Note
from serve.supervisor.reload import reload

if TYPE_CHECKING:
    from serve.supervisor.supervisor import Supervisor


class Stopping(Result):
    """The endpoint is about to end."""

    pid: int
    drain_timeout_s: int


def commands_of(supervisor: "Supervisor", changes: ReleaseCommands | None) -> dict[str, Command]:
    """Return the commands by name.

    Args:
        supervisor: that does what is asked.
        changes: of its release; None for what is no release.
    """

    def status(_arguments: dict[str, Any], _note: Note) -> Result:
        return supervisor.status()

    def probe_facts(_arguments: dict[str, Any], _note: Note) -> Result:
        return supervisor.probe_facts()

    def stop(_arguments: dict[str, Any], note: Note) -> Result:
        drain_s = supervisor.spec.offered.drain_timeout_s
        note(f"Answers under way may end within {drain_s} s; a second stop cuts them.")
        supervisor.stop.ask()
        return Stopping(pid=os.getpid(), drain_timeout_s=drain_s)

    def reload_recipe(_arguments: dict[str, Any], note: Note) -> Result:
        return reload(supervisor, note)

    def no_release(_arguments: dict[str, Any], _note: Note) -> Result:
        raise UsageError(
            "This endpoint serves no release: it has several models, or was started with --checkpoint. Change what it "
            f"serves in the recipe, and `{command('serve reload')}`."
        )

    return {
        "status": status,
        "probe_facts": probe_facts,
        "stop": stop,
        "reload": reload_recipe,
        "promote": changes.promote if changes else no_release,
        "rollback": changes.rollback if changes else no_release,
    }

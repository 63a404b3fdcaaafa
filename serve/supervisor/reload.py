"""A running endpoint takes over what its recipe says now."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.results import Result
from serve.gateway.settings import DoorSettings
from serve.supervisor.changes import changes_between, releases_kept, taken_over
from serve.supervisor.rolling import replace_one_by_one

if TYPE_CHECKING:
    from serve.supervisor.supervisor import Supervisor


class Reloaded(Result):
    """What a reload did."""

    done: tuple[str, ...]
    """What is different from now on, as sentences; nothing where nothing was."""
    at_restart: tuple[str, ...] = ()
    """What stays until the endpoint is started anew."""


def reload(supervisor: "Supervisor", note: Callable[[str], None]) -> Reloaded:
    """Take over door settings without losing a request, and replace engines one after the other where need be.

    Raises:
        UsageError: the endpoint was not started from a recipe.
        BusyError: another change is under way.
        AwqctlError: the recipe cannot be served, HAProxy does not accept it, or an engine cannot be replaced; what was
            not changed by then stays as it was.
    """
    if supervisor.reread is None:
        raise UsageError(f"This endpoint has nothing to read again. Stop it, and start it with `{command('serve')}`.")
    with supervisor.fleet.changing("a reload"):
        note("reading the recipe again")
        old = supervisor.spec
        serving = {model.name: supervisor.fleet.serving(model.name) for model in old.models}
        new = releases_kept(supervisor.reread(), serving)
        changes = changes_between(old, new, serving)
        done = []
        with ExitStack() as undone:
            if DoorSettings.of(old.offered) != DoorSettings.of(new.offered):
                supervisor.gateway.reload(DoorSettings.of(new.offered))
                # Otherwise the next reload, of the recipe as it was, would find nothing to change.
                undone.callback(supervisor.gateway.reload, DoorSettings.of(old.offered))
                done.append("The door lets requests in by the new settings.")
            if supervisor.renew_certificate(at_once=True):
                done.append("The door shows the renewed certificate.")
            supervisor.fleet.spec = taken_over(old, new, changes)
            undone.callback(setattr, supervisor.fleet, "spec", old)
            for model in changes.rolling:
                drain_s = new.offered.drain_timeout_s
                replace_one_by_one(supervisor.fleet, model, drain_s=drain_s, stop=supervisor.stop, note=note)
                done.append(f"The engines of {model.name} were replaced one after the other.")
            undone.pop_all()
        supervisor.spec = supervisor.fleet.spec
        supervisor.promise()
        return Reloaded(done=tuple(done), at_restart=changes.at_restart)

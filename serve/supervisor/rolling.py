"""Engines replaced one after the other, each by one that is up before it leaves."""

from collections.abc import Callable

from pipeline.base.errors import EnvironmentLackError
from serve.supervisor.fleet import Fleet
from serve.supervisor.spec import ServedModel
from serve.supervisor.stop import Stop


def replace_one_by_one(
    fleet: Fleet, model: ServedModel, *, drain_s: float, stop: Stop, note: Callable[[str], None]
) -> None:
    """Replace the engines of the model of that name.

    Args:
        fleet: with the engines.
        model: what the new ones serve.
        drain_s: for which answers of an engine that leaves may go on.
        stop: ends a start that is under way.
        note: told what happens.

    Raises:
        EnvironmentLackError: there is no room for one more; those of before serve on.
        AwqctlError: a new one does not start; what has not been replaced by then serves on.
    """
    old = fleet.of(model.name)
    for number, replica in enumerate(old, 1):
        if not fleet.has_room(model, 1):
            raise EnvironmentLackError(
                f"{model.name} has {len(old) - number + 1} engines to be replaced, and no room for one more beside "
                f"those that run. Stop the endpoint and start it again; it answers 503 meanwhile."
            )
        note(f"{model.name}: starting engine {number} of {len(old)} with the new settings")
        (new,) = fleet.launch(model, 1)
        fleet.wait_until_settled([new], stop)
        if new.failure:
            fleet.end([new])
            raise new.failure
        note(f"{model.name}: it is up; the one before finishes what it has")
        fleet.retire([replica], drain_s=drain_s, cut=stop.cut)
    fleet.becomes(model)

"""A change of release as a command line asks for it: of the supervisor that runs, else of the registry."""

from collections.abc import Callable
from typing import Any

from pipeline.base.errors import Interrupted
from pipeline.base.progress import Reporter
from serve.releases.alias import move_alias
from serve.releases.changes import Change, Kind
from serve.releases.registry import Registry
from serve.releases.release import Release
from serve.supervisor.control import Note, address_of, ask, refuse_between

Confirm = Callable[[str], bool]
"""Asks somebody; raises where nobody can be asked."""


def change_release(
    registry: Registry, kind: Kind, release: Release, *, confirm: Confirm | None, note: Note, reporter: Reporter
) -> Change | None:
    """Let a release take the place of what is served; return how that ended, None where somebody said no.

    Where the endpoint does not run, the next start serves it. Where it runs, its supervisor makes the change; whoever
    stops listening does not stop it.

    Args:
        registry: of the endpoint.
        kind: whether it is one to go back to.
        release: to be served.
        confirm: None takes every question for answered with yes.
        note: told what the supervisor says meanwhile.
        reporter: told what is verified here.

    Raises:
        AwqctlError: it cannot be done; nothing has changed then.
        Interrupted: somebody stopped listening.
    """
    folder = registry.folder
    if address_of(folder) is None:
        refuse_between(folder)  # it would go on with what it began with
        return move_alias(registry, kind, release, reporter)
    question = f"Let {release.label} (digest {release.digest[:12]}; gates: {release.gates_in_short}) be served"
    if confirm is not None and not confirm(f"{question} by the running endpoint '{folder.name}'?"):
        return None
    asked: dict[str, Any] = {"version": release.version, "digest": release.digest}
    asked |= {"yes": confirm is None, "interrupt": confirm is None}

    def sent(**more: object) -> Change:
        try:
            answer = ask(folder, kind, {**asked, **more}, note=note, timeout_s=None)
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted(
                f"The supervisor of '{folder.name}' goes on with it. `awqctl release ls --endpoint {folder.name}` "
                f"tells how it ended."
            ) from None
        return Change.model_validate(answer)

    change = sent()
    if confirm is not None and change.outcome == "interruption":
        forecast = " ".join(change.said)
        if not confirm(f"There is no room for both releases: nothing is served in between. {forecast} Change it?"):
            return None
        change = sent(interrupt=True)
    if confirm is not None and change.outcome == "undecided":
        found = " ".join(change.said)
        change = sent(shift=confirm(f"The canary is undecided. {found} Give it all requests all the same?"))
    return change

"""What `awqctl release ls` tells: the releases of an endpoint, which one is production, and the latest change."""

from pipeline.base.results import Result
from serve.releases.changes import Change, latest_change
from serve.releases.registry import PREVIOUS, PRODUCTION, Registry
from serve.releases.release import Release


class ReleaseListing(Result):
    """The releases of one endpoint, the newest first."""

    endpoint: str
    store: str
    """Where they are registered, without passwords."""
    production: int | None
    previous: int | None
    """What `rollback` goes back to."""
    releases: tuple[Release, ...]
    latest_change: Change | None

    def role(self, release: Release) -> str:
        """Return the alias of a release; empty for most."""
        return {self.production: PRODUCTION, self.previous: PREVIOUS}.get(release.version, "")


def listing(registry: Registry) -> ReleaseListing:
    """Return the endpoint's releases.

    Raises:
        EnvironmentLackError: the store cannot be used.
    """
    aliases = registry.aliases()
    return ReleaseListing(
        endpoint=registry.folder.name,
        store=registry.store,
        production=aliases.get(PRODUCTION),
        previous=aliases.get(PREVIOUS),
        releases=registry.releases(),
        latest_change=latest_change(registry.folder),
    )


def change_sentence(change: Change) -> str:
    """Return how a change ended, or that it has not, in a sentence for a reader."""
    what = f"{change.kind} to v{change.release}"
    before = f"v{change.replaced}" if change.replaced else "what was served before"
    ended = {
        "under way": f"{what} is under way.",
        "moved": f"{what}: the next start of the endpoint serves it.",
        "promoted": f"{what}: done, {before} is drained and kept.",
        "aborted": f"{what} was given up; {before} is served.",
        "undecided": f"{what}: the canary is undecided and keeps its share until somebody decides.",
        "interruption": f"{what}: nothing was done.",
    }[change.outcome]
    return f"{ended} Shifted although the canary decided nothing." if change.agreed else ended

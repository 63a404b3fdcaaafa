"""A change of release where no endpoint runs: the registry alone says what the next start serves."""

from pipeline.base.progress import Reporter
from serve.releases.changes import Change, Kind, keep_change, now
from serve.releases.location import verified
from serve.releases.registry import PRODUCTION, Registry
from serve.releases.release import Release


def move_alias(registry: Registry, kind: Kind, release: Release, reporter: Reporter) -> Change:
    """Make a release production once its weights are verified; there is nothing to try it on.

    Raises:
        SourceError: its weights are gone, or not what was registered.
        EnvironmentLackError: the store cannot be written.
    """
    verified(release, reporter)
    before = registry.aliases().get(PRODUCTION)
    registry.promote(release, back=kind == "rollback")
    change = Change(at=now(), kind=kind, release=release.version, replaced=before, outcome="moved")
    keep_change(registry.folder, change)
    registry.keep(change)
    return change

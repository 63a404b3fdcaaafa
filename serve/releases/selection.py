"""Which release an endpoint serves when it starts."""

import json
import shlex
from collections.abc import Callable

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.nested import flatten
from pipeline.base.progress import Reporter
from serve.releases.answers import StoredItem
from serve.releases.registry import Registry, pinned
from serve.releases.release import Release

Draft = Callable[[], tuple[Release, tuple[StoredItem, ...]]]
"""Makes the release that a run's checkpoint would be, its gates passed, with the answers that its evaluation stored."""


def release_to_serve(
    registry: Registry,
    draft: Draft,
    reporter: Reporter,
    *,
    version: int | None = None,
    made: Release | None = None,
) -> Release:
    """Return what to serve: the version asked for, else production; before the first release it registers the run's.

    A release that went back stays: a newer checkpoint of the run is only told of. A registry that cannot be reached
    keeps nobody from serving what the endpoint's folder says it served; nor does one that knows nothing of it, such as
    the new one that MLflow makes in another folder.

    Args:
        registry: of the endpoint.
        draft: makes the release of the run; called for the first release alone.
        reporter: told what is served, and what could be.
        version: in place of production, for this start.
        made: what the run has now, not registered; None where it has nothing.

    Raises:
        SourceError: there is no such version.
        GateError: it would be the first release, and a gate was not passed.
    """
    try:
        chosen = registry.release(version) if version is not None else registry.production()
    except EnvironmentLackError as problem:
        return _without_registry(registry, draft, reporter, problem, version)
    kept = pinned(registry.folder)
    if chosen is None and kept is not None:
        reporter.warn(
            f"{registry.store} knows no release of '{registry.folder.name}'. {kept.release.label} is served, which was "
            f"production at {kept.at}, registered in {kept.store}. Name that store with --store, or start in its "
            "folder; `awqctl release promote RUN` makes a release of this store production."
        )
        return kept.release
    if chosen is None:
        release, items = draft()
        chosen = registry.like(release) or registry.add(release, items)
        registry.promote(chosen)
        reporter.note(f"registered as {chosen.label} of '{chosen.endpoint}', production from now on", head="release")
    elif version is None:
        registry.pin(chosen)
    _tell(chosen, made, registry, reporter, asked=version is not None)
    return chosen


def _without_registry(
    registry: Registry, draft: Draft, reporter: Reporter, problem: EnvironmentLackError, version: int | None
) -> Release:
    """Return what the endpoint's folder says, else what the run has, unregistered."""
    kept = pinned(registry.folder)
    if version is not None and (kept is None or kept.release.version != version):
        raise problem
    if kept is not None:
        reporter.warn(f"{problem.message} {kept.release.label} is served, as of {kept.at}: it was production then.")
        return kept.release
    reporter.warn(
        f"{problem.message} The checkpoint is served all the same, but as no release: none can be gone back to."
    )
    return draft()[0]


def _tell(chosen: Release, made: Release | None, registry: Registry, reporter: Reporter, *, asked: bool) -> None:
    production = registry.aliases().get("production")
    if asked and production != chosen.version:
        reporter.warn(
            f"{chosen.label} is served until the next start, which serves production (v{production}). "
            f"`awqctl release promote {chosen.version} --endpoint {chosen.endpoint}` makes it production."
        )
    if made is None:
        return
    if made.digest != chosen.digest and (made.made_at or "") > (chosen.made_at or ""):
        reporter.warn(
            f"{chosen.label} is served (made {chosen.made_at}), and the run has a newer checkpoint (made "
            f"{made.made_at}). `{_promote(made)}` brings it."
        )
    elif differing := _differing(chosen, made):
        reporter.warn(
            f"{chosen.label} is served with the engine settings that it was registered with; the recipe has others: "
            f"{', '.join(differing)}. `{_promote(made, differing)}` brings them."
        )


def _differing(chosen: Release, made: Release) -> list[str]:
    """Return the settings of the engine that the recipe has otherwise by now, as `--set` takes them."""
    before, after = (dict(flatten(one.engine.model_dump(mode="json"))) for one in (chosen, made))
    return [f"engine.{key}={json.dumps(after[key])}" for key in after if after[key] != before.get(key)]


def _promote(made: Release, settings: list[str] | None = None) -> str:
    """Return the command that makes what the run has a release, and production."""
    chosen = [part for setting in settings or () for part in ("--set", setting)]
    return shlex.join(["awqctl", "release", "promote", made.run, "--endpoint", made.endpoint, *chosen])

"""What a running endpoint knows of its releases, and how one becomes engines."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.errors import UsageError
from pipeline.base.progress import Reporter
from serve.releases.control_commands import ReleaseCommands
from serve.releases.promotion import Smoke
from serve.releases.registry import Registry
from serve.releases.release import Release
from serve.supervisor.rollout import FleetRollout
from serve.supervisor.spec import ServedModel

if TYPE_CHECKING:
    from serve.supervisor.supervisor import Supervisor


@dataclass(frozen=True)
class Releases:
    """The registry of an endpoint, and what is served at its start."""

    registry: Registry
    serving: Release | None
    """None for what is no release."""


def released(model: ServedModel, release: Release) -> ServedModel:
    """Return the model as a release has it: its weights, and the settings that it was registered with."""
    return replace(
        model,
        checkpoint=Path(release.checkpoint),
        engine=release.engine,
        trust_remote_code=release.trust_remote_code,
        release=release.label,
    )


def release_commands(
    supervisor: "Supervisor", releases: Releases, *, event: Callable[[str], None], reporter: Reporter
) -> ReleaseCommands:
    """Return what changes the release that an endpoint serves."""

    def rollout(release: Release) -> FleetRollout:
        names = [model.name for model in supervisor.spec.models]
        if release.model_name not in names:
            raise UsageError(
                f"{release.label} is asked for as '{release.model_name}', and this endpoint serves {', '.join(names)}. "
                "Stop it, and start it with that release."
            )
        return supervisor.rollout(released(supervisor.fleet.serving(release.model_name), release))

    def exposed() -> Smoke:
        found = supervisor.self_audit(reporter)
        failed = [f"self-audit: {one.area}, {one.name}: {one.detail}." for one in found.items if one.verdict == "fail"]
        passed = sum(item.verdict == "pass" for item in found.items)
        return Smoke(passed=found.passed, said=(*failed, f"self-audit: {passed} of {len(found.items)} passed."))

    return ReleaseCommands(
        releases.registry,
        supervisor.spec.offered,
        releases.serving,
        rollout=rollout,
        exposed=exposed,
        event=event,
        reporter=reporter,
        stop=supervisor.stop,
    )

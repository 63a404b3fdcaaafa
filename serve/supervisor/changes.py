"""What differs between what is served and what a recipe says now, and what each difference takes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.engines.production import Production
from serve.releases.release import UNRELEASED
from serve.supervisor.production import production_of
from serve.supervisor.spec import ServedModel, ServingSpec

_AT_RESTART = ("certificate", "private_key", "metrics_port", "audit", "door_threads")
"""Keys of the section `serve` that are read at a start alone."""


@dataclass(frozen=True)
class Changes:
    """What a reload has to do."""

    rolling: tuple[ServedModel, ...] = ()
    """Models whose engines have to be replaced."""
    at_restart: tuple[str, ...] = ()
    """What only a new start can change, as the recipe calls it."""


def changes_between(old: ServingSpec, new: ServingSpec, serving: Mapping[str, ServedModel]) -> Changes:
    """Return what it takes to serve `new` in place of `old`.

    Args:
        old: what the endpoint was started or reloaded with last.
        new: what the recipe says now.
        serving: what the engines of each model serve, which a change of release may have set since.
    """
    found: list[str] = []
    if (old.host, old.port, old.tls) != (new.host, new.port, new.tls):
        found.append("the address (serve.host, serve.port, serve.tls)")
    found += [f"serve.{key}" for key in _AT_RESTART if getattr(old.offered, key) != getattr(new.offered, key)]
    before, now = ({model.name: _fixed(model) for model in spec.models} for spec in (old, new))
    if before.keys() != now.keys():
        found.append("which models there are (serve.models, serve.model_name)")
    found += [f"replicas or adapters of {name}" for name in before.keys() & now.keys() if before[name] != now[name]]
    rolling = (
        model
        for model in new.models
        if before.get(model.name) == now[model.name]
        and _started_with(new, model) != _started_with(old, serving[model.name])
    )
    return Changes(tuple(rolling), tuple(found))


def releases_kept(new: ServingSpec, serving: Mapping[str, ServedModel]) -> ServingSpec:
    """Return what is to be served after a reload, which changes no release: that is `awqctl release promote`.

    Args:
        new: what the recipe and the registry say now.
        serving: what the engines of each model serve.
    """
    return replace(new, models=tuple(_as_released(model, serving.get(model.name)) for model in new.models))


def taken_over(old: ServingSpec, new: ServingSpec, changes: Changes) -> ServingSpec:
    """Return what the endpoint is served with after the reload: what only a new start can change stays."""
    kept = {key: getattr(old.offered, key) for key in _AT_RESTART}
    rolled = {model.name: model for model in changes.rolling}
    return replace(
        old,
        offered=new.offered.model_copy(update=kept),
        models=tuple(rolled.get(model.name, model) for model in old.models),
    )


def _as_released(model: ServedModel, served: ServedModel | None) -> ServedModel:
    if served is None or served.release == UNRELEASED:
        return model
    kept = ("checkpoint", "engine", "trust_remote_code", "release", "max_prefill_tokens")
    return replace(model, **{key: getattr(served, key) for key in kept})


def _fixed(model: ServedModel) -> tuple[object, ...]:
    """Return what the door's configuration is made from."""
    return model.replicas, tuple(model.adapters)


def _started_with(spec: ServingSpec, model: ServedModel) -> tuple[object, Production]:
    """Return all that an engine is started with; how long it drains is the supervisor's matter."""
    return replace(model, release=""), replace(production_of(spec, model), drain_timeout_s=0)

"""`Registry`: the releases of one endpoint in MLflow's model registry, on the run store.

The registered model has the endpoint's name. A version is a document (`Release`) that pins a checkpoint by folder and
digest. The weights stay where they are: a copy in MLflow would be gigabytes more that somebody has to verify, and an
engine loads from a folder anyway.

What is production also stands in the endpoint's own folder, so that a restart does not depend on a tracking server.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.base.commands import command
from pipeline.base.credentials import masked
from pipeline.base.errors import EnvironmentLackError, SourceError, UsageError
from pipeline.base.results import Result
from serve.endpoint import EndpointFolder, endpoint_folder, endpoint_names
from serve.gateway.files import write_private
from serve.releases.answers import StoredItem
from serve.releases.changes import Change, now
from serve.releases.release import Release

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

PRODUCTION, PREVIOUS = "production", "previous"
_RELEASE = "awqctl.release"
_REPLACED = "awqctl.replaced"
_LATEST_CHANGE = "awqctl.latest_change"
_ANSWERS = "answers.json"
_LONGEST_TAG = 5000
_ITEMS = TypeAdapter(tuple[StoredItem, ...])
_T = TypeVar("_T")


class RunStore(Protocol):
    """What the registry needs of the run store; `pipeline.run.tracking.Tracker` is one."""

    store: str

    def write(self, change: Callable[["MlflowClient", str], None]) -> None:
        """Let `change` use a client and the id of our experiment.

        Raises:
            EnvironmentLackError: the store cannot be used.
        """

    def create(self, name: str, tags: dict[str, str]) -> str:
        """Create a run and return its id."""

    def end(self, run_id: str, status: str) -> None:
        """Close a run."""


class Pinned(Result):
    """What an endpoint serves at its next start, and what it would go back to, as its folder says."""

    release: Release
    previous: Release | None = None
    store: str
    """Where it is registered, without passwords."""
    at: str


class Registry:
    """The releases of one endpoint.

    Args:
        store: of runs.
        folder: of the endpoint, which has the registered model's name.
    """

    def __init__(self, store: RunStore, folder: EndpointFolder) -> None:
        self.folder = folder
        self._store = store
        self._name = folder.name

    @property
    def store(self) -> str:
        """Return the store's address, without passwords."""
        return masked(self._store.store)

    def releases(self) -> tuple[Release, ...]:
        """Return all releases, the newest first.

        Raises:
            EnvironmentLackError: the store cannot be used.
            UsageError: one was written by another version of this program.
        """
        versions = self._asked(lambda client: client.search_model_versions(f"name='{self._name}'"))
        found = [self._read(version) for version in versions if _RELEASE in version.tags]
        return tuple(sorted(found, key=lambda one: one.version, reverse=True))

    def release(self, version: int) -> Release:
        """Return one release.

        Raises:
            SourceError: there is none of that number.
        """
        for one in self.releases():
            if one.version == version:
                return one
        raise SourceError(
            f"The endpoint '{self._name}' has no release {version} in {self.store}. `awqctl release ls` lists them."
        )

    def aliases(self) -> Mapping[str, int]:
        """Return the versions by alias: `production`, `previous`."""

        def ask(client: "MlflowClient") -> dict[str, int]:
            found = client.search_registered_models(f"name='{self._name}'")
            return {alias: int(version) for model in found for alias, version in model.aliases.items()}

        return self._asked(ask)

    def production(self) -> Release | None:
        """Return what is served; None before the first release."""
        return self._of_alias(PRODUCTION)

    def previous(self) -> Release | None:
        """Return what `rollback` goes back to; None where there is nothing."""
        return self._of_alias(PREVIOUS)

    def like(self, release: Release) -> Release | None:
        """Return the newest release of the same weights, settings and name; None without any."""
        same = ("arm", "digest", "engine", "model_name", "trust_remote_code")
        alike = (one for one in self.releases() if all(getattr(one, key) == getattr(release, key) for key in same))
        return next(alike, None)

    def add(self, release: Release, items: tuple[StoredItem, ...]) -> Release:
        """Register a release, with the answers that its own evaluation stored; return it with its version.

        Raises:
            UsageError: somebody else's registered model has the endpoint's name.
            EnvironmentLackError: the store cannot be written.
        """
        self._claim_name()
        tags = {"awqctl.change": "register", "awqctl.endpoint": self._name, "awqctl.checkpoint_digest": release.digest}
        run_id = self._store.create(f"register {self._name} {release.digest[:12]}", tags)
        added: list[Release] = []

        def register(client: "MlflowClient", _experiment: str) -> None:
            client.log_text(run_id, _ITEMS.dump_json(items).decode(), _ANSWERS)
            source = f"{client.get_run(run_id).info.artifact_uri}/{_ANSWERS}"
            made = client.create_model_version(self._name, source, run_id, tags=_plain_tags(release))
            numbered = release.model_copy(update={"version": int(made.version), "registered_at": now()})
            client.set_model_version_tag(self._name, made.version, _RELEASE, numbered.model_dump_json())
            added.append(numbered)

        self._store.write(register)
        self._store.end(run_id, "FINISHED")
        return added[0]

    def items(self, release: Release) -> tuple[StoredItem, ...]:
        """Return the answers that were stored with a release."""

        def ask(client: "MlflowClient") -> tuple[StoredItem, ...]:
            run_id = client.get_model_version(self._name, str(release.version)).run_id
            with TemporaryDirectory() as folder:
                path = Path(client.download_artifacts(run_id, _ANSWERS, folder))
                return _ITEMS.validate_json(path.read_text(encoding="utf-8"))

        return self._asked(ask)

    def promote(self, release: Release, *, back: bool = False) -> None:
        """Make a release production. What it replaces becomes `previous`.

        Going back, `previous` is what the release itself replaced in its time: whoever goes back twice wants to be
        further back, and not with what was wrong.

        Raises:
            EnvironmentLackError: the store cannot be written; production is what it was then.
        """
        before = self.aliases().get(PRODUCTION)
        if before != release.version:
            previous = self._replaced_by(release) if back else before

            def move(client: "MlflowClient", _experiment: str) -> None:
                if previous is not None:
                    client.set_registered_model_alias(self._name, PREVIOUS, str(previous))
                elif PREVIOUS in self.aliases():
                    client.delete_registered_model_alias(self._name, PREVIOUS)
                if not back and before is not None:
                    client.set_model_version_tag(self._name, str(release.version), _REPLACED, str(before))
                client.set_registered_model_alias(self._name, PRODUCTION, str(release.version))

            self._store.write(move)
        with suppress(EnvironmentLackError):  # the folder is only asked where the registry cannot be
            self.pin(release)

    def pin(self, release: Release) -> None:
        """Let the endpoint's folder say that this is what it serves."""
        pinned = Pinned(release=release, previous=self.previous(), store=self.store, at=now())
        write_private(_pin(self.folder), pinned.model_dump_json(indent=2) + "\n")

    def keep(self, change: Change) -> None:
        """Log a change that ended as a run, and as a tag of the release: its outcome and the reason.

        Raises:
            EnvironmentLackError: the store cannot be written.
        """
        tags = {
            "awqctl.change": change.kind,
            "awqctl.endpoint": self._name,
            "awqctl.release": str(change.release),
            "awqctl.replaced": str(change.replaced or "none"),
            "awqctl.outcome": change.outcome,
            "awqctl.agreed": str(change.agreed).lower(),
            "awqctl.said": " ".join(change.said)[:_LONGEST_TAG],
        }
        run_id = self._store.create(f"{change.kind} {self._name} v{change.release}", tags)

        def log(client: "MlflowClient", _experiment: str) -> None:
            for name, value in _figures(change).items():
                client.log_metric(run_id, name, value)
            said = f"{change.at} {change.kind}: {change.outcome}. {tags['awqctl.said']}"
            client.set_model_version_tag(self._name, str(change.release), _LATEST_CHANGE, said)

        self._store.write(log)
        self._store.end(run_id, "FINISHED")

    def _of_alias(self, alias: str) -> Release | None:
        version = self.aliases().get(alias)
        return None if version is None else self.release(version)

    def _replaced_by(self, release: Release) -> int | None:
        """Return what a release replaced when it was promoted."""
        tags = self._asked(lambda client: client.get_model_version(self._name, str(release.version)).tags)
        replaced = tags.get(_REPLACED)
        return int(replaced) if replaced else None

    def _claim_name(self) -> None:
        """Make the registered model, or see that it is ours."""

        def claim(client: "MlflowClient", _experiment: str) -> None:
            models = client.search_registered_models(f"name='{self._name}'")
            if not models:
                client.create_registered_model(self._name, tags={"awqctl.endpoint": self._name})
            elif "awqctl.endpoint" not in models[0].tags:
                raise UsageError(
                    f"The store {self.store} has a registered model '{self._name}' that is not of awqctl. Give the "
                    f"endpoint another name with --endpoint NAME."
                )

        self._store.write(claim)

    def _read(self, version: "ModelVersion") -> Release:
        try:
            return Release.model_validate_json(version.tags[_RELEASE])
        except ValidationError as problem:
            raise UsageError(
                f"Release {version.version} of '{self._name}' was written by another version of awqctl "
                f"({problem.error_count()} keys differ). Register it again with `awqctl release add RUN`, and delete "
                f"that version in `{command('ui')}`."
            ) from problem

    def _asked(self, ask: "Callable[[MlflowClient], _T]") -> _T:
        answers: list[_T] = []
        self._store.write(lambda client, _experiment: answers.append(ask(client)))
        return answers[0]


def pinned(folder: EndpointFolder) -> Pinned | None:
    """Return what the endpoint's folder says that it serves; None where it says nothing that can be read."""
    try:
        return Pinned.model_validate_json(_pin(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def needed_checkpoints() -> dict[str, str]:
    """Return the digests of weights that endpoints serve or would go back to, each with the release that needs it."""
    found = {}
    for name in endpoint_names():
        pin = pinned(endpoint_folder(name))
        for release in (pin.previous, pin.release) if pin else ():
            if release is not None:
                found[release.digest] = f"{release.label} of the endpoint '{name}'"
    return found


def _pin(folder: EndpointFolder) -> Path:
    return folder.path / "production.json"


def _plain_tags(release: Release) -> dict[str, str]:
    """Return what a reader of MLflow's page looks for; the whole stands in one tag."""
    return {
        "awqctl.arm": release.arm,
        "awqctl.checkpoint": release.checkpoint,
        "awqctl.checkpoint_digest": release.digest,
        "awqctl.gates": release.gates_in_short,
        "awqctl.despite": " ".join(release.despite)[:_LONGEST_TAG] or "none",
        "awqctl.run": release.mlflow_run_id or "none",
        "awqctl.out": release.run,
        "awqctl.recipe": release.recipe,
    }


def _figures(change: Change) -> dict[str, float]:
    figures = {
        "start_seconds": change.start_seconds,
        "drain_seconds": change.drain_seconds,
        "interruption_seconds": change.interruption_seconds,
    }
    for name, seen in (("canary", change.new), ("replaced", change.old)):
        if seen is not None:
            figures |= {f"{name}_requests": seen.requests, f"{name}_errors": seen.errors, f"{name}_p95_ms": seen.p95_ms}
    return {name: value for name, value in figures.items() if value is not None}

"""`EndpointFolder`: where what belongs to one endpoint lies on the disk."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.homes import config_home
from pipeline.recipe.serve import ENDPOINT


@dataclass(frozen=True)
class EndpointFolder:
    """The folder of one endpoint; the name is the recipe's unless `--endpoint` says otherwise."""

    path: Path

    @property
    def name(self) -> str:
        """Return the endpoint's name."""
        return self.path.name

    @property
    def keys(self) -> Path:
        """Return the file of its API keys (`KeyStore`)."""
        return self.path / "keys.json"

    @property
    def first_key(self) -> Path:
        """Return the file of the first key, where no terminal was there to show it; mode 0600."""
        return self.path / "first-key"

    @property
    def lock(self) -> Path:
        """Return the file that its supervisor keeps locked as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def state(self) -> Path:
        """Return the file that says where its running supervisor can be asked (`control.Address`)."""
        return self.path / "running.json"

    @property
    def spool(self) -> Path:
        """Return the folder of what HAProxy and the engines wrote and the audit has not taken yet."""
        return self.path / "spool"

    @property
    def audit(self) -> Path:
        """Return the folder of the audit's files."""
        return self.path / "audit"

    @property
    def samples(self) -> Path:
        """Return the file of what the supervisor saw of the replicas, a line every ten seconds."""
        return self.path / "samples.jsonl"

    @property
    def interruptions(self) -> Path:
        """Return the file of what changes of release took, for the next one's forecast."""
        return self.path / "releases.jsonl"


def endpoints_folder() -> Path:
    """Return the folder of all endpoints' folders."""
    return config_home() / "endpoints"


def endpoint_folder(name: str) -> EndpointFolder:
    """Return the folder of the endpoint of that name; it need not exist.

    Raises:
        UsageError: no endpoint can have that name.
    """
    if not re.fullmatch(ENDPOINT, name):
        raise UsageError(
            f"'{name}' cannot name an endpoint. Use small letters, digits, dots, dashes and underscores, "
            "a letter or digit first."
        )
    return EndpointFolder(endpoints_folder() / name)


def endpoint_names() -> tuple[str, ...]:
    """Return the endpoints that have a folder, in order."""
    folder = endpoints_folder()
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder.is_dir() else ()


def chosen_endpoint(name: str | None, *, may_be_new: bool = False) -> EndpointFolder:
    """Return the folder of the endpoint named, or of the only one there is.

    Args:
        name: of the endpoint.
        may_be_new: whether the one named need not have been started yet.

    Raises:
        UsageError: there is none of that name; or none is named, and there is none or more than one.
    """
    names = endpoint_names()
    if name is not None:
        return endpoint_folder(name) if may_be_new else _existing(endpoint_folder(name), names)
    if len(names) == 1:
        return endpoint_folder(names[0])
    if not names:
        raise UsageError(
            f"There is no endpoint yet. Name one with --endpoint NAME; `{command('serve')}` takes the recipe's."
        )
    raise UsageError(f"There are several endpoints: {', '.join(names)}. Name one with --endpoint NAME.")


def not_running(folder: EndpointFolder) -> str:
    """Return the sentence that no process serves it; of a name that none has yet, which there are."""
    names = endpoint_names()
    others = f" There are: {', '.join(names)}." if names and folder.name not in names else ""
    return f"The endpoint '{folder.name}' is not running.{others}"


def _existing(folder: EndpointFolder, names: tuple[str, ...]) -> EndpointFolder:
    if folder.name in names:
        return folder
    others = f"There are: {', '.join(names)}." if names else "There is none yet."
    raise UsageError(
        f"There is no endpoint '{folder.name}'. {others} `{command('serve')} --endpoint {folder.name}` starts one."
    )

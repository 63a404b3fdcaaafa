"""HAProxy's maps: files that it reads at its start and that are changed at runtime, and what stands in them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import UsageError
from serve.gateway.backends import Backend
from serve.gateway.rules import KeyRule

EVERYBODY = "*"
"""In place of a key's id: of all keys that are bound to no models."""
Entries = dict[Path, dict[str, str]]
"""Of each map what it maps to what."""


@dataclass(frozen=True)
class Maps:
    """The files."""

    folder: Path

    @property
    def keys(self) -> Path:
        """Return the map from a secret's digest to the key's id."""
        return self.folder / "keys.map"

    @property
    def requests(self) -> Path:
        """Return the map from a key's id to its requests per minute."""
        return self.folder / "requests.map"

    @property
    def concurrent(self) -> Path:
        """Return the map from a key's id to its requests at once."""
        return self.folder / "concurrent.map"

    @property
    def token_limits(self) -> Path:
        """Return the map from a key's id to its tokens per minute."""
        return self.folder / "token-limits.map"

    @property
    def tokens(self) -> Path:
        """Return the map from the id of a key that has used up its tokens to when it may come back (seconds, UTC)."""
        return self.folder / "tokens.map"

    @property
    def bound(self) -> Path:
        """Return the map from the id of a key that is bound to some models to itself."""
        return self.folder / "bound.map"

    @property
    def shared(self) -> Path:
        """Return the map of bound keys that may use some models of an engine and not others."""
        return self.folder / "shared.map"

    @property
    def keeps(self) -> Path:
        """Return the map from a key's id to for how many days its prompts and answers are kept, where they are."""
        return self.folder / "keeps.map"

    @property
    def models(self) -> Path:
        """Return the map from whose model it is and its name (`*/demo/`, `01234567/demo/`) to the backend."""
        return self.folder / "models.map"

    @property
    def listing(self) -> Path:
        """Return the map from whose models they are to the answer that lists them."""
        return self.folder / "listing.map"

    @property
    def names(self) -> Path:
        """Return the map from whose models they are to their names, as text within JSON."""
        return self.folder / "names.map"

    @property
    def reasons(self) -> Path:
        """Return the map from a backend to why it does not answer, as text within JSON."""
        return self.folder / "reasons.map"

    @property
    def state(self) -> Path:
        """Return the map of `refuse` to the reason, while everything is answered with 503; empty otherwise."""
        return self.folder / "state.map"

    @property
    def lots(self) -> Path:
        """Return the map from backend and lot to the place that has drawn it; empty while all weights are the same."""
        return self.folder / "lots.map"


def entries_of(maps: Maps, rules: Sequence[KeyRule], backends: Sequence[Backend], created: int) -> Entries:
    """Return what the maps have to say of keys and models; keys come last, after all that limits them.

    Args:
        maps: the files.
        rules: of the keys that are let in.
        backends: what there is.
        created: of the models, as their list says it: seconds, UTC.

    Raises:
        UsageError: a model has a name that no map can hold.
    """
    for name in (name for backend in backends for name in backend.models):
        if not name or not all("!" <= character <= "~" for character in name):
            raise UsageError(
                f"{name!r} cannot name a model. Use letters, digits and signs of ASCII, and no spaces: the door has to "
                "find it in requests, however their text is encoded."
            )
    bound = {rule.id: frozenset(rule.models) for rule in rules if rule.models is not None}
    lists = {EVERYBODY: None, **bound}
    offered = {whose: list(_offered(backends, models)) for whose, models in lists.items()}
    return {
        maps.requests: {rule.id: str(rule.requests_per_minute) for rule in rules if rule.requests_per_minute},
        maps.concurrent: {rule.id: str(rule.concurrent) for rule in rules if rule.concurrent},
        maps.token_limits: {rule.id: str(rule.tokens_per_minute) for rule in rules if rule.tokens_per_minute},
        maps.keeps: {rule.id: str(rule.keeps_text_days) for rule in rules if rule.keeps_text_days is not None},
        maps.models: {f"{whose}/{name}/": one.name for whose, found in offered.items() for name, one in found},
        maps.listing: {whose: _listing(found, created) for whose, found in offered.items()},
        maps.names: {
            whose: within_json(", ".join(name for name, _ in found) or "none") for whose, found in offered.items()
        },
        maps.shared: {key: key for key, models in bound.items() if any(_is_shared(one, models) for one in backends)},
        maps.bound: {key: key for key in bound},
        maps.keys: {rule.digest: rule.id for rule in rules},
    }


def within_json(text: str) -> str:
    """Return text as it stands between the quotes of a JSON document, in one line."""
    return json.dumps(text)[1:-1]


def _offered(backends: Sequence[Backend], models: frozenset[str] | None) -> Iterator[tuple[str, Backend]]:
    for backend in backends:
        yield from ((name, backend) for name in backend.models if models is None or name in models)


def _is_shared(backend: Backend, models: frozenset[str]) -> bool:
    return any(name in models for name in backend.models) and not models.issuperset(backend.models)


def _listing(offered: Sequence[tuple[str, Backend]], created: int) -> str:
    entries = [
        {
            "id": name,
            "object": "model",
            "created": created,
            "owned_by": "awqctl",
            **({} if backend.max_model_len is None else {"max_model_len": backend.max_model_len}),
        }
        for name, backend in offered
    ]
    return json.dumps({"object": "list", "data": entries}, separators=(",", ":"))

"""The file of keys: its form, and the one before it."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from pipeline.base.moment import Moment
from pipeline.base.results import Result
from serve.gateway.terms import KeyTerms

_VERSION = 2


class KeyHead(Result):
    """By what a key is known."""

    name: str
    id: str
    """First 8 digits of the digest of its first secret; stands in the door's log."""
    created_at: str
    """UTC, ISO 8601."""


class Secret(Result):
    """What is kept of one secret of a key."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    ends_at: Moment | None = None
    """Of one that was rotated out; None of the present one."""


class StoredKey(KeyTerms, KeyHead):
    """One key as it stands in the file."""

    secrets: tuple[Secret, ...]
    """The present one first; further ones are let in until they end."""
    revoked_at: str | None = None
    rotated_at: str | None = None

    @property
    def old_secret_until(self) -> str | None:
        """Return when the last of the secrets before ends; None where there is none."""
        return max((one.ends_at for one in self.secrets if one.ends_at), default=None)


class KeyFile(Result):
    """All of it. Version 1 had one digest for each key, and no terms."""

    schema_version: int = Field(_VERSION, ge=1, le=_VERSION)
    keys: tuple[StoredKey, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("schema_version", 1) != 1 or not isinstance(data.get("keys"), list):
            return data
        return {**data, "schema_version": _VERSION, "keys": [_with_secrets(key) for key in data["keys"]]}


def _with_secrets(key: Any) -> Any:
    if not isinstance(key, dict) or "digest" not in key:
        return key
    return {**{name: value for name, value in key.items() if name != "digest"}, "secrets": [{"digest": key["digest"]}]}

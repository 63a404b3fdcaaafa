"""API keys of the endpoint: shown once, kept as SHA-256 digests.

A key has 256 random bits, so one round of SHA-256 is enough: there is nothing to guess from a dictionary.
"""

import hashlib
import re
import secrets
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import UsageError
from pipeline.base.files import read_written
from pipeline.base.results import Result
from serve.gateway.files import locked, write_private
from serve.gateway.rules import KeyRule

_PREFIX = "awq-"
_SECRET_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID_LENGTH = 8


class KeyInfo(Result):
    """What may be told about a key."""

    name: str
    id: str
    """First 8 digits of the digest; stands in the gateway's log."""
    created_at: str
    """UTC, ISO 8601."""
    revoked_at: str | None = None


class IssuedKey(Result):
    """A new key, the only time it is readable."""

    name: str
    id: str
    created_at: str
    key: str


class KeyListing(Result):
    """All keys, revoked ones included, oldest first."""

    keys: tuple[KeyInfo, ...]


class _StoredKey(KeyInfo):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    def info(self) -> KeyInfo:
        return KeyInfo(name=self.name, id=self.id, created_at=self.created_at, revoked_at=self.revoked_at)


class _KeyFile(Result):
    schema_version: int = 1
    keys: tuple[_StoredKey, ...] = ()


def new_key() -> str:
    """Return a fresh random key."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest(key: str) -> str:
    """Return what is kept of a key: its SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


class KeyStore:
    """The file of keys; every change is one atomic write under a file lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str) -> IssuedKey:
        """Make a key and return it, the only time it is readable.

        Raises:
            UsageError: the name is not allowed, or an active key has it.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot name a key. "
                "Use up to 64 letters, digits, dots, dashes and underscores, a letter or digit first."
            )
        with self._locked():
            keys = self._read().keys
            if _active_named(keys, name):
                raise UsageError(
                    f"An active key is named '{name}' already. "
                    f"Choose another name, or `{command('keys revoke', name)}` first."
                )
            key = new_key()
            stored = _StoredKey(name=name, id=digest(key)[:_ID_LENGTH], created_at=_now(), digest=digest(key))
            self._write((*keys, stored))
        return IssuedKey(name=name, id=stored.id, created_at=stored.created_at, key=key)

    def ls(self) -> KeyListing:
        """Return all keys without their digests."""
        return KeyListing(keys=tuple(key.info() for key in self._read().keys))

    def revoke(self, name: str) -> KeyInfo:
        """Revoke the active key of that name or id and return it.

        Raises:
            UsageError: no active key has it.
        """
        with self._locked():
            keys = self._read().keys
            found = _active_named(keys, name)
            if found is None:
                names = ", ".join(key.name for key in keys if key.revoked_at is None) or "none"
                raise UsageError(f"No active key is named '{name}'. Active: {names}. `{command('keys ls')}` shows all.")
            revoked = found.model_copy(update={"revoked_at": _now()})
            self._write(tuple(revoked if key is found else key for key in keys))
        return revoked.info()

    def active(self) -> tuple[KeyRule, ...]:
        """Return the rules of the keys that are let in."""
        return tuple(
            KeyRule(digest=key.digest, id=key.id, name=key.name) for key in self._read().keys if key.revoked_at is None
        )

    def _read(self) -> _KeyFile:
        try:
            return _KeyFile.model_validate_json(read_written(self.path))
        except FileNotFoundError:
            return _KeyFile()
        except (ValidationError, UnicodeDecodeError) as problem:
            reason = str(problem).splitlines()[0]
            raise UsageError(
                f"{self.path} cannot be read ({reason}). Move it away; the keys in it end with it."
            ) from problem

    def _write(self, keys: tuple[_StoredKey, ...]) -> None:
        write_private(self.path, _KeyFile(keys=keys).model_dump_json(indent=2) + "\n")

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.path.with_suffix(".lock"))


def _active_named(keys: tuple[_StoredKey, ...], name: str) -> _StoredKey | None:
    active = [key for key in keys if key.revoked_at is None]
    by_name = [key for key in active if key.name == name]
    return next(iter(by_name or [key for key in active if key.id == name]), None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

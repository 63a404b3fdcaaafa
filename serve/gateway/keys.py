"""API keys of an endpoint: shown once, kept as SHA-256 digests, each with its terms.

A key has 256 random bits, so one round of SHA-256 is enough: there is nothing to guess from a dictionary. A rotation
gives a key a new secret; its name, its id and what it has used of its limits stay.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from pipeline.base.commands import command
from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.files import read_written
from pipeline.base.homes import variable_for
from pipeline.base.results import Result
from serve.gateway.files import locked, write_private
from serve.gateway.key_file import KeyFile, KeyHead, Secret, StoredKey
from serve.gateway.rules import KeyRule
from serve.gateway.terms import KeyTerms, stamp

_PREFIX = "awq-"
_SECRET_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID_LENGTH = 8
_FREE = KeyTerms()


class KeyInfo(KeyTerms, KeyHead):
    """What may be told about a key."""

    state: Literal["active", "expired", "revoked"]
    revoked_at: str | None = None
    rotated_at: str | None = None
    """When it was given its latest secret."""
    old_secret_until: str | None = None
    """Until when the secret before is let in, too."""


class IssuedKey(KeyTerms, KeyHead):
    """A new key, the only time it is readable."""

    key: str
    old_secret_until: str | None = None
    """Until when the secret before is let in, too."""


class KeyListing(Result):
    """All keys, those that ended included, oldest first."""

    keys: tuple[KeyInfo, ...]


def new_key() -> str:
    """Return a fresh random key."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest(key: str) -> str:
    """Return what is kept of a key: its SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


class KeyStore:
    """The file of keys; every change is one atomic write under a file lock.

    Args:
        path: the file.
        clock: says what time it is.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._clock = clock
        self._seen: tuple[tuple[int, int, int], KeyFile] | None = None

    def add(self, name: str, terms: KeyTerms = _FREE) -> IssuedKey:
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
            self._check_free(keys, name)
            key = new_key()
            stored = StoredKey(
                name=name,
                id=digest(key)[:_ID_LENGTH],
                created_at=stamp(self._clock()),
                secrets=(Secret(digest=digest(key)),),
                **terms.model_dump(),
            )
            self._write((*keys, stored))
        return _issued(stored, key)

    def ls(self) -> KeyListing:
        """Return all keys without their digests."""
        return KeyListing(keys=tuple(self._info(key) for key in self._read().keys))

    def revoke(self, name: str) -> KeyInfo:
        """Revoke the key of that name or id, all of its secrets, and return it.

        Raises:
            UsageError: no key that is not revoked has it.
        """
        return self._info(self._change(name, lambda _: {"revoked_at": stamp(self._clock())}))

    def rotate(self, name: str, overlap: timedelta = timedelta(0)) -> IssuedKey:
        """Give the active key of that name or id a new secret and return it, the only time it is readable.

        Args:
            name: of the key, or its id.
            overlap: for how long the old secret is let in, too.

        Raises:
            UsageError: no key that is not revoked has it, or it has expired.
        """
        key, now = new_key(), self._clock()

        def renewed(stored: StoredKey) -> Mapping[str, Any]:
            if self._state(stored) == "expired":
                raise UsageError(
                    f"Key '{stored.name}' expired at {stored.expires_at}. Give it time first: "
                    f"`{command('keys change', stored.name, '--expires', '30d')}`."
                )
            end = stamp(now + overlap)
            old = [one.model_copy(update={"ends_at": min(one.ends_at or end, end)}) for one in stored.secrets]
            kept = [one for one in old if overlap and _lasts(one.ends_at, now)]
            return {"secrets": (Secret(digest=digest(key)), *kept), "rotated_at": stamp(now)}

        return _issued(self._change(name, renewed), key)

    def change(self, name: str, terms: KeyTerms) -> KeyInfo:
        """Give the key of that name or id those terms that are set, and return it; the others stay.

        Raises:
            UsageError: no key that is not revoked has it; or it has expired, and another one has its name now.
        """

        def changed(stored: StoredKey) -> Mapping[str, Any]:
            if self._state(stored) == "expired":
                self._check_free(self._read().keys, stored.name)
            return terms.model_dump(exclude_unset=True)

        return self._info(self._change(name, changed))

    def active(self) -> tuple[KeyRule, ...]:
        """Return the rules of the secrets that are let in now; the file is read only when it has changed."""
        now = self._clock()
        return tuple(
            KeyRule(
                digest=secret.digest,
                id=key.id,
                name=key.name,
                requests_per_minute=key.requests_per_minute,
                tokens_per_minute=key.tokens_per_minute,
                concurrent=key.concurrent,
                models=key.models,
                keeps_text_days=key.keeps_text_days,
            )
            for key in self._read().keys
            if self._state(key) == "active"
            for secret in key.secrets
            if _lasts(secret.ends_at, now)
        )

    def _state(self, key: StoredKey) -> Literal["active", "expired", "revoked"]:
        if key.revoked_at is not None:
            return "revoked"
        return "active" if _lasts(key.expires_at, self._clock()) else "expired"

    def _info(self, key: StoredKey) -> KeyInfo:
        overlap = key.old_secret_until
        return KeyInfo(
            **key.model_dump(exclude={"secrets"}),
            state=self._state(key),
            old_secret_until=overlap if overlap and _lasts(overlap, self._clock()) else None,
        )

    def _check_free(self, keys: Sequence[StoredKey], name: str) -> None:
        if any(key.name == name and self._state(key) == "active" for key in keys):
            raise UsageError(
                f"An active key is named '{name}' already. Choose another name, `{command('keys rotate', name)}` for "
                f"a new secret, or `{command('keys revoke', name)}` first."
            )

    def _change(self, name: str, changes: Callable[[StoredKey], Mapping[str, Any]]) -> StoredKey:
        with self._locked():
            keys = self._read().keys
            found = self._named(keys, name)
            changed = found.model_copy(update=dict(changes(found)))
            self._write(tuple(changed if key is found else key for key in keys))
        return changed

    def _named(self, keys: Sequence[StoredKey], name: str) -> StoredKey:
        """Return the key of that name or id that is not revoked: an active one before an expired one."""
        there = sorted((key for key in keys if key.revoked_at is None), key=lambda key: self._state(key) != "active")
        by_name = [key for key in there if key.name == name]
        found = next(iter(by_name or [key for key in there if key.id == name]), None)
        if found is None:
            names = ", ".join(key.name for key in there if self._state(key) == "active") or "none"
            raise UsageError(f"No active key is named '{name}'. Active: {names}. `{command('keys ls')}` shows all.")
        return found

    def _read(self) -> KeyFile:
        try:
            found = self.path.stat()
            signature = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._seen is None or self._seen[0] != signature:
                self._seen = signature, KeyFile.model_validate_json(read_written(self.path))
        except FileNotFoundError:
            return KeyFile()
        except (ValidationError, UnicodeDecodeError) as problem:
            reason = str(problem).splitlines()[0]
            raise UsageError(
                f"{self.path} cannot be read ({reason}). Move it away; the keys in it end with it."
            ) from problem
        except (PermissionError, IsADirectoryError) as problem:
            raise UsageError(f"{self.path} cannot be read: {problem.strerror}. Check who owns it.") from problem
        except OSError as problem:  # nothing can be where the home is said to be, or its disk is gone
            variable = variable_for(self.path)
            raise EnvironmentLackError(
                f"{self.path} cannot be read: {problem.strerror}. "
                f"Set {variable or 'XDG_CONFIG_HOME'} to a folder that can be written."
            ) from problem
        return self._seen[1]

    def _write(self, keys: tuple[StoredKey, ...]) -> None:
        write_private(self.path, KeyFile(keys=keys).model_dump_json(indent=2) + "\n")

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.path.with_suffix(".lock"))


def _issued(stored: StoredKey, key: str) -> IssuedKey:
    head = stored.model_dump(include=set(KeyHead.model_fields) | set(KeyTerms.model_fields))
    return IssuedKey(**head, key=key, old_secret_until=stored.old_secret_until)


def _lasts(end: str | None, now: datetime) -> bool:
    return end is None or datetime.fromisoformat(end) > now

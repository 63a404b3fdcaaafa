"""Hub tokens and passwords: refused in recipes, masked in what is shown or written.

A token comes from the environment (HF_TOKEN) or from the hub's own file (`hf auth login`), and goes nowhere else.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MASK = "***"
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_ID_TOKEN")
_SECRET = r"(?:token|password|passwd|secret|api[_-]?key|authorization|credentials?)"  # noqa: S105 -- a pattern
_KEY = re.compile(rf"(?:^|[_-]){_SECRET}$", re.IGNORECASE)
_OPTION = re.compile(rf"--?(?:[\w-]+-)?{_SECRET}(?:=|$)", re.IGNORECASE)
_TOKEN = re.compile(r"\b(?:hf_[A-Za-z0-9]{30,}|hf_oauth_[\w.-]{20,}|api_org_[A-Za-z0-9]{30,})")
_USER = re.compile(r"(?<=://)(?:[^/\s@:]+:(?!\d+(?:[/\s]|$))\S*|[^/\s]*)@")
"""`user:password@` or `token@` of an address, passwords with `/` and `@` included; not a port."""
_QUERY = re.compile(rf"([?&;][\w.-]*(?:{_SECRET}|signature)[\w.-]*=)[^&\s'\"]+", re.IGNORECASE)
_HEADER = re.compile(r"(\bBearer\s+)[^\s'\"]+", re.IGNORECASE)
_GATEWAY_KEY = re.compile(r"\bawq-(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
"""Of 32 random bytes; the name of a metric may be as long, but is in small letters."""
_SHORTEST = 8
"""A shorter value is no token, and masking it would garble the text."""


def credentials_in(document: Any, path: str = "") -> list[str]:
    """Return the key paths of a recipe, or of a part of it, that carry a token or a password; never their values."""
    if isinstance(document, dict):
        items = [(f"{path}.{key}" if path else str(key), str(key), value) for key, value in document.items()]
    elif isinstance(document, list | tuple):
        items = [(f"{path}.{number}", "", value) for number, value in enumerate(document)]
    else:
        return [path] if isinstance(document, str) and _is_credential(document) else []
    return [
        name for where, key, value in items for name in ([where] if _KEY.search(key) else credentials_in(value, where))
    ]


def masked(text: str) -> str:
    """Return `text` without the passwords and tokens of addresses, and without anything shaped like a hub token."""
    for pattern, replacement in ((_USER, f"{_MASK}@"), (_QUERY, rf"\1{_MASK}"), (_HEADER, rf"\1{_MASK}")):
        text = pattern.sub(replacement, text)
    return _TOKEN.sub(_MASK, text)


def redacted(text: str) -> str:
    """Return `text` masked, and without the very token that this process would send; for messages of libraries."""
    for token in _tokens():
        text = text.replace(token, _MASK)
    return masked(text)


def holds_secret(text: str) -> bool:
    """Return whether a text holds what is shaped like a hub token or a key of the gateway, or a secret of this process.

    Its secrets are its hub token, and the values of variables that are named as a token, a key or a password is.
    """
    if _TOKEN.search(text) or _GATEWAY_KEY.search(text):
        return True
    named = (value for name, value in os.environ.items() if _KEY.search(name) and len(value) >= _SHORTEST)
    return any(secret in text for secret in (*named, *_tokens()))


def _is_credential(text: str) -> bool:
    return any(pattern.search(text) for pattern in (_TOKEN, _USER, _QUERY)) or _OPTION.match(text) is not None


def _tokens() -> Iterator[str]:
    from huggingface_hub import constants  # noqa: PLC0415 -- only where something went wrong

    values = [os.environ.get(name, "") for name in _VARIABLES]
    try:
        values.append(Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values.append("")
    for value in values:
        token = value.replace("\r", "").replace("\n", "").strip()  # as the hub library cleans it
        if len(token) >= _SHORTEST:
            yield token

"""Headers that users name: plain ones with their values, secret ones with the variables that hold them."""

import re
from collections.abc import Iterable

from pipeline.base.credentials import credentials_in

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OURS = ("host", "content-length", "content-type", "transfer-encoding")


def plain_header(text: str) -> tuple[str, str]:
    """Return name and value of `Name: value`.

    Raises:
        ValueError: it is no header, or one whose value should not be seen; says why.
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not value or not value.isascii() or not value.isprintable():
        raise ValueError("that is no header; write it like 'X-Team: search'")  # it may be a secret that was misplaced
    _check_name(name)
    if credentials_in({name: value}) or name.lower() == "cookie":
        raise ValueError(
            f"the value of {name} is a secret that everybody on this machine could read; put it into an environment "
            f"variable and name that"
        )
    return name, value


def secret_header(text: str) -> tuple[str, str]:
    """Return header and environment variable of `Name=VARIABLE`.

    Raises:
        ValueError: it is no such pair; says why.
    """
    name, _, variable = (part.strip() for part in text.partition("="))
    if not _VARIABLE.fullmatch(variable):
        raise ValueError("that does not name an environment variable; write it like 'X-Api-Key=MY_KEY'")
    _check_name(name)
    if name.lower() == "authorization":
        raise ValueError("the header Authorization has its own key: the variable of the API key")
    return name, variable


def variable_name(text: str) -> str:
    """Return the name of an environment variable.

    Raises:
        ValueError: it is none; does not repeat it, because it may be the secret itself.
    """
    if not _VARIABLE.fullmatch(text):
        raise ValueError("that is no name of an environment variable; export the secret in one and give its name")
    return text


def without_repeats(names: Iterable[str]) -> None:
    """Return if no header is named twice, however it is spelled.

    Raises:
        ValueError: one is; names it.
    """
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ValueError(f"the header {name} is given twice")
        seen.add(name.lower())


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.lower() in _OURS:
        raise ValueError(f"'{name}' is no header that can be set")

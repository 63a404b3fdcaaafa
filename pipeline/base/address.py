"""Addresses of servers that users name."""

from urllib.parse import urlsplit


def server_address(text: str) -> str:
    """Return the address of a server, with or without a path.

    Raises:
        ValueError: it is none, or carries what should not be seen; says why, and never repeats a password.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
        host = host and host.encode("idna").decode()
    except ValueError:  # also of a port that is no number, and of a name that cannot be one
        host = None
    if "@" in text:
        raise ValueError("an address with a user or a password is not taken; put a key into an environment variable")
    if "?" in text or "#" in text:
        raise ValueError("an address has no '?' and no '#'; what a server wants to know goes into headers")
    if not host or parts.scheme not in ("http", "https") or not text.isprintable() or any(map(str.isspace, text)):
        raise ValueError(f"{text!r} is no address of a server; write it like http://host:8000")
    return text

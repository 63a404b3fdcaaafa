"""Every route of the engine's application, asked for at the door with a key and without."""

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import quote

import httpx

from serve.checks.exposure.result import Item, Target, item
from serve.gateway.routes import ROUTES

_AREA = "routes"
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_PROBES = ("GET /health", "GET /ready")
_TRICKS = (
    "/v1/../metrics",
    "/v1/models/../../metrics",
    "//v1/models",
    "/v1//models",
    "/%76%31/models",
    "/v1/%6dodels",
    "/v1/models/",
    "/v1/models%2f..%2f..%2fmetrics",
    "/V1/models",
    "/v1/models;x=1",
    "/v1/./models",
    "/v1\\models",
)
"""Ways to write a path that some servers tidy up into another one."""
_NOT_FOUND, _UNAUTHORIZED = 404, 401
_TIMEOUT_S = 10.0


def audit_routes(target: Target, client: httpx.Client, routes: Sequence[str]) -> Iterator[Item]:
    """Yield what the door says to every route: an open one wants a key, every other one is 404 with a key, too.

    Args:
        target: the endpoint.
        client: for its address, without a key.
        routes: of the engine's application, as `METHOD /path`.
    """
    let_through = {*ROUTES, *(_PROBES if target.probes_at_door else ())}
    closed = [route for route in routes if route not in let_through]
    wrong = [said for route in closed for said in _answers_otherwise(client, target, route)]
    yield item(
        _AREA,
        "all others closed",
        _listed(wrong),
        f"{len(closed)} routes of the engine's application are 404 with a key and without",
    )
    open_ = [route for route in ROUTES if _status(client, target, route, key=None) != _UNAUTHORIZED]
    yield item(_AREA, "a key is wanted", _listed(open_), f"{len(ROUTES)} open routes answer 401 without a key")
    forged = [route for route in ROUTES if _status(client, target, route, key=f"{target.key}x") != _UNAUTHORIZED]
    yield item(_AREA, "a wrong key is refused", _listed(forged), "401")
    tricked = [path for path in _TRICKS if _raw_status(target, path) not in (_NOT_FOUND, 400)]
    yield item(_AREA, "paths are not tidied up", _listed(tricked), f"{len(_TRICKS)} odd paths are 404 or 400")


def _answers_otherwise(client: httpx.Client, target: Target, route: str) -> Iterator[str]:
    for key in (target.key, None):
        status = _status(client, target, route, key=key)
        if status != _NOT_FOUND:
            yield f"{route} {'with' if key else 'without'} a key: {status}"


def _status(client: httpx.Client, target: Target, route: str, *, key: str | None) -> int:
    method, _, path = route.partition(" ")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    content = b"{}" if method != "GET" else None
    root = target.base_url.removesuffix("/v1")
    filled = quote(_PLACEHOLDER.sub("x", path))
    return client.request(method, f"{root}{filled}", headers=headers, content=content).status_code


def _raw_status(target: Target, path: str) -> int:
    """Ask for a path as it stands; httpx would tidy it up first."""
    url = httpx.URL(target.base_url)
    connection: HTTPConnection
    if target.ca_certificate:
        trusted = ssl.create_default_context(cafile=str(target.ca_certificate))
        connection = HTTPSConnection(url.host, target.port, timeout=_TIMEOUT_S, context=trusted)
    else:
        connection = HTTPConnection(url.host, target.port, timeout=_TIMEOUT_S)
    with closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {target.key}"})
        return connection.getresponse().status


def _listed(wrong: Sequence[str]) -> str | None:
    shown = ", ".join(wrong[:5])
    return f"{shown}{f' and {len(wrong) - 5} more' if len(wrong) > 5 else ''}" if wrong else None  # noqa: PLR2004

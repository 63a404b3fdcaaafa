"""HAProxy's configuration: the answers HAProxy gives itself, the rendered text."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.base.errors import UsageError
from serve.gateway.backends import Backend, Place, Weights
from serve.gateway.connections import Connections
from serve.gateway.key_refusals import KEY_REFUSALS, two_members_model, unavailable
from serve.gateway.maps import Maps
from serve.gateway.refusal import Refusal
from serve.gateway.routes import LISTING, ROUTES

REFUSALS = (
    Refusal(400, "invalid_request_error", "bad_request", "The request broke off, or is not valid HTTP."),
    Refusal(
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Missing or wrong API key. Send the header 'Authorization: Bearer KEY'.",
        (("WWW-Authenticate", "Bearer"),),
    ),
    Refusal(404, "invalid_request_error", "not_found", "There is no such route."),
    Refusal(408, "invalid_request_error", "request_timeout", "The request did not arrive in time. Send it again."),
    Refusal(413, "invalid_request_error", "request_too_large", "The request is too large."),
    Refusal(500, "server_error", "internal_error", "The gateway failed."),
    Refusal(501, "invalid_request_error", "not_implemented", "The gateway does not know this kind of request."),
    Refusal(502, "server_error", "bad_gateway", "The engine broke off or gave an answer that is not valid HTTP."),
    Refusal(
        503,
        "server_error",
        "engine_unavailable",
        "The engine is starting, gone, or has too much to do. Try again later.",
        (("Retry-After", "5"),),
    ),
    Refusal(504, "server_error", "engine_timeout", "The engine did not answer in time."),
)
"""What HAProxy answers by itself, where it can be told how."""
_CHUNKED = Refusal(
    400,
    "invalid_request_error",
    "http_version",
    "HTTP/1.0 cannot carry this answer, whose length is not known before its end. Use HTTP/1.1, or do not stream.",
)


def render_config(
    *,
    address: str,
    backends: Sequence[Backend],
    weights: Weights,
    engine_key: str | None,
    control_socket: Path,
    maps: Maps,
    bundle: Path | None,
    connections: Connections,
    queue_timeout_s: int,
    failed_keys: int,
) -> str:
    """Return the text of HAProxy's configuration.

    Of several engines those that take no connection are passed over until they do again. What is missing: an engine
    that takes connections and never answers goes on getting its share.

    Args:
        address: as HAProxy's `bind` reads it, such as `ipv4@127.0.0.1:8443`.
        backends: what stands behind the door.
        weights: which places get requests.
        engine_key: that the engines want; None for none.
        control_socket: unix socket of the runtime API.
        maps: files that the runtime API changes.
        bundle: PEM file with private key and certificate; None for plain HTTP.
        connections: that there may be at once on either side.
        queue_timeout_s: for which a request waits for an engine, in seconds.
        failed_keys: requests without a valid key that one source may send in a minute.
    """
    environment = Environment(  # noqa: S701 -- this is no HTML; values go through `quoted`
        loader=PackageLoader("serve.gateway", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = quoted
    environment.filters["filled"] = _filled
    return environment.get_template("haproxy.cfg.j2").render(
        address=address,
        backends=[_backend(backend, weights) for backend in backends],
        engine_key=engine_key,
        control_socket=control_socket,
        maps=maps,
        bundle=bundle,
        maxconn=connections.clients,
        engine_maxconn=max(1, connections.engines // sum(len(backend.sockets) // 2 for backend in backends)),
        queue_timeout_s=queue_timeout_s,
        errors=REFUSALS,
        chunked=_CHUNKED,
        routes=[route.split(" ") for route in ROUTES],
        listing_route=LISTING,
        failed_keys=failed_keys,
        refusals=KEY_REFUSALS,
        unavailable=unavailable(),
        two_models=two_members_model(),
    )


def _backend(backend: Backend, weights: Weights) -> dict[str, object]:
    places = [Place(backend.name, number) for number in range(1, len(backend.sockets) + 1)]
    return {
        "name": backend.name,
        "places": [
            {"number": place.number, "socket": socket, "weight": weights.of.get(place)}
            for place, socket in zip(places, backend.sockets, strict=True)
        ],
    }


def _filled(refusal: Refusal) -> str:
    """Return an answer of HAProxy's rules `return`, its figures and names filled in for each request."""
    headers = "".join(f" hdr {name} {quoted(value)}" for name, value in refusal.headers)
    return f"status {refusal.status} content-type application/json lf-string {quoted(refusal.body)}{headers}"


def quoted(value: object) -> str:
    """Return `value` as one word of HAProxy's configuration language, in strong quotes.

    Raises:
        UsageError: it holds a line break, which no quoting allows.
    """
    text = str(value)
    if any(ord(character) < ord(" ") for character in text):
        raise UsageError(f"{text!r} holds a control character, which HAProxy cannot read. Choose another path.")
    return "'" + text.replace("'", r"'\''") + "'"

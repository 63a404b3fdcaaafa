"""HAProxy's configuration: the answers HAProxy gives itself, the rendered text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.base.errors import UsageError
from serve.gateway.backends import Backend, Place, Weights
from serve.gateway.connections import Connections
from serve.gateway.key_refusals import KEY_REFUSALS, two_members_model, unavailable
from serve.gateway.maps import Maps
from serve.gateway.refusal import Refusal
from serve.gateway.routes import LISTING, ROUTES
from serve.gateway.settings import DoorSettings
from serve.gateway.shares import LOTS

_RETRY_AFTER_S = 5
REFUSALS = (
    Refusal(400, "invalid_request_error", "bad_request", "The request broke off, or is not valid HTTP."),
    Refusal(
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Missing or wrong API key. Send the header 'Authorization: Bearer KEY'.",
        (("WWW-Authenticate", "Bearer"),),
    ),
    Refusal(
        404,
        "invalid_request_error",
        "not_found",
        f"There is no such route. There are {', '.join(ROUTES[:-1])} and {ROUTES[-1]}.",
    ),
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
        (("Retry-After", str(_RETRY_AFTER_S)),),
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
_NO_LENGTH = Refusal(
    411,
    "invalid_request_error",
    "length_required",
    "The request does not say how long its body is. Send Content-Length instead of chunks.",
)
_TOO_MANY_HEADERS = Refusal(
    431,
    "invalid_request_error",
    "headers_too_large",
    "The header lines are too large. Leave out cookies and other lines that are not needed.",
)
_MEMBERS_OF_ANSWERS = ("n", "best_of")
BUFFER = 256 * 1024
"""Bytes of a request that HAProxy keeps at hand until an engine has answered: those can go to another engine, and the
model is read from them. Each request that waits for an engine takes one buffer, each that an engine has takes two."""
METRICS_SOCKET = "door-metrics.sock"
"""On which HAProxy shows its own metrics, in the gateway's folder."""
_HEADER_BYTES = 80 * 1024
_BODY_S = 30
_LOCAL_ID = 2
_CROWDED = 3 / 4
_TIMES_FREE = 15
"""Connections that one address may have for each one that is free: 15 of 16 when it is alone."""
_LINE = {
    "at": '"%[var(txn.at),div(1000),utime(%Y-%m-%dT%H:%M:%S)].%[var(txn.at),mod(1000),add(1000),regsub(^.,)]Z"',
    "id": '"%ID"',
    "source": '"%ci"',
    "key": '"%[var(txn.key)]"',
    "method": '"%[var(txn.method),json(utf8s)]"',
    "path": '"%[var(txn.path),json(utf8s)]"',
    "model": '"%[var(txn.model),bytes(0,256),json(utf8s)]"',
    "status": "%ST",
    "bytes": "%B",
    "place": '"%[var(txn.place)]"',
    "ended": '"%ts"',
    "queued_ms": "%Tw",
    "first_byte_ms": "%[var(txn.first)]",
    "total_ms": "%Ta",
    # With a plus sign where another engine had to take the request over.
    "retries": '"%rc"',
}
"""`DoorLine`, in the words of HAProxy's log-format."""


@dataclass(frozen=True)
class Frontend:
    """The door as one thread of HAProxy has it."""

    thread: int
    """From 1."""

    @property
    def name(self) -> str:
        """Return its name; the metrics have it."""
        return "gateway" if self.thread == 1 else f"gateway-{self.thread}"

    @property
    def log(self) -> str:
        """Return where its lines go, in HAProxy's words: to a descriptor that no other thread writes to."""
        return "stdout" if self.thread == 1 else f"fd@{self.thread + 1}"


def with_descriptors(command: Sequence[str], threads: int) -> list[str]:
    """Return the command line with its standard output at hand under a descriptor for each thread's `Frontend`.

    A shell does it (and is replaced by the command): its descriptors have one digit, so there are at most eight.
    """
    if threads == 1:
        return list(command)
    copies = " ".join(f"{thread + 1}>&1" for thread in range(2, threads + 1))
    return ["/bin/sh", "-c", f'exec "$0" "$@" {copies}', *command]


def render_config(
    *,
    address: str,
    backends: Sequence[Backend],
    weights: Weights,
    engine_key: str | None,
    folder: Path,
    maps: Maps,
    bundle: Path | None,
    connections: Connections,
    settings: DoorSettings,
    threads: int = 1,
) -> str:
    """Return the text of HAProxy's configuration.

    Args:
        address: as HAProxy's `bind` reads it, such as `ipv4@127.0.0.1:8443`.
        backends: what stands behind the door.
        weights: which places get requests, as HAProxy takes them: 0 for those that are drawn by lot.
        engine_key: that the engines want; None for none.
        folder: of the sockets; its path needs no quoting.
        maps: files that the runtime API changes.
        bundle: PEM file with private key and certificate; None for plain HTTP.
        connections: that there may be at once on either side.
        settings: how requests are let in.
        threads: of HAProxy, at most eight.
    """
    environment = Environment(  # noqa: S701 -- this is no HTML; values go through `quoted`
        loader=PackageLoader("serve.gateway", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"quoted": quoted, "answer": _answer, "filled": partial(_answer, form="lf-string")}
    return environment.get_template("haproxy.cfg.j2").render(
        address=address,
        backends=[_backend(backend, weights) for backend in backends],
        engine_key=engine_key,
        folder=folder,
        metrics_socket=METRICS_SOCKET,
        maps=maps,
        bundle=bundle,
        connections=connections,
        settings=settings,
        frontends=[Frontend(thread) for thread in range(1, threads + 1)],
        times_free=_TIMES_FREE,
        crowded=int(connections.clients * _CROWDED),
        engine_maxconn=max(1, connections.engines // sum(len(backend.sockets) // 2 for backend in backends)),
        bufsize=BUFFER,
        header_bytes=_HEADER_BYTES,
        body_s=_BODY_S,
        retry_after_s=_RETRY_AFTER_S,
        lots=LOTS,
        local_id=_LOCAL_ID,
        line="{" + ",".join(f'"{name}":{value}' for name, value in _LINE.items()) + "}",
        errors=REFUSALS,
        chunked=_CHUNKED,
        no_length=_NO_LENGTH,
        too_many_headers=_TOO_MANY_HEADERS,
        too_many_answers={name: _too_many_answers(name, settings.max_answers) for name in _MEMBERS_OF_ANSWERS},
        routes=[route.split(" ") for route in ROUTES],
        listing_route=LISTING,
        failed_keys=settings.failed_keys,
        refusals=KEY_REFUSALS,
        unavailable=unavailable(),
        two_models=two_members_model(),
        paths=sorted({route.split(" ")[1] for route in ROUTES}),
    )


def _too_many_answers(member: str, most: int) -> Refusal:
    return Refusal(
        400,
        "invalid_request_error",
        "integer_above_max_value",
        f"Invalid '{member}': integer above maximum value. Expected a value <= {most}.",
        param=member,
    )


def _answer(refusal: Refusal, form: str = "string") -> str:
    """Return the words that answer with a refusal that HAProxy has no status of its own for.

    With the form `lf-string` figures and names are filled in for each request.
    """
    said = f"return status {refusal.status} content-type application/json {form} {quoted(refusal.body)}"
    return said + "".join(f" hdr {name} {quoted(value)}" for name, value in refusal.headers)


def _backend(backend: Backend, weights: Weights) -> dict[str, object]:
    places = [Place(backend.name, number) for number in range(1, len(backend.sockets) + 1)]
    return {
        "name": backend.name,
        "places": [
            {"number": place.number, "socket": socket, "weight": weights.of.get(place)}
            for place, socket in zip(places, backend.sockets, strict=True)
        ],
    }


def quoted(value: object) -> str:
    """Return `value` as one word of HAProxy's configuration language, in strong quotes.

    Raises:
        UsageError: it holds a line break, which no quoting allows.
    """
    text = str(value)
    if any(ord(character) < ord(" ") for character in text):
        raise UsageError(f"{text!r} holds a control character, which HAProxy cannot read. Choose another path.")
    return "'" + text.replace("'", r"'\''") + "'"

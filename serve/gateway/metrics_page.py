"""HAProxy's own page of metrics, read on its unix socket."""

from pathlib import Path

import httpx

from pipeline.base.errors import EngineError

_TIMEOUT_S = 1.0


def metrics_page(socket: Path, *, log: Path) -> str:
    """Return what HAProxy counts, in Prometheus' text format.

    Args:
        socket: on which it shows that.
        log: HAProxy's, for the message.

    Raises:
        EngineError: it does not answer within a second.
    """
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=_TIMEOUT_S) as client:
            answer = client.get("http://door/metrics")
    except httpx.TransportError as problem:
        raise EngineError(f"HAProxy does not show its metrics: {problem}. Look at its log.", log=log) from problem
    if answer.status_code != httpx.codes.OK:
        raise EngineError(f"HAProxy shows no metrics: status {answer.status_code}. Look at its log.", log=log)
    return answer.text

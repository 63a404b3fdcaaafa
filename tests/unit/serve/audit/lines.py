"""Lines as HAProxy and the engines write them."""

import json
from typing import Any

PLACE = "model-1/place-1"


def door(request: str = "r1", **changes: Any) -> bytes:
    """Return a line of the door about a request that an engine answered."""
    line = {
        "at": "2026-11-30T02:00:00.000Z",
        "id": request,
        "source": "127.0.0.1",
        "key": "key00001",
        "method": "POST",
        "path": "/v1/completions",
        "model": "demo",
        "status": 200,
        "bytes": 10,
        "place": PLACE,
        "ended": "--",
        "queued_ms": 3,
        "first_byte_ms": 5,
        "total_ms": 20,
        "retries": 0,
    }
    return json.dumps({**line, **changes}).encode()


def usage(request: str = "r1", **changes: Any) -> bytes:
    """Return an engine's line about a request."""
    line = {
        "id": request,
        "key": "key00001",
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "exact": True,
        "first_token_ms": 7.5,
        "total_ms": 15.0,
    }
    return json.dumps({**line, **changes}).encode()

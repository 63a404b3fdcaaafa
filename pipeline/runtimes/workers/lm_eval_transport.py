"""Requests to an OpenAI-compatible completions server: what is tried again, and what ends the evaluation."""

import asyncio
from typing import Any

from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, ClientTimeout, TCPConnector

_ATTEMPTS = 3
_PAUSE_S = 1.0
_TIMEOUT_S = 1800
"""Of one request, from sending to the last byte. Eight long texts on a small machine take many minutes."""
_REFUSED, _BROKEN = 400, 500
_SHOWN = 400
"""Characters of what the server said."""


class RequestRefusedError(RuntimeError):
    """The server refused a request; asking again would not help."""


class ServerFailedError(RuntimeError):
    """The server answered with an error of its own, or not in time."""


class ServerLostError(ServerFailedError):
    """The connection was refused or broken off: the server is most likely dead."""


def open_session(in_flight: int, headers: dict[str, str]) -> ClientSession:
    """Return a session with that many connections."""
    return ClientSession(
        connector=TCPConnector(limit=in_flight), timeout=ClientTimeout(total=_TIMEOUT_S), headers=headers
    )


async def post(session: ClientSession, url: str, payload: dict[str, Any]) -> Any:
    """Return the server's answer; a lost connection and an error of the server are tried again within seconds.

    Raises:
        RequestRefusedError: HTTP 4xx, with what the server said.
        ServerLostError: the connection was lost three times in a row, with pauses of a second.
        ServerFailedError: it failed three times, or gave no answer for half an hour.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await _asked(session, url, payload)
        except TimeoutError:
            raise ServerFailedError(f"the server gave no answer within {_TIMEOUT_S} seconds") from None
        except (ClientConnectionError, ClientPayloadError) as problem:
            if attempt == _ATTEMPTS:
                raise ServerLostError(f"the connection was lost {_ATTEMPTS} times: {problem}") from problem
            await asyncio.sleep(_PAUSE_S)
        except ServerFailedError as problem:
            if attempt == _ATTEMPTS:
                raise ServerFailedError(f"the server failed {_ATTEMPTS} times: {problem}") from problem
            await asyncio.sleep(_PAUSE_S)
    raise AssertionError


async def _asked(session: ClientSession, url: str, payload: dict[str, Any]) -> Any:
    async with session.post(url, json=payload) as response:
        if response.status >= _BROKEN:
            raise ServerFailedError(f"HTTP {response.status}: {(await response.text())[:_SHOWN]}")
        if response.status >= _REFUSED:
            said = (await response.text())[:_SHOWN]
            raise RequestRefusedError(f"the server refused a request with HTTP {response.status}: {said}")
        return await response.json()

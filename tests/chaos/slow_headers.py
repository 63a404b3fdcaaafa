"""`python -m tests.chaos.slow_headers URL NUMBER`: connections that begin a header; prints when they were cut."""

import asyncio
import json
import ssl
import sys
import time
from urllib.parse import urlsplit

_AT_ONCE = 50
_PATIENCE_S = 15.0


async def _hold(host: str, port: int, tls: ssl.SSLContext | None, gate: asyncio.Semaphore) -> float | None:
    """Return the seconds from the first bytes of the header to the end of the connection; None where none was."""
    async with gate:
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return None
    except OSError:
        pass  # a reset is an end, too
    finally:
        writer.close()
    return time.monotonic() - began


async def _hold_all(url: str, number: int) -> list[float | BaseException | None]:
    parts, gate = urlsplit(url), asyncio.Semaphore(_AT_ONCE)
    tls = None
    if parts.scheme == "https":
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    holding = (_hold(parts.hostname or "", parts.port or 443, tls, gate) for _ in range(number))
    return await asyncio.gather(*holding, return_exceptions=True)


def main(url: str, number: int) -> None:
    """Hold so many connections and say what became of them."""
    ends = asyncio.run(_hold_all(url, number))
    cut = [end for end in ends if isinstance(end, float)]
    opened = sum(not isinstance(end, BaseException) for end in ends)
    times = {"first_s": min(cut, default=0), "last_s": max(cut, default=0)}
    print(json.dumps({"opened": opened, "cut": len(cut), **times}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

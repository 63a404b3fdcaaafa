"""An engine with the real middleware that counts: uvicorn on a unix socket, and vLLM's way of leaving the usage behind.

It answers `/v1/completions` whole or streamed, with as many words as `max_tokens` says.
"""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pipeline.runtimes.workers.vllm_usage import KEPT_FOLDER, USAGE_FILE, UsageLines

PROMPT_TOKENS = 5


class CountedEngine:
    """The engine in a thread; a context manager.

    Args:
        socket: to listen on.
        usage: file of the middleware's lines.
        kept: folder of kept texts.
        pause_s: between two words of a stream.
    """

    def __init__(self, socket: Path, usage: Path, *, kept: Path | None = None, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self.headers: list[dict[str, str]] = []
        os.environ[USAGE_FILE] = str(usage)
        if kept:
            os.environ[KEPT_FOLDER] = str(kept)
        routes = [Route("/v1/completions", self._complete, methods=["POST"]), Route("/health", _healthy)]
        app = UsageLines(Starlette(routes=routes))
        os.environ.pop(KEPT_FOLDER, None)
        del os.environ[USAGE_FILE]
        config = uvicorn.Config(app, uds=str(socket), log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.02)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _complete(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        asked = await request.json()
        words = int(asked.get("max_tokens", 1))
        left = SimpleNamespace(request_id="cmpl-1", final_usage_info=None)
        request.state.request_metadata = left
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": words, "total_tokens": PROMPT_TOKENS + words}
        if not asked.get("stream"):
            left.final_usage_info = SimpleNamespace(**usage)
            return JSONResponse({"choices": [{"text": " word" * words}], "usage": usage})

        async def chunks() -> AsyncIterator[str]:
            for _ in range(words):
                yield f"data: {json.dumps({'choices': [{'text': ' word'}]})}\n\n"
                await asyncio.sleep(self._pause_s)
            left.final_usage_info = SimpleNamespace(**usage)
            yield "data: [DONE]\n\n"

        return StreamingResponse(chunks(), media_type="text/event-stream")


async def _healthy(_request: Request) -> Response:
    return Response()

"""Null servers that misbehave, each in one way, and a thread to run one in."""

import asyncio
import json
import ssl
import threading
from pathlib import Path
from typing import Any, ClassVar, Self

import psutil

from eval.bench.load.null_server import Counters, NullServer, Stream, Times


class Running:
    """A null server in a thread of its own, over TLS with a certificate; a context manager."""

    def __init__(self, server: NullServer, bundle: Path | None = None) -> None:
        self.server = server
        if bundle:
            server.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.tls.load_cert_chain(bundle)
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._port = 0

    @property
    def url(self) -> str:
        """Return its address."""
        return f"{'https' if self.server.tls else 'http'}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        listening = self._loop.run_until_complete(self.server.listen())
        self._port = listening.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        listening.close()


class _Dropped(Stream):
    def emit(self) -> None:
        if id(self) in self.server_drops:
            self.connection.abort()
        else:
            super().emit()

    @property
    def server_drops(self) -> set[int]:
        """Answers that are not to come."""
        assert isinstance(self.server, DropsReplies)
        return self.server.dropped


class DropsReplies(NullServer):
    """Breaks the connection of every fourth request before its first token."""

    stream_type: ClassVar[type[Stream]] = _Dropped

    def __init__(self, times: Times) -> None:
        super().__init__(times)
        self.dropped: set[int] = set()
        self._entered = 0

    def enter(self, stream: Stream) -> None:
        """Choose every fourth."""
        super().enter(stream)
        self._entered += 1
        if self._entered % 4 == 0:
            self.dropped.add(id(stream))


class _ErrorInStream(Stream):
    def emit(self) -> None:
        error = {"error": {"message": "the engine is overloaded", "type": "internal_error", "code": 500}}
        data = f"data: {json.dumps(error)}\n\ndata: [DONE]\n\n".encode()
        self.end(f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n")


class ErrorsWith200(NullServer):
    """Says that all is well, and sends an error."""

    stream_type: ClassVar[type[Stream]] = _ErrorInStream


class _Overstated(Stream):
    @property
    def counted(self) -> int:
        """Two tokens more than there were."""
        return self.sent + 2


class OverstatesUsage(NullServer):
    """Tells clients and counters more tokens than it sends."""

    stream_type: ClassVar[type[Stream]] = _Overstated


class CountsOtherTokens(NullServer):
    """Its counters have fewer tokens than its clients are told."""

    def leave(self, stream: Stream) -> None:
        """Forget a token of each answer."""
        over = stream.over
        super().leave(stream)
        if not over:
            self.counters.generation_tokens -= 1


class _Stalling(Stream):
    def emit(self) -> None:
        if self.sent < 3:
            super().emit()


class Stalls(NullServer):
    """Falls silent after three tokens."""

    stream_type: ClassVar[type[Stream]] = _Stalling


class _Short(Stream):
    def emit(self) -> None:
        if self.sent >= self.tokens // 2:
            self.finish()
        else:
            super().emit()


class ClosesEarly(NullServer):
    """Ends every answer in good order at half of its length."""

    stream_type: ClassVar[type[Stream]] = _Short


class _Broken(Stream):
    def emit(self) -> None:
        if self.sent >= self.tokens // 2:
            self.connection.abort()
        else:
            super().emit()


class BreaksHalfWay(NullServer):
    """Breaks every connection at half of the answer."""

    stream_type: ClassVar[type[Stream]] = _Broken


class RepeatsPrefix(NullServer):
    """Takes every prompt for one that it has seen."""

    def enter(self, stream: Stream) -> None:
        """Count all prompts as cached."""
        super().enter(stream)
        self.counters.prefix_hits = self.counters.prompt_tokens


class _Queued(Stream):
    def begin(self) -> None:
        queue = self.server
        assert isinstance(queue, TakesTwoAtATime)
        if len(queue.taken) < 2:
            queue.taken.append(self)
            super().begin()
        else:
            queue.outside.append(self)


class TakesTwoAtATime(NullServer):
    """Lets the engine see two requests; the others wait where it does not count them, as behind a door with a limit."""

    stream_type: ClassVar[type[Stream]] = _Queued

    def __init__(self, times: Times) -> None:
        super().__init__(times)
        self.taken: list[Stream] = []
        self.outside: list[Stream] = []

    def leave(self, stream: Stream) -> None:
        """Let the next one in."""
        super().leave(stream)
        if stream in self.taken:
            self.taken.remove(stream)
            if self.outside:
                self.outside.pop(0).begin()


class _Chatting(Stream):
    def begin(self) -> None:
        super().begin()
        self._say({"role": "assistant", "content": ""})

    def emit(self) -> None:
        if self.over:
            return
        self.sent += 1
        self._say({"content": " word"})
        if self.sent >= self.tokens:
            self.finish()
        else:
            self.wait(self.server.times.ttft_s + self.sent * self.server.times.inter_token_s)

    def _say(self, delta: dict[str, str]) -> None:
        data = f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()
        self.connection.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


class OnlyChats(NullServer):
    """Has no route for texts, and sends the role as soon as a request comes."""

    stream_type: ClassVar[type[Stream]] = _Chatting
    route: ClassVar[str] = "/v1/chat/completions"

    def prompt_of(self, request: dict[str, Any]) -> str | list[int]:
        """Return the user's message."""
        text: str = request["messages"][0]["content"][0]["text"]
        return text


class _WithClosingPiece(Stream):
    def finish(self) -> None:
        choice: dict[str, Any] = {"index": 0, "text": "", "finish_reason": "length"}
        data = f"data: {json.dumps({'choices': [choice]})}\n\n".encode()
        self.connection.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        super().finish()


class SendsClosingPiece(NullServer):
    """Ends every answer with a piece that carries no token, as servers may."""

    stream_type: ClassVar[type[Stream]] = _WithClosingPiece


class WearsOut(NullServer):
    """Is slower with every request, by half a percent of what it was at first, and holds some more memory."""

    def __init__(self, times: Times) -> None:
        super().__init__(times)
        self._first = times
        self._held: list[bytearray] = []

    def enter(self, stream: Stream) -> None:
        """Wear."""
        super().enter(stream)
        self._held.append(bytearray(2**19))
        factor = 1 + 0.005 * len(self._held)
        self.times = Times(self._first.ttft_s * factor, self._first.inter_token_s * factor)


class WantsHeaders(NullServer):
    """Answers only who sends certain headers, and looks for their values among the processes that run."""

    def __init__(self, times: Times, headers: dict[str, str]) -> None:
        super().__init__(times)
        self.headers = headers
        self.seen_in: list[str] = []

    def admits(self, headers: dict[str, str]) -> bool:
        """Return whether they are there."""
        lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        self.seen_in += [line for line in lines for value in self.headers.values() if value in line]
        return all(headers.get(name) == value for name, value in self.headers.items())


class Remembers(NullServer):
    """Keeps what it was asked."""

    def __init__(self, times: Times, *, has_metrics: bool = True) -> None:
        super().__init__(times, has_metrics=has_metrics)
        self.asked: list[Any] = []

    def prompt_of(self, request: dict[str, Any]) -> str | list[int]:
        """Keep the prompt."""
        prompt = super().prompt_of(request)
        self.asked.append(prompt)
        return prompt


class _LlamaCounters(Counters):
    def exposition(self) -> str:
        values = {
            "prompt_tokens_total": self.prompt_tokens - self.prefix_hits,
            "prompt_tokens_cached_total": self.prefix_hits,
            "tokens_predicted_total": self.generation_tokens,
        }
        lines = [f"# TYPE llamacpp:{name} counter\nllamacpp:{name} {value}" for name, value in values.items()]
        lines += [f"# TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing {self.running}"]
        lines += ["# TYPE llamacpp:requests_deferred gauge\nllamacpp:requests_deferred 0"]
        return "\n".join(lines) + "\n"


class CountsAsLlamaCpp(NullServer):
    """Has llama.cpp's counters."""

    def __init__(self, times: Times) -> None:
        super().__init__(times, counters=_LlamaCounters())

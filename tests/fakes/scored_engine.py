"""An engine that answers in this process, as vLLM would: chat, streams, texts, and the likelihood of choices."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from pipeline.engines.engine import EngineFacts
from pipeline.engines.prometheus import Metrics


@dataclass
class ScoredEngine:
    """Finds the choices in `likely` likelier than all others, and says `text` to everything."""

    model: str = "demo"
    likely: tuple[str, ...] = (" one",)
    text: str = "Paris it is."
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = "http://engine"
    api_key: str | None = None

    def client(self, timeout_s: float = 10.0) -> httpx.Client:
        """Return a client of it."""
        return httpx.Client(base_url=self.base_url, transport=httpx.MockTransport(self._answer), timeout=timeout_s)

    def facts(self) -> EngineFacts:
        """Return nothing."""
        return EngineFacts()

    def metrics(self) -> Metrics | None:
        """Return none."""
        return None

    def alive(self) -> bool:
        """Return whether it answers."""
        return self.status == httpx.codes.OK

    def require_alive(self) -> None:
        """Do nothing."""

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.status != httpx.codes.OK:
            return httpx.Response(self.status)
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": [{"id": self.model}]})
        body = json.loads(request.content)
        self.asked.append(body)
        if body.get("stream"):
            return httpx.Response(200, text=self._events())
        choice = {"text": self.text, "message": {"content": self.text}, "finish_reason": "stop"}
        if body.get("echo"):
            choice["logprobs"] = self._scored(body["prompt"])
        return httpx.Response(200, json={"choices": [choice], "usage": {"completion_tokens": 4}})

    def _events(self) -> str:
        pieces: list[dict[str, Any]] = [
            {"choices": [{"delta": {"content": word}, "finish_reason": None}]} for word in self.text.split()
        ]
        pieces.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        return "".join(f"data: {event}\n\n" for event in (*map(json.dumps, pieces), "[DONE]"))

    def _scored(self, prompt: str) -> dict[str, Any]:
        """Return a token for each word, behind one that the tokenizer puts first, and the one that is generated."""
        begin = "<s>"
        words = [f" {word}" if number else word for number, word in enumerate(prompt.split(" "))]
        places = [0]
        for part in (begin, *words):
            places.append(places[-1] + len(part))
        scores = [None, *(-1.0 if word in self.likely else -5.0 for word in words), -0.1]
        return {"text_offset": places, "token_logprobs": scores}

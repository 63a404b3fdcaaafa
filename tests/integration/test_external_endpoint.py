"""An endpoint that somebody else runs, played by the fake completions server."""

import socket
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from pipeline.base.errors import EngineError, UsageError
from pipeline.engines.engine import Engine, EngineFacts
from pipeline.engines.external import ExternalEndpoint
from tests.fakes.completions import FakeCompletions

KEY_VARIABLE = "TEST_ENDPOINT_KEY"


@pytest.fixture
def server() -> Iterator[FakeCompletions]:
    """Return a running server of one model."""
    with FakeCompletions(decode=str) as running:
        yield running


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_what_it_says_of_itself(server: FakeCompletions, suffix: str) -> None:
    """The address with or without `/v1`; the only model needs no name; what is not said is None."""
    endpoint: Engine = ExternalEndpoint(f"{server.url}{suffix}")
    assert (endpoint.base_url, endpoint.model, endpoint.api_key) == (server.url, "model", None)
    assert endpoint.facts() == EngineFacts(version="0.32.0", max_model_len=1024)
    assert endpoint.alive()
    endpoint.require_alive()


def test_metrics_follow_what_was_asked(server: FakeCompletions) -> None:
    """A counter and a histogram, before and after a request."""
    endpoint = ExternalEndpoint(server.url)
    before = endpoint.metrics()
    with endpoint.client() as client:
        client.post("/v1/completions", json={"model": endpoint.model, "prompt": [[1, 2, 3]], "max_tokens": 1})
    after = endpoint.metrics()
    assert before is not None
    assert after is not None
    assert (before.value("vllm:prompt_tokens_total"), after.value("vllm:prompt_tokens_total")) == (0.0, 3.0)
    histogram = after.histogram("vllm:request_prompt_tokens")
    assert histogram is not None
    assert (histogram.count, histogram.total) == (1.0, 3.0)


def test_server_with_completions_alone(server: FakeCompletions) -> None:
    """Without version, health and metrics it still lives, and is used under the name that was given."""
    server.hidden = {"/version", "/health", "/metrics"}
    endpoint = ExternalEndpoint(server.url, model="other")
    assert (endpoint.model, endpoint.facts()) == ("other", EngineFacts())
    assert endpoint.metrics() is None
    assert endpoint.alive()


def test_key_comes_from_the_environment(server: FakeCompletions, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable's name; it is in every request, and its absence and its refusal are told apart."""
    server.key = "right"
    endpoint = ExternalEndpoint(server.url, api_key_env=KEY_VARIABLE)
    with pytest.raises(UsageError, match=f"{KEY_VARIABLE}, which is not set. Export it"):
        endpoint.facts()
    monkeypatch.setenv(KEY_VARIABLE, "wrong")
    with pytest.raises(EngineError, match=rf"refuses the key \(the one in {KEY_VARIABLE}\)"):
        endpoint.facts()
    monkeypatch.setenv(KEY_VARIABLE, "right")
    assert endpoint.facts().version == "0.32.0"
    with pytest.raises(EngineError, match=r"refuses the key \(none was given\)"):
        ExternalEndpoint(server.url).facts()


@pytest.mark.parametrize(
    ("models", "error", "message"),
    [(("a", "b"), UsageError, "serves a, b. Name the model"), ((), EngineError, "lists no model")],
)
def test_model_that_has_to_be_named(
    server: FakeCompletions, models: tuple[str, ...], error: type[Exception], message: str
) -> None:
    """One is never picked out of several."""
    server.models = models
    with pytest.raises(error, match=message):
        _ = ExternalEndpoint(server.url).model


@pytest.mark.parametrize("value", [" sesame", "sesame ", "sesame\n", "sésame"])
def test_key_that_cannot_be_sent_is_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The variable is named, its value is not."""
    monkeypatch.setenv(KEY_VARIABLE, value)
    with pytest.raises(UsageError, match=f"The value of {KEY_VARIABLE} cannot be sent") as caught:
        ExternalEndpoint("http://127.0.0.1:1", api_key_env=KEY_VARIABLE).require_reachable()
    assert "same" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html></html>", "lists no model"),
        (200, b'{"data": null}', "lists no model"),
        (302, b"", "leads to http://elsewhere/v1. Give the address"),
        (500, b"", "status 500"),
    ],
)
def test_server_that_is_no_endpoint(status: int, body: bytes, message: str) -> None:
    """It is reachable, and what it says instead of a model is told."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == HTTPStatus.FOUND:
                self.send_header("Location", "http://elsewhere/v1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = ExternalEndpoint(f"http://127.0.0.1:{server.server_port}")
        endpoint.require_reachable()
        with pytest.raises(EngineError, match=message):
            _ = endpoint.model
        server.shutdown()


def test_nobody_there() -> None:
    """The address is named; what only asks whether it lives gets an answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    endpoint = ExternalEndpoint(url, model="m")
    assert not endpoint.alive()
    with pytest.raises(EngineError, match=r"does not answer: .*refused.*Check the address"):
        endpoint.facts()
    with pytest.raises(EngineError, match="does not answer any more"):
        endpoint.require_alive()
    with pytest.raises(EngineError, match=r"is not well: HTTP 500: broken\. Look"):
        endpoint.require_alive("HTTP 500: broken.")

"""The scripted engine and the client of `tests/chaos`: what evidence is made with must itself be right."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engines.prometheus import parse_metrics
from tests.chaos.client import Answer, Client, Request, Target
from tests.fakes.scripted_answers import expected_text
from tests.fakes.scripted_engine import interpreter, order
from tests.helpers import wait_for

KEY = "a-key"


@contextmanager
def _engine(folder: Path, *options: str) -> Iterator[tuple[Target, "subprocess.Popen[bytes]"]]:
    uds = folder / "m1-p1.sock"
    program = interpreter(folder, folder / "scripts", ttft_s=0.01, tpot_s=0.01)
    command = [str(program), "-P", "-m", "vllm", "--uds", str(uds), "--served-model-name", "tiny", *options]
    environment = {**os.environ, "VLLM_API_KEY": KEY}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(uds.exists, 20)
            yield Target("http://vllm/v1", KEY, "tiny", uds=uds), process
        finally:
            process.kill()


def _ask(target: Target, *requests: Request, timeout_s: float = 20.0) -> list[Answer]:
    """Return the answers to requests that are sent together."""

    async def all_at_once() -> list[Answer]:
        client = Client(target, timeout_s=timeout_s)
        answers = await asyncio.gather(*(client.ask(request) for request in requests))
        await client.close()
        return list(answers)

    return asyncio.run(all_at_once())


def _counters(target: Target) -> dict[str, float]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(target.uds))
        connection.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        head, _, text = connection.recv(65536).partition(b"\r\n\r\n")
    assert b"200 OK" in head
    metrics = parse_metrics(text.decode())
    names = ("generation_tokens_total", "iteration_tokens_total_count", "num_requests_running")
    return {name: metrics.value(f"vllm:{name}") or 0.0 for name in names}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("chat", [False, True])
def test_right_answers(tmp_path: Path, *, stream: bool, chat: bool) -> None:
    """Whole answers of every form are taken for right, and each is its own prompt's."""
    requests = [Request(f"prompt {number}", 5, stream, chat=chat) for number in range(10)]
    with _engine(tmp_path) as (target, _):
        answers = _ask(target, *requests)
        counters = _counters(target)
    assert [answer.verdict for answer in answers] == ["ok"] * 10
    assert {answer.replica for answer in answers} == {"m1-p1"}
    assert counters["generation_tokens_total"] == 50
    assert len({expected_text(request.prompt, 5) for request in requests}) == 10


def test_key_is_wanted(tmp_path: Path) -> None:
    """Another key gets 401, which is no answer."""
    with _engine(tmp_path) as (target, _):
        answer = _ask(Target(target.base_url, "another", "tiny", uds=target.uds), Request("p", 1, stream=False))[0]
    assert (answer.status, answer.verdict) == (401, "lost")


def test_full_queue_is_refused(tmp_path: Path) -> None:
    """One is answered, one waits, the third is told 503: a loss, as nobody says when to come back."""
    with _engine(tmp_path, "--max-num-seqs", "1", "--max-num-queued-reqs", "1") as (target, _):
        answers = _ask(target, *[Request(f"p{number}", 5, stream=False) for number in range(3)])
    assert sorted((answer.status, answer.verdict) for answer in answers) == [(200, "ok"), (200, "ok"), (503, "lost")]


def test_death_cuts_what_streams(tmp_path: Path) -> None:
    """A stream that has begun is cut where its client can see it; a whole answer that has not is lost."""
    order(tmp_path / "scripts", slow=50)
    with _engine(tmp_path) as (target, _):
        answers = asyncio.run(_killed(target, tmp_path))
    assert [answer.verdict for answer in answers] == ["cut", "lost"]


async def _killed(target: Target, folder: Path) -> list[Answer]:
    client = Client(target)
    asked = [asyncio.create_task(client.ask(Request("p", 100, stream=stream))) for stream in (True, False)]
    await asyncio.sleep(1.0)
    order(folder / "scripts", "m1-p1", die=True)
    return await asyncio.gather(*asked)


def test_frozen_engine_counts_nothing(tmp_path: Path) -> None:
    """Counters stand still while requests run, `/health` is answered, and it goes on where it stopped."""
    with _engine(tmp_path) as (target, _):
        seen = asyncio.run(_frozen(target, tmp_path))
    assert seen["counters"][0] == seen["counters"][1]
    assert seen["counters"][0]["num_requests_running"] == 1
    assert seen["answer"].verdict == "ok"


async def _frozen(target: Target, folder: Path) -> dict[str, object]:
    asked = asyncio.create_task(Client(target).ask(Request("p", 100, stream=True)))
    await asyncio.sleep(0.2)
    order(folder / "scripts", freeze=True)
    await asyncio.sleep(0.3)
    first = await asyncio.to_thread(_counters, target)
    await asyncio.sleep(0.5)
    counters = [first, await asyncio.to_thread(_counters, target)]
    order(folder / "scripts")
    return {"counters": counters, "answer": await asked}


def test_drain(tmp_path: Path) -> None:
    """SIGTERM lets the answer under way end, as vLLM's shutdown time-out does."""
    with _engine(tmp_path, "--shutdown-timeout", "10") as (target, process):
        answer = asyncio.run(_terminated(target, process))
        assert process.wait(10) == 0
    assert answer.verdict == "ok"


async def _terminated(target: Target, process: "subprocess.Popen[bytes]") -> Answer:
    asked = asyncio.create_task(Client(target).ask(Request("p", 50, stream=True)))
    await asyncio.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    return await asked


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:", "cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: {\r\n0\r\n\r\n", "hidden cut"),
        (
            b'HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\ndata: {"error": {}}\n\ndata: [DONE]\n\n',
            "cut",
        ),
        (b"HTTP/1.1 503 No\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\n{}", "refused"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}", "lost"),
        (b"", "lost"),
    ],
)
def test_verdicts(tmp_path: Path, sent: bytes, verdict: str) -> None:
    """What is cut, hidden, refused or lost is told apart."""

    async def serve() -> Answer:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(sent)
            writer.close()

        server = await asyncio.start_unix_server(talk, str(tmp_path / "s"))
        async with server:
            return await Client(Target("http://vllm/v1", KEY, "m", uds=tmp_path / "s")).ask(
                Request("p", 3, stream=True)
            )

    assert asyncio.run(serve()).verdict == verdict


def test_anothers_answer_is_wrong(tmp_path: Path) -> None:
    """A whole answer with the text of another prompt is noticed."""
    text = expected_text("somebody else's", 2)
    document = {"choices": [{"message": {"content": text}}], "usage": {"completion_tokens": 2}}
    body = json.dumps(document).encode()

    async def serve() -> Answer:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        async with await asyncio.start_unix_server(talk, str(tmp_path / "s")):
            target = Target("http://vllm/v1", KEY, "m", uds=tmp_path / "s")
            return await Client(target).ask(Request("mine", 2, stream=False))

    assert asyncio.run(serve()).verdict == "wrong"

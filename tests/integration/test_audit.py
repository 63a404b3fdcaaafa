"""The audit through the real HAProxy and the real middleware: lines = requests, whatever happens to the writer."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.recipe.serve import AuditSettings
from pipeline.runtimes.scratch import ScratchFolder
from serve.audit.chain import audit_files
from serve.audit.lines import AuditLine
from serve.audit.recorder import AuditRecorder
from serve.audit.usage import usage_report
from serve.audit.verify import verify_folder
from serve.endpoint import EndpointFolder
from tests.fakes.counted_engine import PROMPT_TOKENS, CountedEngine
from tests.gateways import BACKEND, BEARER, KEY, OpenGateway, open_gateway, rule_of
from tests.helpers import RecordingReporter, eventually

REPO = Path(__file__).parents[2]
PLACE = f"{BACKEND}/place-1"


@pytest.fixture
def folder(tmp_path: Path) -> EndpointFolder:
    """Return the folder of an endpoint that has never run."""
    return EndpointFolder(tmp_path / "mine")


def _recorder(folder: EndpointFolder, tmp_path: Path, **settings: Any) -> AuditRecorder:
    settings = {"reporter": RecordingReporter(), "log": tmp_path / "serve-audit.log", **settings}
    return AuditRecorder(folder, AuditSettings(), **settings)


@pytest.fixture
def served(folder: EndpointFolder, tmp_path: Path) -> Iterator[tuple[AuditRecorder, OpenGateway, CountedEngine]]:
    """Serve an engine that counts, behind HAProxy, with an audit; a second key keeps its text for a day."""
    keeper = rule_of("awq-keeper", "keeper01", keeps_text_days=1)
    with ScratchFolder() as scratch, _recorder(folder, tmp_path) as recorder:
        recorder.name_keys({"key00001": "alice", "keeper01": "keeper"})
        recorder.name_release(PLACE, "v7")
        socket, usage = scratch / "engine.sock", recorder.usage_file(PLACE)
        gateway = open_gateway(
            scratch, tmp_path / "serve-haproxy.log", lines=recorder.door_file(), keys=(rule_of(), keeper)
        )
        with CountedEngine(socket, usage, kept=recorder.kept_folder, pause_s=0.02) as engine, gateway:
            yield recorder, gateway, engine


def _lines(folder: EndpointFolder) -> list[AuditLine]:
    return [
        AuditLine.model_validate_json(line)
        for path in audit_files(folder.audit)
        for line in path.open(encoding="utf-8")
    ]


def _requests(folder: EndpointFolder) -> list[AuditLine]:
    return [line for line in _lines(folder) if line.kind == "request"]


def _post(client: httpx.Client, tokens: int, **headers: str) -> httpx.Response:
    body = {"model": "fake", "prompt": "a", "max_tokens": tokens}
    return client.post("/v1/completions", json=body, headers={**BEARER, **headers})


def test_lines_are_requests_while_the_writer_stops_and_dies(
    served: tuple[AuditRecorder, OpenGateway, CountedEngine], folder: EndpointFolder
) -> None:
    """Stopped for two seconds, killed with SIGKILL: every request has one line, with the engine's own tokens."""
    recorder, gateway, _ = served
    assert eventually(lambda: recorder.writer_pid != 0)
    with httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=60) as client, ThreadPoolExecutor(8) as pool:

        def ask(numbers: range) -> list[str]:
            answers = list(pool.map(lambda number: _post(client, number % 7 + 1), numbers))
            assert {answer.status_code for answer in answers} == {200}
            return [answer.headers["X-Request-Id"] for answer in answers]

        asked = ask(range(100))
        os.kill(recorder.writer_pid, signal.SIGSTOP)
        asked += ask(range(100, 200))
        time.sleep(2)
        os.kill(recorder.writer_pid, signal.SIGCONT)
        asked += ask(range(200, 250))
        os.kill(recorder.writer_pid, signal.SIGKILL)
        asked += ask(range(250, 350))
        refused = client.post("/v1/completions", json={}, headers={"Authorization": "Bearer no"})
    assert refused.status_code == 401
    assert eventually(lambda: recorder.status().lines >= 351)
    lines = _requests(folder)
    assert sorted(line.id for line in lines if line.key != "-") == sorted(asked)
    assert [line.status for line in lines if line.key == "-"] == [401]
    assert verify_folder(folder.audit).whole
    assert {(line.key, line.release, line.place, line.model) for line in lines if line.key != "-"} == {
        ("alice", "v7", PLACE, "fake")
    }
    (row,) = usage_report(folder.audit, by=("key",)).rows
    expected = sum(number % 7 + 1 for number in range(350))
    assert (row.requests, row.prompt_tokens, row.completion_tokens) == (350, 350 * PROMPT_TOKENS, expected)
    assert (row.inexact_requests, row.uncounted_requests) == (0, 0)
    assert recorder.spent()["key00001"].completion == expected
    assert "writer had ended and was started again" in str([line.event for line in _lines(folder)])
    assert eventually(lambda: recorder.status().behind_bytes == 0)
    assert recorder.status().lost == 0


def test_stream_and_client_that_hangs_up(
    served: tuple[AuditRecorder, OpenGateway, CountedEngine], folder: EndpointFolder
) -> None:
    """A whole stream is exact and has its first token's time; one that is given up is cut, and counted by pieces."""
    recorder, gateway, _ = served
    body = {"model": "fake", "stream": True, "max_tokens": 5}
    with httpx.Client(base_url=gateway.base_url, trust_env=False, timeout=60) as client:
        assert client.post("/v1/completions", json=body, headers=BEARER).text.endswith("data: [DONE]\n\n")
        with client.stream("POST", "/v1/completions", json={**body, "max_tokens": 500}, headers=BEARER) as answer:
            next(answer.iter_bytes())
    assert eventually(lambda: recorder.status().lines >= 2)
    whole, cut = _requests(folder)
    assert (whole.completion_tokens, whole.tokens_exact, whole.cut) == (5, True, False)
    assert whole.first_token_ms is not None
    assert (cut.status, cut.tokens_exact, cut.cut) == (200, False, True)
    assert cut.completion_tokens is not None
    assert 0 <= cut.completion_tokens < 500
    assert cut.prompt_tokens


def test_client_cannot_say_whose_request_it_is(
    served: tuple[AuditRecorder, OpenGateway, CountedEngine], folder: EndpointFolder
) -> None:
    """Its own headers of that name are taken out: neither another's account nor kept text."""
    recorder, gateway, engine = served
    with httpx.Client(base_url=gateway.base_url, trust_env=False) as client:
        own = {"X-Awqctl-Key": "keeper01", "X-Awqctl-Keep": "9", "X-Request-Id": "mine"}
        answer = _post(client, 1, **own)
    (seen,) = engine.headers
    assert (seen["x-awqctl-key"], seen["x-request-id"]) == ("key00001", answer.headers["X-Request-Id"])
    assert "x-awqctl-keep" not in seen
    assert answer.headers["X-Request-Id"] != "mine"
    assert list(recorder.kept_folder.iterdir()) == []


def test_text_is_kept_for_the_key_that_keeps_it(
    served: tuple[AuditRecorder, OpenGateway, CountedEngine], folder: EndpointFolder
) -> None:
    """From the moment it does, in a file of its own; the audit has none of it."""
    recorder, gateway, _ = served
    body = {"model": "fake", "prompt": "a secret thought", "max_tokens": 2}
    with httpx.Client(base_url=gateway.base_url, trust_env=False) as client:
        for key in (KEY, "awq-keeper"):
            client.post("/v1/completions", json=body, headers={"Authorization": f"Bearer {key}"})
        gateway.sync_keys((rule_of("awq-keeper", "keeper01"),))
        client.post("/v1/completions", json=body, headers={"Authorization": "Bearer awq-keeper"})
    (file,) = recorder.kept_folder.iterdir()
    (kept,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert json.loads(kept["request"]) == body
    assert json.loads(kept["answer"])["choices"][0]["text"] == " word word"
    assert eventually(lambda: recorder.status().lines >= 3)
    assert not any("secret thought" in path.read_text() for path in audit_files(folder.audit))


def test_stalled_writer_is_a_problem_until_it_goes_on(folder: EndpointFolder, tmp_path: Path) -> None:
    """Told at once and told when it is over; both stand in the audit."""
    told: list[str | None] = []
    with _recorder(folder, tmp_path, on_problem=told.append, stalled_s=1.0) as recorder:
        assert eventually(lambda: recorder.writer_pid != 0)
        os.kill(recorder.writer_pid, signal.SIGSTOP)
        assert eventually(lambda: len(told) == 1)
        assert "has said nothing" in str(recorder.status().problem)
        os.kill(recorder.writer_pid, signal.SIGCONT)
        assert eventually(lambda: len(told) == 2)
        assert (told[1], recorder.status().problem) == (None, None)
    assert [str(line.event)[:24] for line in _lines(folder)] == ["A problem with the audit"] * 2


def test_writer_starts_with_the_standard_library_alone() -> None:
    """In no time, and with the memory of nothing else."""
    program = "import serve.audit.writer, sys; print([name for name in ('pydantic', 'jinja2') if name in sys.modules])"
    command = [sys.executable, "-P", "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    assert subprocess.check_output(command, env=environment, text=True) == "[]\n"


def test_lines_that_haproxy_dropped_are_counted(folder: EndpointFolder, tmp_path: Path) -> None:
    """Over its restarts, and never forgotten."""
    reporter = RecordingReporter()
    with _recorder(folder, tmp_path, reporter=reporter) as recorder:
        for count in (0, 3, 3, 0, 2):
            recorder.dropped(count)
        assert recorder.status().lost == 5
        assert eventually(lambda: recorder.status().problem is not None)
    assert "HAProxy could not write" in str(reporter.warnings)
    assert "3 requests" in str(_lines(folder)[0].event)


def test_what_a_killed_writer_of_the_spool_left_is_told(folder: EndpointFolder, tmp_path: Path) -> None:
    """A torn line in the middle of a file, of which the rest is read."""
    with _recorder(folder, tmp_path) as recorder:
        line = {"at": "2026-11-30T02:00:00.000Z", "id": "r", "key": "-", "method": "GET", "path": "/", "place": "-"}
        whole = json.dumps({**line, "status": 404, "ended": "PR"})
        recorder.door_file().write_text(f"{whole}\n{whole[:40]}{whole}\n[NOTICE] reload\n{whole}\n")
        assert eventually(lambda: recorder.status().lines >= 3)
        assert recorder.status().lost == 1
    kinds = [line.kind for line in _lines(folder)]
    assert kinds == ["request", "event", "request"]


def test_full_disk_in_strict_mode() -> None:
    """The reserve of a small disk is touched: 503 before a line is lost, and back to work when there is room again."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    program = REPO / "tests" / "integration" / "audit_on_a_small_disk.py"
    done = subprocess.run(
        [unshare, "-rm", sys.executable, "-P", str(program)],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["statuses"] == {"200": found["answered"], "503": found["refused"]}
    assert found["refused"] > 0
    assert found["lines_of_answered"] == found["answered"]
    assert found["answered_after"] == 200
    assert (found["dropped"], found["lost"], found["whole"]) == (0, 0, True)

"""Calibration from a data set on the hub: streamed, pinned, refused; the token stays where it is.

`FakeHub` is no hub: it is a local HTTP server that plays the few routes of the Hugging Face hub which the real
`datasets` asks. Each test builds in a process of its own, because the library reads HF_ENDPOINT when it is imported.
"""

import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NAME = "maker/texts"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_" + "MadeUpTokenForTheseTests1234567890"[:34]
BUILD = """
import json, sys
from pathlib import Path
from pipeline.errors import AwqctlError
from pipeline.quantize.calibration import build_calibration
from pipeline.recipe.calibration import Calibration
class Characters:
    def encode(self, text, *, add_special_tokens):
        return [ord(character) for character in text]
settings = Calibration.model_validate_json(sys.argv[1])
try:
    answer = build_calibration(settings, Path.cwd(), Characters(), Path.cwd()).facts.model_dump()
except AwqctlError as problem:
    answer = {"error": str(problem), "exit_code": problem.exit_code, "cause": repr(problem.__cause__)}
print(json.dumps(answer))
"""


class FakeHub(ThreadingHTTPServer):
    """One data set, a folder of files, and an answer for those who may not read it."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.refusal: tuple[int, dict[str, str]] | None = None
        """Status and headers of every answer."""
        self.sent_bytes = 0
        """Of data files."""


class _Handler(BaseHTTPRequestHandler):
    """Answers like the hub, as far as its client looks."""

    server: FakeHub

    def do_HEAD(self) -> None:
        """Answer with the headers of a file."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer a question about the data set, or with a file."""
        hub, path = self.server, urlsplit(self.path).path
        if hub.refusal:
            return self._answer(hub.refusal[0], b"", hub.refusal[1])
        if path.startswith(f"/datasets/{NAME}/resolve/"):
            return self._file(hub.folder / path.rsplit("/", 1)[1])
        if path.startswith(f"/api/datasets/{NAME}/tree/{COMMIT}"):
            files = [] if path.endswith("/data") else sorted(hub.folder.iterdir())
            entries = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in files]
            return self._answer(200, json.dumps(entries).encode(), {})
        if path.startswith(f"/api/datasets/{NAME}"):
            return self._answer(200, json.dumps({"id": NAME, "sha": COMMIT, "siblings": []}).encode(), {})
        return self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _file(self, path: Path) -> None:
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{path.name}"'}
        if not path.is_file():
            return self._answer(404, b"", headers | {"X-Error-Code": "EntryNotFound"})
        content = path.read_bytes()
        wanted = re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None:
            return self._answer(200, content, headers)
        start, end = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
        self.server.sent_bytes += end + 1 - start
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return self._answer(206, content[start : end + 1], headers)

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    """Return a hub whose data set is still empty."""
    folder = tmp_path / "repository"
    folder.mkdir()
    server = FakeHub(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def build(hub: FakeHub, tmp_path: Path, column: str = "text", **environment: str) -> dict[str, Any]:
    """Return the facts of a calibration, or the error."""
    settings = {"source": NAME, "column": column, "blocks": 8, "block_tokens": 64}
    hub_environment = {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_address[1]}",
        "HF_HOME": str(tmp_path / "hub-cache"),
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", BUILD, json.dumps(settings)],
        env={**os.environ, **hub_environment, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_only_what_is_needed_is_read(hub: FakeHub, tmp_path: Path) -> None:
    """One shard of four gives the text; the commit tells which version it was."""
    generator = random.Random(0)  # noqa: S311 -- text that does not compress, not a secret
    for shard in range(4):
        rows = [generator.randbytes(1000).hex() for _ in range(2000)]
        pq.write_table(pa.table({"text": rows}), hub.folder / f"part-{shard}.parquet", row_group_size=500)
    facts = build(hub, tmp_path)
    assert (facts["blocks"], facts["sources"][0]["texts_read"]) == (8, 1)
    assert facts["sources"][0]["identity"] == f"{NAME}@{COMMIT}"
    total = sum(path.stat().st_size for path in hub.folder.iterdir())
    assert 0 < hub.sent_bytes < total / 2


def test_a_missing_column_is_named_with_those_there_are(hub: FakeHub, tmp_path: Path) -> None:
    """The same words as for a file."""
    (hub.folder / "a.jsonl").write_text('{"body": "x"}\n')
    answer = build(hub, tmp_path)
    assert answer["exit_code"] == 2
    assert f"Data set {NAME}, split train: no text under 'text' (found: body)" in answer["error"]


@pytest.mark.parametrize(
    ("status", "headers", "exit_code", "message"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, 2, "Check the name; for a gated data set accept its terms"),
        (403, {"X-Error-Code": "GatedRepo"}, 2, "is a gated dataset on the Hub. .*set HF_TOKEN"),
        (401, {"X-Error-Message": f"wrong Bearer {TOKEN}"}, 2, "401 Unauthorized.*set HF_TOKEN"),
    ],
)
def test_refusals_say_what_to_do_and_hold_no_token(
    hub: FakeHub, tmp_path: Path, status: int, headers: dict[str, str], exit_code: int, message: str
) -> None:
    """Not there, gated, or a wrong token: the user's turn. No cause with request headers hangs on the error."""
    hub.refusal = (status, headers)
    answer = build(hub, tmp_path)
    assert (answer["exit_code"], answer["cause"]) == (exit_code, "None")
    assert re.search(message, answer["error"])


def test_a_hub_out_of_reach_is_the_machines_lack(hub: FakeHub, tmp_path: Path) -> None:
    """The way out is a local copy."""
    answer = build(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert answer["exit_code"] == 4
    assert "Check the network, or copy the data here and give its file or folder." in answer["error"]

"""`awqctl ui`: the real MLflow UI on a fresh store."""

import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import psutil

from tests.helpers import command


def test_ui_answers_on_loopback_and_ends_with_its_parent(tmp_path: Path) -> None:
    """The page is served on 127.0.0.1 only; Ctrl-C ends the command with 0 and every process below it."""
    line = command("ui", "--port", "0")
    process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found, process.stderr.read() if process.stderr else said
        page = _wait_for_page(found[0])
        below = psutil.Process(process.pid).children(recursive=True)
        addresses = {c.laddr.ip for p in below for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert "MLflow" in page
    assert addresses == {"127.0.0.1"}
    assert process.returncode == 0
    _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []


def _wait_for_page(url: str) -> str:
    deadline = time.monotonic() + 240
    while True:
        try:
            return httpx.get(url, timeout=10, trust_env=False).raise_for_status().text
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "the UI never answered"
            time.sleep(0.5)

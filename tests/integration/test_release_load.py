"""A change of release under load, as a user makes it: `awqctl serve`, clients that never pause, `awqctl release`."""

import json
import os
import signal
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.endpoint import endpoint_folder
from serve.supervisor.foreground import Serving
from tests.endpoints import REPO, interpreter, living_below
from tests.fakes.released_run import make_run
from tests.helpers import awqctl, command

CANARY = ("share=0.3", "seconds=2", "requests=20", "wait_s=60", "p95_ratio=1000")
"""A ratio that no busy machine reaches: what is looked at is whether a request is lost."""


class Site:
    """An endpoint that serves in a process of its own, asked by command lines in processes of theirs."""

    def __init__(self, folder: Path, store: str) -> None:
        self.out = folder / "out"
        self.said = ""
        """By the endpoint, once it ended."""
        self._folder = folder
        self._options = ("--endpoint", "load", "--store", store)
        self._environment = {
            **os.environ,
            "AWQCTL_RUNTIME_VLLM": str(interpreter(folder)),
            "PYTHONPATH": str(REPO),
            "COLUMNS": "200",
        }

    def release(self, *arguments: object) -> dict[str, Any]:
        """Return what `awqctl release` says; it must succeed."""
        answer = awqctl("release", *arguments, *self._options, "--json", cwd=self._folder, env=self._environment)
        assert answer.returncode == 0, answer.stderr
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    @contextmanager
    def serving(self) -> Iterator[Serving]:
        """Serve the run until the block ends."""
        settings = ("engine.accelerator=cpu", *(f"serve.canary.{one}" for one in CANARY))
        line = command("serve", "demo", "--out", self.out, "--port", 0, "--json", *self._options, settings=settings)
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(line, cwd=self._folder, env=self._environment, **pipes) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            text = ""
            while not text.endswith("}\n"):
                read = process.stdout.readline()
                assert read, process.stderr.read()
                text += read
            try:
                yield Serving.model_validate_json(text)
            finally:
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=60)
        self.said = errors
        assert process.returncode == 0, errors


@pytest.fixture
def site(tmp_path: Path, run_store: str) -> Site:
    """Return a site with one run, of which nothing is served yet."""
    site = Site(tmp_path, run_store)
    make_run(site.out, gate=None)
    return site


@contextmanager
def clients(serving: Serving) -> Iterator[Counter[str]]:
    """Ask again and again during the block, every other time for a stream; yield how many answers came whole."""
    found: Counter[str] = Counter()
    over = threading.Event()
    trusted = ssl.create_default_context(cafile=serving.ca_certificate)
    headers = {"Authorization": f"Bearer {serving.new_key}"}
    body = {"model": serving.model, "messages": [{"role": "user", "content": "x"}]}

    def ask(client: httpx.Client, *, stream: bool) -> str:
        try:
            answer = client.post(f"{serving.base_url}/chat/completions", json={**body, "stream": stream})
        except httpx.TransportError as problem:
            return repr(problem)
        if answer.status_code != httpx.codes.OK:
            return f"{answer.status_code} {answer.text}"
        ended = answer.text.endswith("data: [DONE]\n\n") if stream else answer.json()["choices"]
        return "whole" if ended else f"cut: {answer.text}"

    def work() -> None:
        number = 0
        with httpx.Client(verify=trusted, trust_env=False, headers=headers, timeout=30) as client:
            while not over.wait(0.005):
                found[ask(client, stream=bool(number % 2))] += 1
                number += 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_releases_come_and_go_under_load(site: Site, tmp_path: Path) -> None:
    """The run's checkpoint is the first release; the next one takes over and goes back, and no request is lost."""
    with site.serving() as serving, clients(serving) as found:
        assert site.release("ls")["production"] == 1
        make_run(site.out, "second", day=19, gate=None)
        forward = site.release("promote", site.out, "--yes")
        back = site.release("rollback", "--yes")
        listed = site.release("ls")
    assert set(found) == {"whole"}, site.said
    assert (forward["outcome"], forward["release"], forward["replaced"]) == ("promoted", 2, 1)
    assert (back["outcome"], back["release"], back["agreed"]) == ("promoted", 1, False)
    assert forward["new"]["requests"] >= 20
    assert (listed["production"], listed["previous"]) == (1, None)
    released = {line["release"] for line in _audited() if line["kind"] == "request"}
    events = [str(line["event"]) for line in _audited() if line["kind"] == "event"]
    assert {"v1", "v2"} <= released
    assert any(event.startswith("rollback to v1: promoted.") for event in events)
    assert living_below(tmp_path) == []


def _audited() -> list[dict[str, Any]]:
    files = sorted(endpoint_folder("load").audit.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]

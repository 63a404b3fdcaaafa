"""`awqctl serve` with real vLLM: in the background, called by the openai client, audited, killed, back, and stopped.

One endpoint, two starts of vLLM: the second is the supervisor's own.
"""

import json
import os
import signal
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from tests.e2e.conftest import ENTRY, Chain
from tests.helpers import command, eventually

pytestmark = pytest.mark.e2e

PROMPT = [{"role": "user", "content": "def"}]
BACK_S = 180
BURST = 288
"""Requests at once: 64 fit into the demo's engine and its queue."""


@dataclass(frozen=True)
class Service:
    """The endpoint, and the commands that look after it."""

    chain: Chain
    environment: dict[str, str]
    started: dict[str, Any]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command that takes no recipe."""
        line = command(*arguments, "--endpoint", "demo", python=self.chain.installed.python)
        return subprocess.run(
            line, capture_output=True, text=True, check=False, cwd=self.chain.folder, env=self.environment, timeout=300
        )

    def told(self, *arguments: object) -> dict[str, Any]:
        """Return the document that a command prints."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json").stdout)
        return found

    def client(self) -> openai.OpenAI:
        """Return a client that trusts the endpoint's certificate."""
        trusted = ssl.create_default_context(cafile=self.started["ca_certificate"])
        http = openai.DefaultHttpxClient(verify=trusted, trust_env=False)
        return openai.OpenAI(base_url=self.started["base_url"], api_key=self.started["new_key"], http_client=http)

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor and what is below it."""
        supervisor = psutil.Process(self.started["pid"])
        return [supervisor, *supervisor.children(recursive=True)]

    def engine(self) -> psutil.Process:
        """Return the process of vLLM's API server."""
        return next(each for each in self.processes() if each.cmdline()[1:4] == ENTRY)


@pytest.fixture(scope="module")
def service(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Start it in the background, with keys and audit in a folder of its own."""
    configuration = tmp_path_factory.mktemp("config")
    environment = {**chain.installed.environment, "COLUMNS": "80", "XDG_CONFIG_HOME": str(configuration)}
    environment.pop("AWQCTL_HOME", None)
    if home := os.environ.get("AWQCTL_HOME"):
        own = configuration / "home"
        own.mkdir()
        (own / "runtimes").symlink_to(Path(home) / "runtimes")
        environment["AWQCTL_HOME"] = str(own)
    line = command("serve", "demo", "--detach", "--json", settings=chain.settings, python=chain.installed.python)
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, cwd=chain.folder, env=environment, timeout=600
    )
    assert done.returncode == 0, done.stderr
    served = Service(chain, environment, json.loads(done.stdout))
    yield served
    assert served.run("serve", "stop").returncode in (0, 4)


def test_answers_and_the_audit_count_the_same_tokens(service: Service) -> None:
    """Streamed or not, what the engine says it generated is what the key is charged with."""
    client = service.client()
    whole = client.chat.completions.create(model="demo", messages=PROMPT, max_tokens=9, temperature=0)
    chunks = list(client.chat.completions.create(model="demo", messages=PROMPT, max_tokens=7, stream=True))
    plain = client.completions.create(model="demo", prompt="def", max_tokens=5)
    responses = client.responses.create(model="demo", input="def", max_output_tokens=6)
    assert all(chunk.choices for chunk in chunks), "usage was not asked for"
    counted = whole.usage.completion_tokens + plain.usage.completion_tokens + responses.usage.output_tokens
    assert eventually(lambda: _row(service)["requests"] == 4, 20)
    row = _row(service)
    assert row["inexact_requests"] == row["uncounted_requests"] == 0
    assert row["completion_tokens"] == counted + 7
    assert service.run("audit", "verify").returncode == 0


def test_burst_is_answered_or_refused(service: Service) -> None:
    """Of more streams than vLLM's queue holds, those beyond are 503, none is a 200 with an error in it or cut."""
    bodies: dict[str, dict[str, Any]] = {
        "chat/completions": {"messages": PROMPT, "max_tokens": 32},
        "completions": {"prompt": "def", "max_tokens": 32},
        "responses": {"input": "def", "max_output_tokens": 32},
    }
    headers = {"Authorization": f"Bearer {service.started['new_key']}"}
    trusted = ssl.create_default_context(cafile=service.started["ca_certificate"])

    def ask(route: str) -> tuple[int, bool]:
        """Return the status, and whether the answer is one that belongs to it."""
        body = {"model": "demo", "stream": True, **bodies[route]}
        with httpx.Client(verify=trusted, trust_env=False, timeout=60) as client:
            answer = client.post(f"{service.started['base_url']}/{route}", json=body, headers=headers)
        if answer.status_code != httpx.codes.OK:
            return answer.status_code, "retry-after" in answer.headers and "error" in answer.json()
        whole = "data: [DONE]" in answer.text or "event: response.completed" in answer.text
        return answer.status_code, whole and 'data: {"error"' not in answer.text

    with ThreadPoolExecutor(BURST) as pool:
        answers = Counter(pool.map(ask, [*bodies] * (BURST // len(bodies))))
    assert set(answers) == {(200, True), (503, True)}


def test_self_audit_passes(service: Service) -> None:
    """Every route of the installed vLLM, TLS, limits, hostile requests, processes and files."""
    found = service.told("serve", "audit")
    assert [item for item in found["items"] if item["verdict"] != "pass"] == []
    assert len(found["items"]) > 40


def test_killed_engine_is_back(service: Service) -> None:
    """A SIGKILL of vLLM ends no endpoint: it answers 503 meanwhile, and then as before."""
    service.engine().send_signal(signal.SIGKILL)
    with pytest.raises(openai.APIStatusError) as refused:
        service.client().with_options(max_retries=0).completions.create(model="demo", prompt="def", max_tokens=1)
    assert (refused.value.status_code, "retry-after" in refused.value.response.headers) == (503, True)
    assert eventually(lambda: service.run("serve", "status").returncode == 0, BACK_S)
    assert service.client().completions.create(model="demo", prompt="def", max_tokens=2).usage.completion_tokens == 2
    replica = service.told("serve", "status")["replicas"][0]
    assert (replica["state"], replica["restarts"]) == ("serving", 1)
    assert "SIGKILL" in replica["last_failure"]


def test_stop_leaves_nothing(service: Service) -> None:
    """Supervisor, HAProxy, engine and the audit's writer are gone, and nothing answers."""
    before = service.processes()
    assert service.run("serve", "stop").returncode == 0
    _, alive = psutil.wait_procs(before, timeout=30)
    assert alive == []
    assert service.run("serve", "status").returncode == 4
    with pytest.raises(openai.APIConnectionError):
        service.client().with_options(max_retries=0).models.list()


def _row(service: Service) -> dict[str, Any]:
    """Return what the audit says of the first key."""
    rows = service.told("audit", "usage", "--by", "key")["rows"]
    return next((row for row in rows if row["key"] == "default"), {"requests": 0})

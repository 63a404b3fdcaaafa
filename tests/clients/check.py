"""Clients, hostile requests and a fuzzer on the endpoint with the demo's model in real vLLM.

`python -m tests.clients.check [--cases N] [--minutes N] [--out FILE]`, or `make check-clients`. Makes an environment
for LangChain, LiteLLM and schemathesis beside nothing of awqctl's. Fails unless every client works unchanged, every
hostile request is refused, no case of the fuzzer is answered with 5xx, the engine answers at the end, and its
processes' memory has grown by less than 100 MB.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.engines.vllm import MODULE
from pipeline.models import packaged_model
from pipeline.recipe.load import load_recipe
from pipeline.runtimes.store import ensure
from pipeline.runtimes.worker import Worker, worker_script
from serve.checks.exposure.requests import audit_requests
from serve.checks.exposure.result import Target
from serve.gateway.keys import new_key
from serve.supervisor.spec import ServedModel, ServingSpec
from serve.supervisor.supervisor import Supervisor
from tests.gateways import door_lines

PACKAGES = ("langchain-openai==1.7.4", "litellm==1.110.2", "openai>=3,<4", "schemathesis==4.32.5")
PROGRAMS = Path(sys.executable).parent
GROWTH_MB = 100
LONGEST = 48
ROUTES = ("/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/responses")
_MANY_SIDED = 2
"""Of the routes, those whose cases never ran short; of a third one a whole run drew ten."""
_MB = 10**6
_UNTIL_ENDED_S = 60.0


@dataclass(frozen=True)
class Fuzzing:
    """How long a fuzzer tries."""

    cases: int = 10_000
    minutes: float = 30.0


def main() -> int:
    """Serve, try everything, say what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=Fuzzing.cases, help="of the fuzzer, at least")
    parser.add_argument("--minutes", type=float, default=Fuzzing.minutes, help="for the fuzzer, at most")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    runtime = ensure("vllm", "cpu", user_home(), SilentReporter())
    # Short answers: a fuzzer asks for all that there is room for.
    engine = load_recipe("demo").recipe.engine.model_copy(update={"max_model_len": LONGEST})
    spec = ServingSpec(
        endpoint="check-clients",
        models=(ServedModel(name="demo", checkpoint=packaged_model(), engine=engine),),
        runtime=runtime,
        accelerator="cpu",
        host="127.0.0.1",
        port=0,
        tls=True,
    )
    key = new_key()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        programs = environment(folder)
        schema = openapi(runtime.python, folder)
        with Supervisor(spec, logs=folder, reporter=SilentReporter(), key_store=None, extra_keys=[key]) as served:
            assert served.ca_certificate is not None
            found = told(clients(programs, served.base_url, served.ca_certificate, key))
            found += told(curl(served.base_url, served.ca_certificate, key))
            before = memory(served.replicas[0].engine.pid)
            found += told(hostile(served, key))
            most = Fuzzing(arguments.cases, arguments.minutes)
            found += told(fuzzed(programs, served, schema, key, most))
            grown = (memory(served.replicas[0].engine.pid) - before) / _MB
            detail = f"{grown:+.0f} MB after all of them"
            found += told([{"name": "engine's memory", "passed": grown < GROWTH_MB, "detail": detail}])
            found += told([alive(served, key)])
    if arguments.out:
        arguments.out.write_text(json.dumps({"date": time.strftime("%Y-%m-%d"), "found": found}, indent=2) + "\n")
    return 0 if all(line["passed"] for line in found) else 1


def told(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print what was found and return it."""
    for line in found:
        sys.stdout.write(f"{'ok  ' if line['passed'] else 'FAIL'} {line['name']}: {line['detail']}\n")
    sys.stdout.flush()
    return found


def environment(folder: Path) -> Path:
    """Return the folder of programs of a new environment with other people's clients."""
    place = folder / "clients"
    subprocess.run([PROGRAMS / "uv", "venv", "--quiet", place], check=True)
    install: list[Any] = [PROGRAMS / "uv", "pip", "install", "--quiet", "--python", place / "bin" / "python", *PACKAGES]
    subprocess.run(install, check=True)
    return place / "bin"


def openapi(python: Path, folder: Path) -> Path:
    """Return the file of the description that vLLM's own application gives of the routes that are let through."""
    with Worker(
        python, worker_script("vllm_arguments"), log=folder / "routes.log", reporter=SilentReporter()
    ) as worker:
        request = {"module": MODULE, "arguments": ["--model", "none"]}
        document = worker.call("openapi", request, "reading vLLM's description")["openapi"]
    document["paths"] = {path: what for path, what in document["paths"].items() if path in ROUTES}
    (folder / "openapi.json").write_text(json.dumps(document))
    return folder / "openapi.json"


def clients(programs: Path, base_url: str, ca: Path, key: str) -> list[dict[str, Any]]:
    """Return what each client's library did."""
    script = Path(__file__).parent / "try_clients.py"
    done = subprocess.run(
        [programs / "python", script, base_url, ca, "demo"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "AWQCTL_API_KEY": key},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def curl(base_url: str, ca: Path, key: str) -> list[dict[str, Any]]:
    """Return what curl got."""
    body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "def"}], "max_tokens": 4})
    command = ["curl", "-sS", "--cacert", str(ca), "-K", "-", "-H", "Content-Type: application/json", "-d", body]
    done = subprocess.run(
        [*command, f"{base_url}/chat/completions"],
        input=f'header = "Authorization: Bearer {key}"\n',
        capture_output=True,
        text=True,
        check=False,
    )
    passed = done.returncode == 0 and "choices" in done.stdout
    return [{"name": "curl", "passed": passed, "detail": (done.stdout or done.stderr)[:60]}]


def hostile(served: Supervisor, key: str) -> list[dict[str, Any]]:
    """Return how each request of the hand-written list was answered."""
    target = Target(
        base_url=served.base_url,
        host="127.0.0.1",
        port=served.gateway.port,
        ca_certificate=served.ca_certificate,
        key=key,
        model="demo",
        pid=os.getpid(),
        max_body_bytes=int(served.spec.offered.limits.max_body_mib * 2**20),
    )
    with httpx.Client(verify=str(served.ca_certificate), trust_env=False, timeout=60) as client:
        items = list(audit_requests(target, client))
    return [{"name": item.name, "passed": item.verdict == "pass", "detail": item.detail} for item in items]


def fuzzed(programs: Path, served: Supervisor, schema: Path, key: str, most: Fuzzing) -> list[dict[str, Any]]:
    """Return how the door answered schemathesis: cases made from vLLM's own description, valid and broken ones.

    First drawn ones, as many as are asked for, then one for each part of the description, until the time is up.
    """
    command: list[Any] = [programs / "schemathesis", "run", schema, "--url", served.base_url.removesuffix("/v1")]
    command += ["--checks", "not_a_server_error", "--tls-verify", served.ca_certificate, "--seed", "14", "--no-color"]
    command += ["--max-examples", most.cases // _MANY_SIDED + 1, "--workers", "8", "--mode", "all"]
    command += ["--request-timeout", "120", "--continue-on-failure", "--header", f"Authorization: Bearer {key}"]
    before, until = len(door_lines(served.gateway.log)), time.monotonic() + most.minutes * 60
    ended = {}
    for phase in ("fuzzing", "coverage"):
        ended[phase] = ended_after([*command, "--phases", phase], until - time.monotonic(), schema.with_name(phase))
        sys.stderr.write(f"{phase}: {ended[phase]}\n{schema.with_name(phase).read_text()[-4000:]}\n")
    lines = door_lines(served.gateway.log)[before:]  # its own count leaves out what it was interrupted in
    by_class = {f"{kind}xx": sum(line.status // 100 == kind for line in lines) for kind in range(1, 6)}
    none = sum(line.status < 0 for line in lines)
    for line in [line for line in lines if line.status < 0 or line.status >= httpx.codes.INTERNAL_SERVER_ERROR][:20]:
        sys.stderr.write(f"{line.model_dump_json()}\n")
    detail = f"{len(lines)} cases, {by_class}, no answer {none}; "
    detail += ", ".join(f"{phase}: {end}" for phase, end in ended.items())
    passed = len(lines) >= most.cases and not by_class["5xx"] and not none
    return [{"name": "schemathesis", "passed": passed, "detail": detail}]


def ended_after(command: Sequence[Any], seconds: float, said: Path) -> str:
    """Run a program no longer than so; return how it ended."""
    words = [str(part) for part in command]
    with said.open("wb") as stream, subprocess.Popen(words, stdout=stream, stderr=stream) as process:
        try:
            return f"ended with {process.wait(max(0.0, seconds))}"
        except subprocess.TimeoutExpired:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_UNTIL_ENDED_S)
            process.kill()
            return "its time was up"


def memory(pid: int | None) -> int:
    """Return the resident bytes of the engine's processes."""
    root = psutil.Process(pid)
    return sum(process.memory_info().rss for process in (root, *root.children(recursive=True)))


def alive(served: Supervisor, key: str) -> dict[str, Any]:
    """Return whether a plain request is answered at the end."""
    answer = httpx.post(
        f"{served.base_url}/completions",
        json={"model": "demo", "prompt": "def", "max_tokens": 4},
        headers={"Authorization": f"Bearer {key}"},
        verify=str(served.ca_certificate),
        trust_env=False,
        timeout=60,
    )
    return {
        "name": "a plain request at the end",
        "passed": answer.status_code == 200,
        "detail": str(answer.status_code),
    }


if __name__ == "__main__":
    sys.exit(main())

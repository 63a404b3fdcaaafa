"""Commands that are stopped and engines that die: nothing stays, nothing is half-written, nothing is done twice.

SIGKILL meets the real engine. SIGINT and SIGTERM, which the command itself handles, meet the stand-in: how long it
loads and answers is chosen, and it costs no start of vLLM.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import CONTROLLED, SETTINGS, Chain, Installed
from tests.fakes.engine import interpreter
from tests.helpers import wait_for, working_in

pytestmark = pytest.mark.e2e

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that runs in a copy of the chain."""

    chain: Chain
    process: "subprocess.Popen[str]"

    @property
    def answers(self) -> int:
        """Return how many of AWQ's answers are stored."""
        files = (self.chain.out / ".resume" / "eval").glob("awq-*/responses.jsonl")
        return sum(len(path.read_bytes().splitlines()) for path in files)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 900) -> None:
        """Wait until a condition holds; fail when the command ends before."""
        wait_for(lambda: condition() or self.process.poll() is not None, seconds)
        assert condition(), self.process.communicate()

    def wait_for_answers(self, count: int) -> None:
        """Wait until so many of AWQ's answers are stored."""
        self.wait_until(lambda: self.answers >= count)

    def end(self, number: signal.Signals) -> None:
        """Stop the command; fail unless it ends as agreed and leaves nothing."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 130, errors
        assert "Traceback" not in errors
        wait_for(lambda: not working_in(self.chain.folder), 30)
        # Task files of own questions may stay there: the next evaluation writes them anew.
        assert list((self.chain.out / ".partial").iterdir()) == []


def evaluation(chain: Chain, *arguments: str, extra: tuple[str, ...] = (), engine: Path | None = None) -> Evaluation:
    """Start an evaluation, on the stand-in where one is given."""
    line = chain.installed.command("eval", "demo", *arguments, settings=chain.settings_with(*extra))
    environment = chain.installed.environment | ({"AWQCTL_RUNTIME_VLLM": str(engine)} if engine else {})
    pipes: dict[str, Any] = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return Evaluation(chain, subprocess.Popen(line, cwd=chain.folder, env=environment, **pipes))


def results(chain: Chain) -> dict[str, Any]:
    """Return what the evaluation in a folder found."""
    found: dict[str, Any] = json.loads((chain.out / "eval" / "results.json").read_text())
    return found


def engine_of(pid: int) -> int:
    """Return vLLM's engine process below a command; the API server in front of it notices that it dies."""
    for child in psutil.Process(pid).children(recursive=True):
        if any("EngineCore" in part for part in child.cmdline()):
            return child.pid
    raise AssertionError("no engine runs")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_stopped_while_the_engine_loads(chain: Chain, tmp_path: Path, number: signal.Signals) -> None:
    """The code of the contract, no process, nothing half-written, and the record says what happened to the attempt."""
    copy = chain.copy(tmp_path)
    logs = copy.out / "logs"
    shutil.rmtree(logs)
    running = evaluation(copy, "--force", engine=interpreter(tmp_path, load_s=600))
    running.wait_until(lambda: any("to load model" in path.read_text() for path in logs.glob("eval-vllm-*.log")))
    assert any("fake-vllm" in line for line in working_in(tmp_path))
    running.end(number)
    record = json.loads((copy.out / "record.json").read_text())
    assert record["failed_attempts"]["eval"]["status"] == "interrupted"
    assert record["stages"]["eval"] == chain.document["stages"]["eval"]


def test_stopped_evaluation_asks_only_what_is_missing(chain: Chain, tmp_path: Path) -> None:
    """Stopped twice while an arm answers, each run finds what is there; a larger limit then asks only the new items."""
    copy = chain.copy(tmp_path)
    shutil.rmtree(copy.out / ".resume")
    tasks = "eval.tasks=[{name: stdlib_next_line, margin: 0.03, limit: 200}]"
    extra = (CONTROLLED, "eval.noise_floor=false", tasks)
    answered = 0
    for number in SIGNALS:
        running = evaluation(copy, extra=extra, engine=interpreter(tmp_path, answer_s=0.2))
        running.wait_for_answers(answered + 100)
        running.end(number)
        answered = running.answers
    assert answered < 4 * 200
    for limit, recalled in ((200, answered - 1), (250, 4 * 200)):
        settings = tuple(one.replace("limit: 200", f"limit: {limit}") for one in extra)
        following = evaluation(copy, extra=settings, engine=interpreter(tmp_path))
        _, errors = following.process.communicate(timeout=600)
        assert following.process.returncode in (0, 3), errors
        found = results(copy)
        assert found["recalled"]["awq"] >= recalled
        assert {row["items"] for row in found["tasks"]} == {limit}
    assert found["recalled"] == {"baseline": 4 * 200, "awq": 4 * 200, "rtn": 4 * 200}


def test_engine_failure_is_one_sentence(chain: Chain, tmp_path: Path) -> None:
    """An engine that cannot start is explained by its own root cause, with the log's path."""
    copy, flag = chain.copy(tmp_path), "--no-such-flag"
    engine = interpreter(tmp_path, refuses=flag)
    running = evaluation(copy, "--force", extra=(f"engine.extra_args=['{flag}']",), engine=engine)
    _, errors = running.process.communicate(timeout=300)
    assert running.process.returncode == 4
    assert flag in errors
    assert "Details:" in errors
    assert "Traceback" not in errors
    assert working_in(tmp_path) == []


def test_killed_evaluation_goes_on(chain: Chain, tmp_path: Path) -> None:
    """vLLM's engine is killed while AWQ answers, then the command; no answer is asked twice, the figures are the same.

    Only AWQ's answers are dropped before, so that only its engine is started: once, again, and once more.
    """
    copy = chain.copy(tmp_path)
    for path in (copy.out / ".resume" / "eval").glob("awq-*"):
        (path / "responses.jsonl").unlink()
    (copy.out / "eval" / "results.json").unlink()
    running = evaluation(copy)
    running.wait_for_answers(400)
    os.kill(engine_of(running.process.pid), signal.SIGKILL)
    kept = running.answers
    running.wait_for_answers(kept + 400)
    running.process.kill()
    _, errors = running.process.communicate(timeout=120)
    assert "It is started again" in " ".join(errors.split())
    wait_for(lambda: not working_in(tmp_path), 30)
    kept = running.answers
    following = evaluation(copy)
    _, errors = following.process.communicate(timeout=1400)
    assert following.process.returncode == 0, errors
    again = results(copy)
    assert again["recalled"]["awq"] >= kept - 1
    for before, after in zip(chain.result["tasks"], again["tasks"], strict=True):
        # Batches differ, so the seventh digit may; no verdict does.
        assert after["candidate"]["value"] == pytest.approx(before["candidate"]["value"], abs=0.002)
        assert after["verdict"] == before["verdict"]


def test_broken_off_quantization_goes_on(chain: Chain, installed: Installed, tmp_path: Path) -> None:
    """Killed in the middle, the search is not done again from the start, and the bytes are the same."""
    out = tmp_path / "out"
    line = installed.command("quantize", "demo", "--out", out, settings=(*SETTINGS, CONTROLLED))
    with subprocess.Popen(
        line, cwd=tmp_path, env=installed.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: len(list(out.glob(".resume/quantize/*/*.safetensors"))) >= 6, 600)
        process.kill()
    wait_for(lambda: not working_in(tmp_path), 30)
    assert not (out / "checkpoint").exists()
    answer = installed("quantize", "demo", "--out", out, "--json", cwd=tmp_path, settings=(*SETTINGS, CONTROLLED))
    result = json.loads(answer.stdout)["payload"]
    assert result["recalled"] >= 6
    assert result["checkpoint_digest"] == chain.payload("quantize")["checkpoint_digest"]
    assert list(out.glob(".resume/*")) == []

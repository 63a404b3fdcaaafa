"""What is looked at of the engine before a run: context, interpreter, and vLLM's parser through the real worker."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.progress import SilentReporter
from pipeline.engines.probes import PROBES
from pipeline.engines.vllm import MODULE
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, ProbeResult, Prospect
from pipeline.record.stage import Stage, sections
from pipeline.report.result import ReportResult
from pipeline.run.preflight import examine

PARSER = """
import argparse
class FlexibleArgumentParser(argparse.ArgumentParser):
    pass
"""
SERVER = """
import asyncio
from vllm.utils.argparse_utils import FlexibleArgumentParser
async def run_server(namespace):
    raise SystemExit("a server would start")
def main():
    parser = FlexibleArgumentParser(prog="api_server.py", allow_abbrev=False)
    for option in ("--dtype", "--max-model-len", "--max-num-seqs", "--gpu-memory-utilization", "--shutdown-timeout"):
        parser.add_argument(option)
    parser.add_argument("--no-enable-log-requests", action="store_true")
    parser.add_argument("--enforce-eager", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--enable-auto-tool-choice", action="store_true")
    args = parser.parse_args()
    if args.enable_auto_tool_choice:
        raise TypeError("--enable-auto-tool-choice requires --tool-call-parser")
    asyncio.run(run_server(args))
"""


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter with a `vllm` that has vLLM's parser and server module by name."""
    package = tmp_path / "site" / "vllm"
    module = package.joinpath(*MODULE.split(".")[1:]).with_suffix(".py")
    for file, text in ((module, SERVER), (package / "utils" / "argparse_utils.py", PARSER)):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (package / "__init__.py").write_text("__version__ = '0.0.0'\n")
    interpreter = tmp_path / "python"
    path = shlex.quote(str(package.parent))
    interpreter.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {shlex.quote(sys.executable)} "$@"\n')
    interpreter.chmod(0o755)
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(interpreter))


Look = Callable[..., dict[str, list[ProbeResult]]]


@pytest.fixture
def look(tmp_path: Path, make_recipe: Callable[..., Recipe]) -> Look:
    """Return a function that looks at an engine's settings; findings by state."""
    stage = Stage(run=lambda *_: pytest.fail("it ran"), result=ReportResult, settings=sections("engine"), probes=PROBES)

    def found(effort: Effort, **engine: Any) -> dict[str, list[ProbeResult]]:
        settings = {"accelerator": "cpu", "max_model_len": 1024, "enforce_eager": True, **engine}
        context = RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())
        bench = {"input_tokens": 16, "output_tokens": 16}
        findings = examine([stage], Prospect(make_recipe(engine=settings, bench=bench), context, context, effort))
        by_state: dict[str, list[ProbeResult]] = {"obstacle": [], "unchecked": [], "ok": []}
        for finding in findings:
            by_state[finding.state].append(finding)
        return by_state

    return found


@pytest.mark.parametrize("effort", Effort)
def test_context_beyond_the_model_is_found_from_its_files(look: Look, effort: Effort) -> None:
    """With the model's own length and its key; also by `recipe validate`."""
    (obstacle,) = look(effort, max_model_len=1025)["obstacle"]
    assert obstacle.exit_code == 4
    assert "packaged:demo allows 1024 tokens (max_position_embeddings" in obstacle.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sed", "3"], "unrecognized arguments: --sed 3"),
        (["--seed", "three"], "invalid int value: 'three'"),
        (["--enable-auto-tool-choice"], "requires --tool-call-parser"),
    ],
)
@pytest.mark.parametrize("effort", [Effort.SECONDS, Effort.THOROUGH])
def test_arguments_are_read_by_the_engines_own_parser(
    look: Look, vllm: None, arguments: list[str], said: str, effort: Effort
) -> None:
    """Before a run, too, where the recipe has arguments of its own: code 2 with the parser's reason."""
    (obstacle,) = look(effort, extra_args=arguments)["obstacle"]
    assert (obstacle.subject, obstacle.exit_code) == ("engine arguments", 2)
    assert said in obstacle.text


def test_good_arguments(look: Look, vllm: None) -> None:
    """No server starts."""
    found = look(Effort.THOROUGH, extra_args=["--seed", "3"])
    assert (found["obstacle"], found["unchecked"]) == ([], [])
    assert "engine arguments" in [finding.subject for finding in found["ok"]]


def test_without_an_engine_the_arguments_are_said_to_be_unchecked(look: Look) -> None:
    """With the command that installs one."""
    (finding,) = look(Effort.THOROUGH, extra_args=["--seed", "3"])["unchecked"]
    assert "`awqctl env sync vllm-cpu`" in finding.text


def test_interpreter_without_vllm_is_no_obstacle(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is told."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", sys.executable)
    (finding,) = look(Effort.THOROUGH)["unchecked"]
    assert "No module named 'vllm'" in finding.text


def test_interpreter_that_is_not_there(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in the variable would show when the first engine starts, after hours."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", "/nowhere/python")
    (obstacle,) = look(Effort.SECONDS)["obstacle"]
    assert "AWQCTL_RUNTIME_VLLM names /nowhere/python" in obstacle.text

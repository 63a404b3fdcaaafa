"""What serve/README.md gives to copy: a systemd unit, a shell command, a Python program, limits and errors."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from pipeline.cli.serve import serve
from serve.gateway.haproxy_config import REFUSALS
from serve.gateway.key_refusals import KEY_REFUSALS
from serve.gateway.routes import ROUTES

TEXT = (Path(__file__).parents[3] / "serve" / "README.md").read_text()


def _block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


@pytest.fixture
def unit() -> ConfigParser:
    """Return the unit file."""
    parser = ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string(_block("ini"))
    return parser


def test_unit_starts_a_command_that_there_is(unit: ConfigParser) -> None:
    """Its options are those of `serve`, and what a restart cannot mend ends it."""
    program, name, *options = shlex.split(unit["Service"]["ExecStart"])
    known = {name for parameter in serve.params for name in parameter.opts}
    assert (Path(program).name, name) == ("awqctl", "serve")
    assert {option for option in options if option.startswith("-")} <= known
    assert unit["Service"]["RestartPreventExitStatus"] == "2 3"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_unit_is_valid(unit: ConfigParser, tmp_path: Path) -> None:
    """systemd itself has nothing to say against it."""
    file = tmp_path / "awqctl.service"
    file.write_text(_block("ini").replace("/opt/awqctl/bin/awqctl", sys.executable).replace("User=awqctl", "User=root"))
    answer = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (answer.returncode, [line for line in answer.stderr.splitlines() if "awqctl" in line]) == (0, [])


def test_lines_to_call_it_are_a_shell_command_and_a_program() -> None:
    """The curl lines parse as one command with a JSON body, the Python lines compile."""
    curl = next(block for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL) if "$ curl" in block)
    command = shlex.split(curl[curl.index("curl ") :].replace("\\\n", " "))
    assert command[1].endswith("/v1/chat/completions")
    assert ast.literal_eval(command[command.index("-d") + 1])["model"] == "demo"
    ast.parse(_block("python"))


def test_errors_and_routes_are_those_of_the_gateway() -> None:
    """Every status, code and route that the door has stands in the tables."""
    for refusal in (*REFUSALS, *KEY_REFUSALS.values()):
        assert str(refusal.status) in TEXT
        assert f"`{refusal.code}`" in TEXT
    assert all(f"`{route}`" in TEXT or f"`{route.split()[1]}`" in TEXT for route in ROUTES)

"""What serve/README.md gives to copy: a shell command, a Python program, limits and errors."""

import ast
import re
import shlex
from pathlib import Path

from serve.gateway.haproxy_config import REFUSALS
from serve.gateway.key_refusals import KEY_REFUSALS
from serve.gateway.routes import ROUTES

TEXT = (Path(__file__).parents[3] / "serve" / "README.md").read_text()


def _block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


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

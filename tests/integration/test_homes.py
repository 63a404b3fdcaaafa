"""Homes and paths on the command line that cannot be."""

from pathlib import Path

import pytest

from tests.helpers import awqctl

NOBODY = "~no-such-user-here"
LONG = "x" * 300


@pytest.mark.parametrize(
    ("variables", "arguments", "code", "message"),
    [
        ({"AWQCTL_HOME": f"{NOBODY}/x"}, ["keys", "ls"], 2, "AWQCTL_HOME: there is no user"),
        ({"AWQCTL_RUNTIME_VLLM": f"{NOBODY}/x"}, ["doctor"], 4, "AWQCTL_RUNTIME_VLLM: there is no user"),
        ({}, ["recipe", "validate", f"{NOBODY}/x.yaml"], 2, "RECIPE: there is no user"),
        ({}, ["recipe", "cp", "demo", f"{NOBODY}/x.yaml"], 2, "'DESTINATION': there is no user"),
        ({}, ["verify", f"{NOBODY}/x"], 2, "'DIR': there is no user"),
        ({}, ["report", "demo", "--out", f"{NOBODY}/x"], 2, "'--out': there is no user"),
        ({}, ["quantize", "demo", "--set", f"model.source={NOBODY}/x"], 2, "model.source: there is no user"),
        ({"HOME": "/dev/null"}, ["keys", "add", "ci"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({"AWQCTL_HOME": "/dev/null"}, ["keys", "ls"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({"AWQCTL_HOME": "/proc/x"}, ["keys", "add", "a"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({"XDG_CONFIG_HOME": "/proc/x"}, ["keys", "add", "a"], 4, "to a folder that can be written"),
        ({"HOME": LONG}, ["keys", "add", "ci"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({"AWQCTL_HOME": LONG}, ["keys", "add", "ci"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({"AWQCTL_HOME": "circle"}, ["keys", "add", "ci"], 4, "Set AWQCTL_HOME to a folder that can be written"),
        ({}, ["recipe", "validate", f"./{LONG}.yaml"], 2, LONG[:200]),
        ({}, ["recipe", "validate", "demo", "--set", f"model.source=./{LONG}"], 2, LONG[:200]),
        ({}, ["recipe", "cp", "demo", f"./{LONG}.yaml"], 2, "File name too long. Correct the path."),
        ({}, ["report", "demo", "--out", ""], 2, "'--out': the path is empty"),
    ],
    ids=str,
)
def test_homes_on_the_command_line(
    tmp_path: Path, variables: dict[str, str], arguments: list[str], code: int, message: str
) -> None:
    """Every way to give a path, and a home in which nothing can be written."""
    (tmp_path / "circle").symlink_to("circle")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables}
    answer = awqctl(*arguments, cwd=tmp_path, env=environment)
    assert (answer.returncode, message in answer.stdout + answer.stderr) == (code, True), answer.stderr
    assert "Traceback" not in answer.stderr

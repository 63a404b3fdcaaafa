"""The standard streams: closed, full, and in a locale that is not UTF-8. Each test is a fresh process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import awqctl, command

NAME = "Łódź"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Python is told to leave the locale's ASCII alone."""


def shell(line: str, folder: Path, **variables: str) -> tuple[int, str]:
    """Run a line of bash in which `awqctl` is this one; return the first program's code and all that was printed."""
    environment = {**os.environ, "COLUMNS": "80", **variables}
    script = f'awqctl() {{ {" ".join(command())} "$@"; }}\n{line}\nexit ${{PIPESTATUS[0]}}'
    answer = subprocess.run(["bash", "-c", script], capture_output=True, check=False, cwd=folder, env=environment)
    return answer.returncode, (answer.stdout + answer.stderr).decode()


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "run --help",
        "recipe show demo",
        "recipe show demo --json",
        "recipe ls --json",
        "recipe validate demo",
        "env ls",
        "keys ls --json",
        "doctor",
        "completion bash",
        "quantize demo --dry-run --quiet",
    ],
)
def test_a_closed_pipe_ends_quietly(tmp_path: Path, arguments: str) -> None:
    """With what a shell says of any tool whose reader went away, and not a word where words are still read."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    line, environment = command(*arguments.split()), {**os.environ, "AWQCTL_HOME": str(tmp_path)}
    for stderr in (subprocess.PIPE, write_end):
        answer = subprocess.run(line, stdout=write_end, stderr=stderr, check=False, cwd=tmp_path, env=environment)
        assert (answer.returncode, answer.stderr or b"") == (141, b"")
    os.close(write_end)


def test_a_mistake_that_nobody_hears_of(tmp_path: Path) -> None:
    """Standard error may be the closed pipe as well."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    answer = subprocess.run(command("verify", "."), stdout=write_end, stderr=write_end, check=False, cwd=tmp_path)
    os.close(write_end)
    assert answer.returncode == 141


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """What was read is whole, and nothing is said."""
    code, printed = shell("awqctl recipe show demo | head -n 1", tmp_path)
    assert (code in (0, 141), printed) == (True, "schema_version: 2\n")


@pytest.mark.parametrize(("arguments", "code"), [("recipe ls", 0), ("recipe ls --json", 0), ("recipe show nosuch", 2)])
def test_streams_that_were_closed_from_the_start(tmp_path: Path, arguments: str, code: int) -> None:
    """Nobody wants to see it; the exit code says how it ended, and no file takes the stream's place."""
    closed = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")
    assert [shell(f"awqctl {arguments} {one}", tmp_path)[0] for one in closed] == [code] * len(closed)


@pytest.mark.parametrize("arguments", ["recipe ls", "recipe show demo --json", "--help", "doctor"])
def test_a_full_device_is_told(tmp_path: Path, arguments: str) -> None:
    """A sentence on standard error and the code for what the machine lacks."""
    code, printed = shell(f"awqctl {arguments} >/dev/full", tmp_path)
    assert (code, printed.startswith("awqctl: Standard output cannot be written: No space left")) == (4, True)
    assert len(printed.splitlines()) == 1


def test_messages_that_cannot_be_written_change_no_code(tmp_path: Path) -> None:
    """Standard error on a full device loses the sentence alone."""
    assert shell("awqctl recipe show nosuch 2>/dev/full", tmp_path) == (2, "")


@pytest.fixture
def locales(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Return variables by encoding; those of the C library's own locales only where it can make them."""
    made = {"ascii": ASCII, "stated": {"PYTHONIOENCODING": "latin-1"}}
    for name, charmap in (("de_DE", "ISO-8859-1"), ("ja_JP", "EUC-JP")):
        locale = f"{name}.{charmap}"
        (tmp_path / "locales").mkdir(exist_ok=True)
        if shutil.which("localedef"):
            line = ["localedef", "-i", name, "-f", charmap, str(tmp_path / "locales" / locale)]
            if subprocess.run(line, check=False, capture_output=True).returncode == 0:
                made[charmap] = {"LOCPATH": str(tmp_path / "locales"), "LC_ALL": locale}
    return made


def test_all_is_utf8_whatever_the_locale(tmp_path: Path, locales: dict[str, dict[str, str]]) -> None:
    """Arguments, names of files, what is read, written and printed."""
    for name, variables in locales.items():
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")} | variables
        line = command("recipe", "show", "demo", "--resolved", settings=(f"report.title={NAME} 5 €",))
        shown = subprocess.run(line, capture_output=True, check=True, env=environment)
        assert f"title: {NAME} 5 €" in shown.stdout.decode(), name
        (tmp_path / f"{NAME}.yaml").write_bytes(shown.stdout)
        copied = tmp_path / f"{name}-für.yaml"
        copying = command("recipe", "cp", str(tmp_path / f"{NAME}.yaml"), str(copied))
        answer = subprocess.run(copying, capture_output=True, check=True, env=environment)
        renamed = f"name: {name.lower()}-f-r\n".encode()
        as_copied = shown.stdout.replace(b"name: demo\n", renamed, 1)
        assert (answer.stdout.decode().strip(), copied.read_bytes()) == (str(copied), as_copied), name


def test_a_worker_is_in_utf8_mode() -> None:
    """Libraries that open files without an encoding follow it."""
    from pipeline.runtimes.process import engine_environment  # noqa: PLC0415 -- after the environment is as it is

    code = "import locale, sys; print(sys.flags.utf8_mode, locale.getpreferredencoding(False))"
    environment = engine_environment() | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.lower().split() == ["1", "utf-8"]


def test_json_is_ascii(tmp_path: Path) -> None:
    """One document reads the same in every encoding."""
    answer = awqctl("recipe", "show", "demo", "--json", settings=(f"report.title={NAME}",), cwd=tmp_path)
    assert ("\\u0141\\u00f3d\\u017a" in answer.stdout, answer.stdout.isascii()) == (True, True)

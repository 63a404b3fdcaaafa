"""The unit file that `awqctl serve export systemd` prints."""

import getpass
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest

from pipeline.cli.serve import serve
from serve.exports.systemd import Unit
from tests.helpers import invoke


def _read(text: str) -> ConfigParser:
    parser = ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    parser.read_string(text)
    return parser


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate the paths that the unit names."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _exported(*options: str) -> ConfigParser:
    answer = invoke("serve", "export", "systemd", "demo", *options)
    assert answer.exit_code == 0, answer.output
    return _read(answer.stdout)


def test_unit_starts_a_command_that_there_is() -> None:
    """Its options are those of `serve`, with the endpoint's name, and what a restart cannot mend ends it."""
    unit = _exported("--host", "0.0.0.0", "--endpoint", "team-a", "--set", "serve.drain_timeout_s=90")  # noqa: S104
    words = shlex.split(unit["Service"]["ExecStart"])
    options = words[words.index("serve") + 1 :]
    assert options[-2:] == ["--", "demo"]
    known = {name for parameter in serve.params for name in parameter.opts}
    assert {option for option in options[:-2] if option.startswith("-")} <= known
    assert options[options.index("--endpoint") + 1] == "team-a"
    assert options[options.index("--host") + 1] == "0.0.0.0"  # noqa: S104
    assert "serve.drain_timeout_s=90" in options
    assert unit["Service"]["RestartPreventExitStatus"] == "2 3"
    assert int(unit["Service"]["TimeoutStopSec"]) > 90


def test_unit_is_for_whoever_asks(home: Path) -> None:
    """User, folder and homes are those of the caller; all that it writes to can be written."""
    unit = _exported()["Service"]
    assert (unit["User"], unit["WorkingDirectory"]) == (getpass.getuser(), str(home))
    assert f"AWQCTL_HOME={home / 'home'}" in unit["Environment"]
    assert str(home) in unit["ReadWritePaths"].split()


def test_folders_to_make_are_told() -> None:
    """systemd refuses a unit that names one that is not there."""
    answer = invoke("serve", "export", "systemd", "demo", "--out", "/srv/not-there/out")
    assert "Make these folders" in answer.stderr
    assert "/srv/not-there/out" in answer.stderr


def test_control_socket_is_not_hidden() -> None:
    """A temporary folder of its own would leave `awqctl serve status` without an answer."""
    unit = _exported()["Service"]
    assert "PrivateTmp" not in unit
    assert "/tmp" in unit["ReadWritePaths"].split()  # noqa: S108


@pytest.mark.parametrize(("program", "hidden"), [("/opt/awqctl/bin/awqctl", "yes"), ("/root/bin/awqctl", "read-only")])
def test_homes_are_hidden_where_nothing_is_in_them(program: str, hidden: str) -> None:
    """What lies in a home has to be readable."""
    unit = Unit("e", (program, "serve", "demo"), "u", Path("/srv"), {}, (Path("/srv"),), 30)
    assert _read(unit.text())["Service"]["ProtectHome"] == hidden


def test_words_reach_the_command_as_they_are() -> None:
    """Blanks, quotes, dollars and percent signs mean nothing to systemd."""
    words = ("/bin/awqctl", "serve", "it's 5 % of $HOME.yaml", '--set=a="b"')
    line = _read_raw(Unit("e", words, "u", Path("/srv"), {}, (Path("/srv"),), 30).text())
    assert line == '/bin/awqctl serve "it\'s 5 %% of $$HOME.yaml" "--set=a=\\"b\\""'


def _read_raw(text: str) -> str:
    return next(line.removeprefix("ExecStart=") for line in text.splitlines() if line.startswith("ExecStart="))

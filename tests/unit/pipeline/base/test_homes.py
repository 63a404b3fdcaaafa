"""Homes: those that are not there, and paths that begin with one."""

import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.base.errors import EnvironmentLackError, UsageError
from pipeline.base.homes import config_home, expanded, home_for_libraries, leads_to_home, user_home, variable_for

NOBODY = "~no-such-user-here"
LONG = "x" * 300


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this user one without an entry in passwd and without HOME; only root could become one."""

    def unknown(_uid: int) -> NoReturn:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "AWQCTL_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("homeless")
def test_no_home_names_the_variables() -> None:
    """Both folders ask for AWQCTL_HOME or HOME."""
    for home in (user_home, config_home):
        with pytest.raises(EnvironmentLackError, match=r"Set AWQCTL_HOME to a folder that can be written, or HOME"):
            home()


@pytest.mark.usefixtures("homeless")
def test_awqctl_home_is_a_home_for_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it everything works, libraries that look for `~` or a name included."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path))
    environment = {"AWQCTL_HOME": str(tmp_path)}
    home_for_libraries(environment)
    assert (environment["HOME"], environment["USER"].isdigit()) == (str(tmp_path), True)
    assert (user_home(), config_home()) == (tmp_path, tmp_path / "config")


@pytest.mark.usefixtures("homeless")
def test_a_name_for_a_user_who_has_a_home_alone() -> None:
    """As containers start with a number for a user and HOME set; Python's getpass would fail."""
    environment = {"HOME": "/h"}
    home_for_libraries(environment)
    assert (environment["HOME"], environment["USER"].isdigit()) == ("/h", True)


def test_a_home_that_is_nothing_is_none() -> None:
    """`HOME=` is the root of all files to Python; the home is that of passwd then."""
    environment = {"HOME": ""}
    home_for_libraries(environment)
    assert environment == {}


def test_a_home_that_is_there_stays() -> None:
    """Nothing changes for a user who has one."""
    environment = {"AWQCTL_HOME": "/a", "HOME": "/b"}
    home_for_libraries(environment)
    assert environment == {"AWQCTL_HOME": "/a", "HOME": "/b"}


def test_a_path_begins_with_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is filled in at the beginning alone, and an unknown user is the user's mistake."""
    monkeypatch.setenv("HOME", "/h")
    assert [str(expanded(text, "X")) for text in ("~/a", "~", "a/~b", "./~b")] == ["/h/a", "/h", "a/~b", "~b"]
    with pytest.raises(UsageError, match=rf"model\.source: there is no user '{NOBODY[1:]}'"):
        expanded(f"{NOBODY}/model", "model.source")


def test_a_relative_folder_of_the_configuration_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its specification has it: keys would depend on the folder that one stands in."""
    monkeypatch.delenv("AWQCTL_HOME", raising=False)
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_home() == Path("/h/.config/awqctl")


def test_variables_that_move_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in a home, or above one that is missing, is moved by its variable; other folders by none."""
    monkeypatch.delenv("AWQCTL_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", "/h/user")
    monkeypatch.setenv("HF_HOME", "/hub")
    paths = ("/h/user/.cache/awqctl/runtimes/x", "/h", "/h/user/.config/awqctl", "/hub/x", tmp_path)
    assert [variable_for(Path(path)) for path in paths] == ["AWQCTL_HOME"] * 3 + ["HF_HOME", None]
    monkeypatch.setenv("HOME", "relative")
    assert variable_for(Path("relative/.config/awqctl").absolute()) == "AWQCTL_HOME"


def test_what_leads_to_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The home and what is above it; nothing where the variable names a user who does not exist."""
    monkeypatch.setenv("AWQCTL_HOME", "/gone/home")
    found = [leads_to_home(path) for path in ("/gone", "/gone/home", "/gone/home/keys.json", "/else", None)]
    assert found == [True, True, False, False, False]
    monkeypatch.setenv("AWQCTL_HOME", "~no-such-user/home")
    assert not leads_to_home("/gone")

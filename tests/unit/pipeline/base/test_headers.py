"""Headers that users name."""

from collections.abc import Callable

import pytest

from pipeline.base.headers import plain_header, secret_header, variable_name, without_repeats


def test_headers_are_read() -> None:
    """Values may have colons; white space around them does not count."""
    assert plain_header("X-Team: a: b ") == ("X-Team", "a: b")
    assert secret_header("X-Api-Key=MY_KEY") == ("X-Api-Key", "MY_KEY")


@pytest.mark.parametrize("text", ["X-Team", "X-Team:", ": a", "X Team: a", "Host: a", "X-Team: a\nb", "X-Team: ä"])
def test_what_is_no_header_is_refused(text: str) -> None:
    """Neither half of one, nor what breaks a request."""
    with pytest.raises(ValueError, match="no header"):
        plain_header(text)


@pytest.mark.parametrize("text", ["Authorization: Bearer x", "X-Api-Key: x", "X-Auth-Token: x", "Cookie: x"])
def test_secrets_do_not_stand_in_command_lines(text: str) -> None:
    """The message does not repeat the value."""
    with pytest.raises(ValueError, match="environment variable") as caught:
        plain_header(text)
    assert "x;" not in str(caught.value)


@pytest.mark.parametrize("text", ["X-Api-Key", "X-Api-Key=", "X-Api-Key=sk-1", "=A", "Authorization=A"])
def test_variables_are_named(text: str) -> None:
    """A value in place of a variable's name is refused, and not repeated."""
    with pytest.raises(ValueError, match=r"variable|no header") as caught:
        secret_header(text)
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("text", ["sk-1", "", "A=B", "A B", "É"])
def test_secret_in_place_of_its_variable_is_not_repeated(text: str) -> None:
    """A key that was pasted where its variable belongs stands in no message."""
    assert variable_name("MY_KEY") == "MY_KEY"
    with pytest.raises(ValueError, match="no name of an environment variable") as caught:
        variable_name(text)
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize(("read", "text"), [(plain_header, "Authorization=sk-1"), (secret_header, "X-Api-Key: sk-1")])
def test_misplaced_secret_is_not_repeated(read: Callable[[str], object], text: str) -> None:
    """What is written in the other option's form may be a secret."""
    with pytest.raises(ValueError, match="write it like") as caught:
        read(text)
    assert "sk-1" not in str(caught.value)


def test_header_stands_once() -> None:
    """However it is spelled."""
    without_repeats(["X-A", "X-B"])
    with pytest.raises(ValueError, match="X-a is given twice"):
        without_repeats(["X-A", "X-a"])

"""Headers that users name."""

import pytest

from pipeline.base.headers import plain_header, secret_header


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

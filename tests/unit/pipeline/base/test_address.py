"""Addresses of servers that users name."""

import pytest

from pipeline.base.address import server_address


@pytest.mark.parametrize(
    "text", ["http://host:8000", "https://llm.example/v1/", "HTTP://host", "http://[::1]:8000", "http://127.0.0.1"]
)
def test_addresses_are_taken_as_they_are(text: str) -> None:
    """With a path, a port, an address of IPv6."""
    assert server_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "host:8000", "ftp://host", "http://", "http:///", "http://host:port", "http://host:99999", "http://[::1"),
        *("http://a b", "http://host\n", "http://.", "http://:8000"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Before anything is asked, with what one looks like."""
    with pytest.raises(ValueError, match="no address of a server; write it like"):
        server_address(text)


@pytest.mark.parametrize("text", ["http://user:pass123@host", "https://host/v1?api-key=pass123", "http://host#pass123"])
def test_secrets_in_an_address_are_not_repeated(text: str) -> None:
    """They would stand in results and in the load client's command line."""
    with pytest.raises(ValueError, match="an address") as caught:
        server_address(text)
    assert "pass123" not in str(caught.value)

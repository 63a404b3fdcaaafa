"""`Target`: a server under load."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.engines.external import ExternalEndpoint


@dataclass(frozen=True)
class Target:
    """A server under load."""

    base_url: str
    """Without `/v1`."""
    model: str
    api_key: str | None = field(default=None, repr=False)
    chat: bool = False
    """Whether it is asked for chats, each a prompt as the user's message, because it does not complete texts."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of every request; nothing secret, because the client takes them from its command line."""
    secret_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The same, with values that stand in no command line and no file."""
    ca_certificate: Path | None = None
    insecure: bool = False
    """Whether its certificate is not looked at."""

    @property
    def route(self) -> str:
        """Return the path that it is asked at."""
        return "/v1/chat/completions" if self.chat else "/v1/completions"


def target_of(endpoint: ExternalEndpoint, *, chat: bool = False) -> Target:
    """Return an endpoint as the target of loads."""
    return Target(
        endpoint.base_url,
        endpoint.model,
        endpoint.api_key,
        chat=chat,
        headers=endpoint.headers,
        secret_headers=endpoint.secret_headers,
        ca_certificate=endpoint.ca_certificate,
        insecure=endpoint.insecure,
    )

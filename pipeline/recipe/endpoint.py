"""What an arm of the kind `endpoint` says of its server, which is measured as it stands."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from pipeline.base.address import server_address
from pipeline.base.headers import plain_header, secret_header
from pipeline.recipe.section import PositiveFloat, PositiveInt, Section

_Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Endpoint(Section):
    """A server with OpenAI's routes that somebody runs already."""

    url: Annotated[str, AfterValidator(server_address)]
    """Its address, with or without `/v1`."""
    model: str | None = None
    """Name to ask for; null where it serves one model."""
    api_key_env: _Variable | None = None
    """Environment variable with its key."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent with every request; nothing secret."""
    header_env: tuple[str, ...] = ()
    """Further headers as `Name=VARIABLE`: their values are in environment variables."""
    ca: str | None = None
    """File of the authority that signed its certificate, relative to the recipe."""
    insecure: bool = False
    """Whether its certificate is not looked at."""
    tokenizer: str | None = None
    """Folder of its model's tokenizer, relative to the recipe; null for the baseline's prompts and no comparison of
    prompt tokens."""
    natural_lengths: bool = False
    """Whether answers may end early, for servers without `ignore_eos`."""
    connections_per_second: PositiveFloat | None = None
    """Most new ones while a concurrency is built up; null for 200 where it has TLS, and all at once elsewhere."""
    max_requests: PositiveInt | None = None
    """Requests that it is never sent more of by a run of the stage, warm-up included."""
    max_tokens: PositiveInt | None = None
    """The same for tokens of prompts and answers together."""
    patience: PositiveFloat = 30
    """Seconds without an end, until a load is given up."""

    @field_validator("headers")
    @classmethod
    def _nothing_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        return dict(plain_header(f"{name}: {value}") for name, value in headers.items())

    @field_validator("header_env")
    @classmethod
    def _variables(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        for pair in pairs:
            secret_header(pair)
        return pairs

    @property
    def secret_headers(self) -> dict[str, str]:
        """Return headers and the variables that hold their values."""
        return dict(map(secret_header, self.header_env))


def gathered(given: dict[str, Any]) -> dict[str, Any]:
    """Return an arm with the keys of its server, which stand beside its name in a recipe, in one part."""
    own = {key: value for key, value in given.items() if key in Endpoint.model_fields}
    rest = {key: value for key, value in given.items() if key not in own}
    return {**rest, "endpoint": own} if own else rest

"""The recipe section `serve`: how the endpoint is offered."""

from typing import Annotated

from pydantic import Field

from pipeline.recipe.section import Section


class Serve(Section):
    """How the endpoint is offered."""

    model_name: str | None = None
    """Name clients ask for; default the recipe's name."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    """0 takes a free port."""
    tls: bool = True
    queue_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """How long a request waits at the door until an engine takes it; then it is answered with 503."""

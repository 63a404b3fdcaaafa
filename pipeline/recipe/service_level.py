"""The recipe section `service_level`: what a request must keep to for its tokens to be of use."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipeline.recipe.section import PositiveFloat, Section


class ServiceLevel(Section):
    """Limits of each request, and the share of requests that has to keep all of them."""

    ttft_ms: PositiveFloat | None = None
    """Until the first token."""
    tpot_ms: PositiveFloat | None = None
    """Per token after the first, of each request."""
    e2e_ms: PositiveFloat | None = None
    """Until the last token."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the requests; those that failed have kept nothing."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.ttft_ms is None and self.tpot_ms is None and self.e2e_ms is None:
            raise ValueError("at least one of ttft_ms, tpot_ms and e2e_ms is needed")
        return self

"""The part `open_loop` of the recipe section `bench`: requests that come when they come."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.recipe.section import PositiveFloat, Section


class OpenLoop(Section):
    """Rates that every arm is offered beside the concurrencies, once, on the engine of its first repeat."""

    rates: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
    """Requests per second, however many are unanswered."""
    burstiness: PositiveFloat = 1
    """1 is a Poisson process, below 1 comes in bursts."""
    ramp_from: PositiveFloat | None = None
    """Rate at the start, from which it rises by the same step from request to request; null for constant rates."""
    seconds: PositiveFloat = 30
    """Time that requests come in; answers may take longer."""

    @model_validator(mode="after")
    def _rates_rise(self) -> "OpenLoop":
        if list(self.rates) != sorted(set(self.rates)):
            raise ValueError("rates must rise, without repeats")
        return self

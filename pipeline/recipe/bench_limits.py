"""The part `limits` of the recipe section `bench`: how much may happen beside a run."""

from typing import Annotated

from pydantic import Field

from pipeline.base.quiet import OTHERS_SHARE
from pipeline.recipe.section import PositiveFloat, Section

Share = Annotated[float, Field(ge=0, le=1)]


class BenchLimits(Section):
    """What voids a run beside faults of its own; null takes a limit away, and the report says which were changed."""

    foreign_cpu_share: Share | None = OTHERS_SHARE
    """Of this machine's processors, for other processes and the hypervisor together."""
    client_cpu_share: Share | None = 0.5
    """The same, for the load client."""
    ceiling_share: PositiveFloat | None = 1.0
    """Output rate over the highest one that the client was seen to measure rightly (`awqctl bench --calibrate`)."""

    def changed(self) -> dict[str, float | None]:
        """Return the limits that are not the defaults."""
        fields = BenchLimits.model_fields
        return {name: getattr(self, name) for name in fields if getattr(self, name) != fields[name].default}

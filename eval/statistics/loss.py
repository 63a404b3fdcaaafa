"""The loss of a candidate, in the metric's unit, and as what the margin limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics.pairs import Margin

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """How much worse a candidate is; positive is worse."""

    sign: int
    """1 where higher is better, -1 otherwise."""
    limit: float | None = None
    """The margin; for a recovery, what it comes to at the baseline's measured score."""
    factor: float = 1.0
    """The least acceptable candidate, as a multiple of the baseline; 1 with an absolute margin."""
    recovery: float | None = None
    """None also where the baseline gives a recovery no meaning."""

    @classmethod
    def of(cls, baseline: float, margin: Margin | None, *, higher_is_better: bool) -> "Loss":
        """Return it for a baseline's measured score."""
        sign = 1 if higher_is_better else -1
        if margin is None:
            return cls(sign)
        if margin.recovery is None:
            return cls(sign, margin.absolute)
        if baseline <= 0:
            return cls(sign, 0.0)
        factor = margin.recovery**sign
        return cls(sign, sign * (1 - factor) * baseline, factor, margin.recovery)

    def __call__(self, baseline: Floats, candidate: Floats) -> Floats:
        """Return the loss in the metric's unit."""
        return self.sign * (baseline - candidate)

    def limited(self, baseline: Floats, candidate: Floats) -> Floats:
        """Return what the margin limits: sign (factor baseline - candidate) + limit.

        At the measured scores it is the loss itself. For a recovery R it exceeds `limit` exactly where a candidate is
        below R times the baseline, whatever the baseline: the baseline's own error is counted.
        """
        if self.recovery is None or self.limit is None:
            return self(baseline, candidate)
        return self.sign * (self.factor * baseline - candidate) + self.limit

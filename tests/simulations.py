"""How often the tests simulate and draw examples: a part of it in `make unit`, all of it in `make bench-gate`.

What comes out is the same every time, for every generator has a seed; fewer data sets see only larger faults.
"""

import math
import os

WHOLE = os.environ.get("AWQCTL_TEST_SIMULATIONS") == "whole"


def data_sets(whole: int, part: int = 5) -> int:
    """Return how many of the data sets or examples are tried now: all, or one of `part`."""
    return whole if WHOLE else whole // part


def three_errors(simulated: int, share: float = 0.05) -> float:
    """Return three standard errors of a share that so many data sets tell."""
    return 3 * math.sqrt(share * (1 - share) / simulated)

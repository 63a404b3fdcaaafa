"""`make bench-gate`: how often the gate passes wrongly when the true loss is exactly the margin; nominal is 5 %.

Simulated data sets of metrics that are not right or wrong, whose losses are normally or exponentially distributed
(strongly skewed, the worse direction having the long tail, or the better one). Metrics of right or wrong are summed
exactly in the unit tests instead.
"""

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from eval.statistics import Margin, Pairs, estimate

SHAPES = ("normal", "long tail of losses", "long tail of gains")
SIZES = (10, 20, 50, 100, 400)
MARGIN = 1.0
DRAWS = 2000


def losses(shape: str, items: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the losses of one data set; their true mean is the margin."""
    if shape == "normal":
        return rng.normal(MARGIN, 1, items)
    tail = rng.exponential(1, items) - 1
    return MARGIN + (tail if shape == "long tail of losses" else -tail)


def false_passes(shape: str, items: int, data_sets: int) -> float:
    """Return the share of data sets whose loss is called within the margin."""
    rng = np.random.default_rng([SHAPES.index(shape), items])
    passed = 0
    for _ in range(data_sets):
        candidate = losses(shape, items, rng)
        pairs = Pairs.of(np.zeros(items), candidate)
        found = estimate(pairs, higher_is_better=False, margin=Margin(absolute=MARGIN), draws=DRAWS)
        passed += found.bounds is not None and found.bounds[1] <= MARGIN
    return passed / data_sets


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-sets", type=int, default=5000)
    count = parser.parse_args().data_sets
    error = math.sqrt(0.05 * 0.95 / count)
    print(f"{count} data sets each, {DRAWS} draws; standard error of a share of 5 %: {100 * error:.1f} points")
    print(f"{'items':>6} " + "".join(f"{shape:>22}" for shape in SHAPES))
    for items in SIZES:
        shares = [false_passes(shape, items, count) for shape in SHAPES]
        print(f"{items:>6} " + "".join(f"{100 * share:>20.1f} %" for share in shares), flush=True)


if __name__ == "__main__":
    main()

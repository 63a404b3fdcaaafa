"""`make bench-gate`: how often the gate passes wrongly when the true loss is exactly the margin; nominal is 5 %.

First metrics that are not right or wrong, whose losses are normally or exponentially distributed (strongly skewed, the
worse direction having the long tail, or the better one). Then right or wrong in groups, beside what taking the items as
independent would give: ends with 1 where the level is exceeded, or where groups have something in common and taking
them as independent is not seen to exceed it. A unit test holds fewer of the same data sets to a wider bound. Last,
groups of which few carry all of the loss, where the level is exceeded. Right or wrong without groups is simulated in
the unit tests.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics import Margin, Pairs, estimate, normal
from eval.statistics.proportions import DifferenceConfidence, Table

Floats = NDArray[np.float64]
SHAPES = ("normal", "long tail of losses", "long tail of gains")
SIZES = (10, 20, 50, 100, 400)
MARGIN = 1.0
DRAWS = 2000
SHARE = {"few": 0.25, "tenth": 0.1}
"""Of the groups that carry the loss, per kind."""


@dataclass(frozen=True)
class Grouped:
    """Groups of items, of which a share flips; the true loss is the margin."""

    groups: int
    items: int
    """Of each group."""
    discordance: float
    loss: float
    kind: str
    """`same`: every group loses alike. `drift`: by normally distributed amounts. `few`: a quarter of the groups four
    times the loss, the others nothing. `tenth`: a tenth of the groups ten times the loss. `copies`: the items of a
    group are one item asked again. `right`: copies of which the baseline has all right, so that nothing is gained."""
    uneven: bool = False
    """Whether the groups' sizes fall as 1, 1/2, 1/3, ...; `items` is then their mean."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Items of each group, at least one."""
        share = 1 / np.arange(1, self.groups + 1) if self.uneven else np.ones(self.groups)
        return np.maximum(1, np.round(share / share.sum() * self.groups * self.items)).astype(np.int64)

    @property
    def copied(self) -> bool:
        """Whether the items of a group are one."""
        return self.kind in {"copies", "right"}


GROUPED = (
    Grouped(57, 1, 0.06, 0.02, "same"),
    Grouped(57, 5, 0.06, 0.02, "same"),
    Grouped(20, 5, 0.06, 0.02, "same"),
    Grouped(57, 20, 0.06, 0.02, "same"),
    Grouped(20, 50, 0.1, 0.02, "drift"),
    Grouped(57, 100, 0.1, 0.02, "drift"),
    Grouped(57, 50, 0.1, 0.02, "few"),
    Grouped(30, 5, 0.1, 0.05, "copies"),
    Grouped(100, 5, 0.06, 0.02, "copies"),
    Grouped(20, 5, 0.05, 0.05, "right"),
    Grouped(100, 5, 0.03, 0.03, "right"),
    Grouped(2, 50, 0.1, 0.1, "right"),
    Grouped(50, 10, 0.1, 0.05, "copies", uneven=True),
    Grouped(57, 50, 0.06, 0.02, "same", uneven=True),
)
CONCENTRATED = (
    Grouped(57, 50, 0.1, 0.02, "tenth"),
    Grouped(20, 50, 0.1, 0.02, "few"),
    Grouped(20, 50, 0.1, 0.02, "tenth"),
    Grouped(57, 50, 0.1, 0.02, "few", uneven=True),
    Grouped(57, 50, 0.1, 0.02, "tenth", uneven=True),
)
"""Where it passes more often than it should: few groups carry all of the loss, and may be missing or small."""


def losses(shape: str, items: int, rng: np.random.Generator) -> Floats:
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


def answers_in_groups(case: Grouped, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return what the baseline and the candidate got right, group after group; 70 % of what does not flip is right."""
    drift = np.zeros(case.groups)
    if case.kind == "drift":
        most = case.discordance - case.loss
        drift = rng.normal(0, 0.3 * case.discordance, case.groups).clip(-most, most)
    if case.kind in SHARE:
        share = SHARE[case.kind]
        drift = np.where(rng.random(case.groups) < share, (1 / share - 1) * case.loss, -case.loss)
    group = np.repeat(np.arange(case.groups), case.sizes)
    chance, ability = rng.random((2, case.groups))[:, group] if case.copied else rng.random((2, len(group)))
    flips = np.maximum(case.discordance, np.abs(case.loss + drift))[group]
    worse = chance < (flips + (case.loss + drift)[group]) / 2
    better = chance > 1 - (flips - (case.loss + drift)[group]) / 2
    right = (ability < 0.7) | (case.kind == "right")
    before, after = right & ~better | worse, right & ~worse | better
    return before.astype(np.float64), after.astype(np.float64)


def false_passes_in_groups(case: Grouped, data_sets: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the share of data sets that pass, and that would if the items were independent."""
    clusters, passed, independent = np.repeat(np.arange(case.groups), case.sizes), 0, 0
    for _ in range(data_sets):
        pairs = Pairs.of(*answers_in_groups(case, rng), clusters, copies=case.copied)
        found = estimate(pairs, higher_is_better=True, margin=Margin(absolute=case.loss), draws=1)
        passed += found.upper is not None and found.upper <= case.loss
        flips = pairs.flips(higher_is_better=True) or (0, 0)
        table = Table(len(clusters), *flips)
        independent += DifferenceConfidence(table).deviate(case.loss) >= normal.quantile(0.95)
    return passed / data_sets, independent / data_sets


def faults(case: Grouped, data_sets: int, grouped: float, independent: float) -> list[str]:
    """Return what the shares of false passes contradict, within three standard errors of the simulation.

    In groups at most 5 % pass, a point more where few lose; as independent items more do, unless all groups lose alike.
    """
    level = 0.05 + 3 * math.sqrt(0.05 * 0.95 / data_sets)
    found = []
    if grouped > level + 0.01 * (case.kind == "few"):
        found.append(f"{grouped:.2%} of {case} pass")
    if (independent > level) != (case.kind != "same"):
        found.append(f"{independent:.2%} of {case} would pass as independent items")
    return found


def main() -> int:
    """Print a table; return 1 where it contradicts what the gate promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-sets", type=int, default=3000)
    parser.add_argument("--groups-only", action="store_true", help="leave out what is not right or wrong")
    asked = parser.parse_args()
    count = asked.data_sets
    error = math.sqrt(0.05 * 0.95 / count)
    print(f"{count} data sets each, {DRAWS} draws; standard error of a share of 5 %: {100 * error:.1f} points")
    if not asked.groups_only:
        print_shapes(count)
    found = print_groups(count)
    print("\n".join(["", *(f"FAIL {one}" for one in found)]) if found else "\nevery group keeps its level")
    return 1 if found else 0


def print_shapes(count: int) -> None:
    """Print a line for each number of items of metrics that are not right or wrong."""
    print(f"{'items':>6} " + "".join(f"{shape:>22}" for shape in SHAPES))
    for items in SIZES:
        shares = [false_passes(shape, items, count) for shape in SHAPES]
        print(f"{items:>6} " + "".join(f"{100 * share:>20.1f} %" for share in shares), flush=True)


def print_groups(count: int) -> list[str]:
    """Print a line for each kind of groups; return what contradicts the gate's promise."""
    contradicted = []
    print(
        f"\n{'groups':>6} {'items of each':>14} {'flips':>6} {'margin':>7} {'loss':>7} {'passes':>9} {'ungrouped':>10}"
    )
    for place, case in enumerate(GROUPED + CONCENTRATED):
        found, single = false_passes_in_groups(case, count, np.random.default_rng([len(SIZES), place]))
        items = f"{'mean ' if case.uneven else ''}{case.items}"
        what = f"{case.groups:>6} {items:>14} {case.discordance:>6.0%} {case.loss:>7.0%} {case.kind:>7}"
        print(f"{what} {100 * found:>7.1f} % {100 * single:>8.1f} %", flush=True)
        contradicted += faults(case, count, found, single) if case in GROUPED else []
    return contradicted


if __name__ == "__main__":
    sys.exit(main())

"""What intervals and gate promise, over thousands of simulated data sets."""

from collections import Counter

import numpy as np
import pytest

from eval.statistics import Margin, Pairs, estimate, judge, normal
from eval.statistics.bca import BcaConfidence, ExpandedConfidence
from eval.statistics.proportions import DifferenceConfidence, RatioConfidence, Table
from tests.simulations import data_sets, three_errors

pytestmark = pytest.mark.whole

WHOLE = 10_000
DATA_SETS = data_sets(WHOLE)
MONTE_CARLO = three_errors(DATA_SETS)
"""Of a simulated share of 5 %."""
NEAR = 0.01 - three_errors(WHOLE) + MONTE_CARLO
"""A point from the nominal share, as far as all data sets tell it."""


def simulated_tables(items: int, discordance: float, loss: float) -> Counter[tuple[int, int]]:
    """Return (worse, better) of data sets with how often each came up."""
    rng = np.random.default_rng([items, round(1000 * discordance), round(1000 * loss)])
    flipped = rng.binomial(items, discordance, DATA_SETS)
    worse = rng.binomial(flipped, (1 + loss / discordance) / 2)
    return Counter(zip(worse.tolist(), (flipped - worse).tolist(), strict=True))


@pytest.mark.parametrize("items", [220, 500, 1319])
@pytest.mark.parametrize(("discordance", "loss"), [(0.05, 0.0), (0.12, 0.0), (0.12, 0.03), (0.3, 0.1)])
def test_tango_covers(items: int, discordance: float, loss: float) -> None:
    """Nominal 95 % intervals hold the true loss in 94 to 96 % of 10 000 data sets, or in what fewer tell of that."""
    z = normal.quantile(0.975)
    covered = 0
    for (worse, better), count in simulated_tables(items, discordance, loss).items():
        found = DifferenceConfidence(Table(items, worse, better))
        covered += count * (found.value(-z) <= loss <= found.value(z))

    share = covered / DATA_SETS
    assert abs(share - 0.95) <= NEAR, f"{items} items, discordance {discordance}, loss {loss}: {share:.4f}"


@pytest.mark.parametrize("shape", ["normal", "exponential"])
def test_bca_covers(shape: str) -> None:
    """Nominal 95 % intervals over 100 items hold the true mean in 94 to 96 % of 10 000 data sets, or as above.

    Draws are shared by the 250 data sets of a chunk, which makes them a product of matrices.
    """
    rng = np.random.default_rng(11)
    items, draws, chunk, covered = 100, 2000, 250, 0
    z = normal.quantile(0.975)
    for _ in range(DATA_SETS // chunk):
        losses = rng.normal(0, 1, (chunk, items)) if shape == "normal" else rng.exponential(1, (chunk, items)) - 1
        counts = rng.multinomial(items, np.full(items, 1 / items), draws)
        means = losses.mean(axis=1)
        for mean, own, drawn in zip(means, losses, losses @ counts.T / items, strict=True):
            found = ExpandedConfidence(BcaConfidence.of(mean, drawn, (mean * items - own) / (items - 1)), items)
            covered += found.value(-z) <= 0 <= found.value(z)

    share = covered / DATA_SETS
    assert abs(share - 0.95) <= NEAR, f"{shape}: {share:.4f}"


def passed(pairs: Pairs, margin: Margin) -> bool:
    """Return whether the gate passes."""
    found = estimate(pairs, higher_is_better=True, margin=margin, draws=1000)
    return judge(found, found.p_inferior, 0.95) == "pass"


@pytest.mark.parametrize(("items", "discordance", "margin"), [(220, 0.12, 0.05), (500, 0.05, 0.02), (1319, 0.12, 0.01)])
def test_false_passes_at_an_absolute_margin(items: int, discordance: float, margin: float) -> None:
    """A candidate that loses exactly the margin passes in at most 5 % of the data sets."""
    wrong = 0
    for (worse, better), count in simulated_tables(items, discordance, margin).items():
        answers = np.repeat([[1, 0], [0, 1], [1, 1]], [worse, better, items - worse - better], axis=0)
        wrong += count * passed(Pairs.of(*answers.T), Margin(absolute=margin))

    share = wrong / DATA_SETS
    assert share <= 0.05 + MONTE_CARLO, f"{items} items, discordance {discordance}, margin {margin}: {share:.4f}"


@pytest.mark.parametrize(("items", "accuracy", "lost", "recovery"), [(500, 0.6, 0.08, 0.95), (1319, 0.75, 0.07, 0.98)])
def test_false_passes_at_a_relative_margin(items: int, accuracy: float, lost: float, recovery: float) -> None:
    """A candidate that keeps exactly the recovery passes in at most 5 % of the data sets.

    Only the test at the margin is computed, to save time; that the bounds agree with it is tested with the tables.
    """
    rng = np.random.default_rng(items)
    won = lost - (1 - recovery) * accuracy
    counts = rng.multinomial(items, [accuracy - lost, lost, won, 1 - accuracy - won], DATA_SETS)
    wrong = 0
    for both, worse, better, _ in counts.tolist():
        found = RatioConfidence(Table(items, worse, better, both), higher_is_better=True)
        wrong += found.deviate((1 - recovery) * (both + worse) / items) >= normal.quantile(0.95)

    share = wrong / DATA_SETS
    assert share <= 0.05 + MONTE_CARLO, f"{items} items, accuracy {accuracy}, recovery {recovery}: {share:.4f}"


def test_false_passes_of_the_bootstrap() -> None:
    """The same of real values, half of them with a recovery."""
    rng = np.random.default_rng(12)
    wrong, simulated = 0, data_sets(1000)
    for data_set in range(simulated):
        baseline = rng.gamma(8, 0.1, 100)
        kept = 0.95 * baseline if data_set % 2 else baseline - 0.04
        margin = Margin(recovery=0.95) if data_set % 2 else Margin(absolute=0.04)
        wrong += passed(Pairs.of(baseline, kept + rng.normal(0, 0.2, 100)), margin)

    assert wrong / simulated <= 0.05 + three_errors(simulated), f"{wrong / simulated:.3f}"

"""Paired statistics: is an arm within the margin that was agreed, and how sure is that? Pure functions."""

from eval.statistics.estimates import Estimate
from eval.statistics.floor import noise_floor
from eval.statistics.gate import Verdict, holm, judge, more_items
from eval.statistics.metrics import Statistic, bleu, exp_mean, f1, mcc, mean
from eval.statistics.paired import estimate
from eval.statistics.pairs import Margin, Pairs
from eval.statistics.power import (
    effective_discordance,
    items_needed,
    power_difference,
    power_noninferiority,
    smallest_difference_paired,
    smallest_difference_spread,
    smallest_difference_unpaired,
)
from eval.statistics.unpaired import unpaired

__all__ = [
    "Estimate",
    "Margin",
    "Pairs",
    "Statistic",
    "Verdict",
    "bleu",
    "effective_discordance",
    "estimate",
    "exp_mean",
    "f1",
    "holm",
    "items_needed",
    "judge",
    "mcc",
    "mean",
    "more_items",
    "noise_floor",
    "power_difference",
    "power_noninferiority",
    "smallest_difference_paired",
    "smallest_difference_spread",
    "smallest_difference_unpaired",
    "unpaired",
]

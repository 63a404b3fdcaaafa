"""What measuring the same model twice makes of a score."""

import numpy as np

from eval.statistics.pairs import Pairs

_TWO_SIDED_95 = 1.96


def noise_floor(pairs: Pairs) -> tuple[float, float, int]:
    """Return (second run minus first, the difference that chance explains, items whose value differs).

    The floor is 1.96 sqrt(sum e_i^2), e_i what the change of item i alone does to the score. For a mean that is
    d_i / sum of weights, so that the floor is 1.96 sqrt(sum d_i^2) / sum w_i: of changes that are as likely up as down,
    the sum stays below it 95 % of the time. Clusters are not looked at: a server's rounding knows no groups.
    """
    changes = pairs.candidate - pairs.baseline
    total = pairs.baseline.sum(axis=0)
    start = float(pairs.statistic(total))
    changed = np.any(changes != 0, axis=1)
    effects = pairs.statistic(total + changes[changed]) - start
    delta = float(pairs.statistic(pairs.candidate.sum(axis=0))) - start
    return delta, _TWO_SIDED_95 * float(np.sqrt((effects**2).sum())), int(changed.sum())

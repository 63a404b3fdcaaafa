"""Kullback-Leibler divergence from what an engine tells: the most likely tokens of each position. Pure arithmetic."""

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1e-9
"""Probabilities below it count as it: logarithms stay finite where vLLM reports -9999, and a rest that rounding made
zero or negative stays a rest. The logits are in 16 bit, so nothing that small is known anyway."""


def divergences(
    p_ids: NDArray[np.int64], p_log: NDArray[np.float64], q_ids: NDArray[np.int64], q_log: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a lower bound of the Kullback-Leibler divergence KL(P || Q) per position, nats.

    Only the most likely tokens of P and of Q are known, [positions, top_k]. Tokens that both lists hold are compared
    one by one. The others of P's list are one event A: P(A) is known, and Q(A) is at most their number times the last
    probability in Q's list, since Q's list does not hold them. All remaining tokens are another event. Grouping tokens
    cannot raise the divergence (data-processing inequality, Cover & Thomas 2006, theorem 2.8.1 and section 2.5); of
    all values that Q(A) may have, the one that gives the least divergence is taken.
    """
    p, q = np.exp(p_log), np.exp(q_log)
    same = p_ids[:, :, None] == q_ids[:, None, :]
    shared = same.any(2)
    matched = np.where(same, q[:, None, :], 0.0).sum(2)
    one_by_one = np.where(shared, _term(p, matched), 0.0).sum(1)
    p_left = _rest(np.where(shared, p, 0.0).sum(1))
    q_left = _rest(matched.sum(1))
    p_only = np.minimum(np.where(shared, 0.0, p).sum(1), p_left)
    most = (~shared).sum(1) * q.min(1)
    q_only = np.minimum(most, q_left * p_only / p_left)
    total: NDArray[np.float64] = one_by_one + _term(p_only, q_only) + _term(p_left - p_only, q_left - q_only)
    return total


def _rest(covered: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1.0 - covered, SMALLEST)


def _term(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p log(p/q), both at least `SMALLEST` inside the logarithm."""
    return p * np.log(np.maximum(p, SMALLEST) / np.maximum(q, SMALLEST))

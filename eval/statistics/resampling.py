"""Resampling of units, an item or a whole cluster each: bootstrap, jackknife and swaps of the two arms."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK = 250
"""Draws that share a random stream: results depend neither on the number of threads nor on their order."""
_CACHED = 1 << 17
"""Numbers handled at once; larger ones fall out of a core's cache."""
_THREADS = 4
_BITS = 8


def totals_by_cluster(values: Floats, clusters: NDArray[np.int64] | None) -> Floats:
    """Return the columns' sums per cluster, clusters in ascending order; the values themselves without clusters."""
    if clusters is None:
        return values
    _, index = np.unique(clusters, return_inverse=True)
    return np.stack([np.bincount(index, weights=column) for column in values.T], axis=1)


def bootstrap_sums(units: Floats, draws: int, seed: np.random.SeedSequence) -> Floats:
    """Return (draws, columns): sums over as many units as there are, drawn with replacement."""
    varying = np.ptp(units, axis=0) > 0
    columns, places = np.unique(units[:, varying], axis=1, return_inverse=True)
    # Two columns travel as one complex number: looking units up is a large part of the cost.
    padding = np.zeros((len(units), columns.shape[1] % 2))
    packed = np.ascontiguousarray(np.hstack([columns, padding])).view(np.complex128).T.copy()

    def block(rng: np.random.Generator, size: int) -> Floats:
        index = _indices(rng, size, len(units))
        sums = np.stack([np.take(column, index, mode="clip").sum(axis=1) for column in packed], axis=1)
        return sums.view(np.float64)

    result = np.tile(units.sum(axis=0), (draws, 1))
    if varying.any():
        result[:, varying] = _in_blocks(block, draws, len(units), seed)[:, places.ravel()]
    return result


def _indices(rng: np.random.Generator, rows: int, bound: int) -> NDArray[np.int64]:
    """Return (rows, bound) numbers from 0 to bound - 1.

    The upper half of a 32-bit number times the bound: three times as fast as `rng.integers`, and no number is more
    likely than another by more than bound / 2^32 of its probability.
    """
    count = rows * bound
    random = rng.integers(0, 2**64 - 1, size=(count + 1) // 2, dtype=np.uint64, endpoint=True).view(np.uint32)[:count]
    scaled = np.multiply(random, np.uint64(bound), dtype=np.uint64)
    scaled >>= np.uint64(32)
    return scaled.view(np.int64).reshape(rows, bound)


def jackknife_sums(units: Floats) -> Floats:
    """Return (units, columns): the sums without each unit in turn."""
    result: Floats = units.sum(axis=0) - units
    return result


def swapped_sums(differences: Floats, draws: int, seed: np.random.SeedSequence) -> tuple[Floats, bool]:
    """Return sums of `differences` over random subsets of units, each unit in or out with probability one half.

    Returns:
        (draws, columns), or all subsets where there are no more than `draws` of them; and whether it is all.
    """
    moving = np.any(differences != 0, axis=0)
    units = differences[np.any(differences != 0, axis=1)][:, moving]
    complete = 2 ** min(len(units), 62) <= draws
    drawn = _subsets(len(units)) @ units if complete else _drawn_subsets(units, draws, seed)
    result = np.zeros((len(drawn), len(moving)))
    result[:, moving] = drawn
    return result, complete


def _drawn_subsets(units: Floats, draws: int, seed: np.random.SeedSequence) -> Floats:
    """Return (draws, columns): sums over random subsets, looked up eight units at a time."""
    tables = _subset_tables(units)
    columns = tables.T.copy()
    groups = len(tables) // 2**_BITS
    starts = np.arange(groups) * 2**_BITS

    def block(rng: np.random.Generator, size: int) -> Floats:
        index = starts + rng.integers(0, 2**_BITS, size=(size, groups), dtype=np.uint8)
        return np.stack([np.take(column, index, mode="clip").sum(axis=1) for column in columns], axis=1)

    return _in_blocks(block, draws, groups, seed)


def _subset_tables(units: Floats) -> Floats:
    """Return (groups * 256, columns): the sums of all subsets of each group of eight units, group after group."""
    padding = np.zeros((-len(units) % _BITS, units.shape[1]))
    groups = np.concatenate([units, padding]).reshape(-1, _BITS, units.shape[1])
    result: Floats = (_subsets(_BITS) @ groups).reshape(-1, units.shape[1])
    return result


def _subsets(members: int) -> Floats:
    """Return (2^members, members): a row of zeros and ones for each subset."""
    return (np.arange(2**members)[:, None] >> np.arange(members) & 1).astype(np.float64)


def _in_blocks(
    block: Callable[[np.random.Generator, int], Floats], draws: int, width: int, seed: np.random.SeedSequence
) -> Floats:
    """Return `draws` rows made by `block`, in parallel (numpy computes without Python's lock)."""
    rows = max(1, _CACHED // max(1, width))
    sizes = [min(_BLOCK, draws - start) for start in range(0, draws, _BLOCK)]

    def fill(task: tuple[np.random.SeedSequence, int]) -> Floats:
        child, size = task
        rng = np.random.Generator(np.random.SFC64(child))
        return np.concatenate([block(rng, min(rows, size - start)) for start in range(0, size, rows)])

    with ThreadPoolExecutor(_THREADS) as pool:
        return np.concatenate(list(pool.map(fill, zip(seed.spawn(len(sizes)), sizes, strict=True))))

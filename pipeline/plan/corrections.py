"""What one's own runs of a device say of a plan's rates and memory, and what is made of it. Pure.

Every run leaves an `Observation`: the share of the device's stated rates that it attained, and the memory that it took
beside weights and KV cache more than was planned. Runs of one device, quantization, kernel and version of vLLM are put
together in logarithms (memory: in GiB). A device differs from the uncorrected plan by N(0, `wide`), its runs from each
other by s, of which a guess counts like `_FREEDOM` runs (scaled inverse chi-squared, Gelman et al., Bayesian Data
Analysis, 2.6). So the mean of n runs is taken n / (n + s^2 / wide^2) of the way from the uncorrected plan, and one run
moves it little where runs scatter. Intervals hold another run with 80 %, as those of uncorrected plans do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pipeline.base.results import Result

_FREEDOM = 3
_T_80 = ((3, 1.638), (4, 1.533), (5, 1.476), (6, 1.440), (8, 1.397), (10, 1.372), (15, 1.341), (30, 1.310))
"""Student's t of which 80 % lie within, by degrees of freedom; between two of them the fewer count."""
_WIDE, _SCATTER, _SPREAD = 0.25, 0.1, 0.15
"""In logarithms: how devices differ from the plan, runs of one device from each other, points of one run from what the
run attained; the last two are guesses that runs replace."""
_WIDE_GIB, _SCATTER_GIB = 1.0, 0.3
ALIKE = 4
"""Times smaller or larger than the models of the runs a model may be: beyond, what a step costs besides reading its
weights would be taken for bandwidth."""

Shares = tuple[float, float]
"""Of the stated memory bandwidth in decode, and of the stated operations per second in prefill."""
Band = tuple[float, float]
"""Least and most that a true rate may be of the expected one."""
_Share = Annotated[float, Field(ge=1e-6, le=1)]
_WIDEST = 20.0
"""Of an interval, in logarithms: what a hand wrote into the file must not overflow."""


class Observation(Result):
    """What one arm of one run attained."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    run: str
    """Name of its output folder."""
    arm: str
    measured_at: str
    """UTC, ISO 8601."""
    model: str
    device: str
    """GPU by its name in the catalogue, or processor with its cores."""
    gpus: Annotated[int, Field(ge=1)]
    quantization: str
    kernel: str
    """That multiplied the linear layers."""
    vllm: str
    weights_gib: Annotated[float, Field(gt=0, le=1e7)]
    """Planned, on each GPU."""
    bandwidth_share: _Share | None = None
    compute_share: _Share | None = None
    beside_gib: Annotated[float, Field(ge=-1e5, le=1e5)] | None = None
    """Memory of each GPU that neither weights nor KV cache took, more than was planned."""
    spread: Annotated[float, Field(ge=0, le=1000)] | None = None
    """Root mean square of ln(measured / planned) over its points, with the shares that it attained itself."""
    points: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    samples: tuple[str, ...] = ()
    """What names its raw files, so that a run is never graded by itself without a word."""

    def repeats(self, other: "Observation") -> bool:
        """Return whether both are of the same arm of the same run, or rest on a raw file in common."""
        if not set(self.samples).isdisjoint(other.samples):
            return True
        return (self.run, self.arm, self.measured_at) == (other.run, other.arm, other.measured_at)


@dataclass(frozen=True)
class Estimate:
    """What is known of a figure of the device."""

    value: float
    low: float
    high: float
    """With `low`: holds the figure of another run with 80 %."""


@dataclass(frozen=True)
class Correction:
    """What runs of one device, quantization, kernel and version say together."""

    observations: tuple[Observation, ...]

    @property
    def runs(self) -> int:
        """Return how many runs it rests on."""
        return len({(one.run, one.measured_at) for one in self.observations})

    @property
    def kernel(self) -> str:
        """Return the kernel of the runs."""
        return self.observations[0].kernel

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that ran."""
        return tuple(dict.fromkeys(one.model for one in self.observations))

    @property
    def tells_speed(self) -> bool:
        """Return whether a run told a rate; those without a point that stands tell of memory alone."""
        return any(one.bandwidth_share or one.compute_share for one in self.observations)

    def holds(self, samples: Sequence[str]) -> bool:
        """Return whether some of these raw files belong to runs that it rests on."""
        return not {sample for one in self.observations for sample in one.samples}.isdisjoint(samples)

    def bandwidth(self, planned: float | None) -> Estimate | None:
        """Return the share of the stated bandwidth; `planned` without runs, None where no plan is possible then."""
        return _share([one.bandwidth_share for one in self.observations], planned)

    def compute(self, planned: float | None) -> Estimate | None:
        """Return the share of the stated operations per second, as above."""
        return _share([one.compute_share for one in self.observations], planned)

    def shares(self, planned: Shares | None) -> Shares | None:
        """Return both shares; those planned where the runs do not tell, None where nothing does."""
        memory, compute = planned or (None, None)
        found = self.bandwidth(memory), self.compute(compute)
        known = [found[0].value if found[0] else memory, found[1].value if found[1] else compute]
        return None if known[0] is None or known[1] is None else (known[0], known[1])

    @property
    def beside(self) -> Estimate | None:
        """Return the memory in GiB that is taken beside weights and KV cache, more than planned."""
        found = [one.beside_gib for one in self.observations if one.beside_gib is not None]
        return estimate(found, _WIDE_GIB, _SCATTER_GIB)

    @property
    def beside_gib(self) -> float:
        """Return the same as one figure; 0 where the runs do not tell."""
        return self.beside.value if self.beside else 0.0

    def band(self, uncorrected: Band) -> Band:
        """Return what the true rate may be of the expected one; `uncorrected` where no run told a speed."""
        told = [(one.spread, one.points) for one in self.observations if one.spread is not None and one.points]
        logs = [math.log(one.bandwidth_share) for one in self.observations if one.bandwidth_share]
        if not told or not logs:
            return uncorrected
        points = sum(amount for _, amount in told)
        spread = sum(amount * value**2 for value, amount in told) + _FREEDOM * _SPREAD**2
        scatter = _scatter(logs, _SCATTER)
        variance = spread / (_FREEDOM + points) + scatter * (1 + 1 / len(logs))
        reach = min(_WIDEST, _t(len(logs)) * math.sqrt(variance))
        return math.exp(-reach), math.exp(reach)


class Mismatch(Result):
    """Why runs of a device do not correct a plan."""

    what: Literal["version", "GPUs", "size"]
    """Of vLLM; how many of them; the models that ran were more than `ALIKE` times smaller or larger."""
    seen: tuple[str, ...] = ()
    """What the runs had instead."""


@dataclass(frozen=True)
class Stated:
    """Shares that are set, for finding out which fit a run; holds for every plan."""

    stated: Shares
    beside_gib: float = 0.0

    def find(self, *_of: object) -> "Stated":
        """Return itself."""
        return self

    def shares(self, _planned: Shares | None) -> Shares:
        """Return the shares."""
        return self.stated

    def band(self, uncorrected: Band) -> Band:
        """Return the uncorrected band."""
        return uncorrected


class Corrections(Result):
    """All that was learned, as it stands in a file."""

    schema_version: Literal[1] = 1
    observations: tuple[Observation, ...] = ()

    def find(self, device: str, gpus: int, quantization: str, vllm: str, weights_gib: float) -> Correction | None:
        """Return what holds for a plan; of several kernels the one with the most runs, the last where that is equal.

        Args:
            device: as in the observations.
            gpus: that the model is spread over.
            quantization: as the plan calls it.
            vllm: version.
            weights_gib: on each GPU.
        """
        found: dict[str, list[Observation]] = {}
        for one in self._of(device, quantization):
            if (one.gpus, one.vllm) == (gpus, vllm):
                found.setdefault(one.kernel, []).append(one)
        alike = [Correction(tuple(each)) for each in found.values() if _covers(each, weights_gib)]
        return max(reversed(alike), key=lambda each: each.runs, default=None)

    def mismatch(self, device: str, gpus: int, quantization: str, vllm: str) -> Mismatch | None:
        """Return why runs of the device do not correct a plan; None where there are no runs of it."""
        others = self._of(device, quantization)
        if not others:
            return None
        had: tuple[tuple[Literal["version", "GPUs"], set[str], str], ...] = (
            ("version", {one.vllm for one in others}, vllm),
            ("GPUs", {str(one.gpus) for one in others}, str(gpus)),
        )
        for what, seen, asked in had:
            if asked not in seen:
                return Mismatch(what=what, seen=tuple(sorted(seen)))
        return Mismatch(what="size")

    def with_observations(self, added: Sequence[Observation]) -> "Corrections":
        """Return these and others; of two that share measurements, as a run and its copy do, the last is kept."""
        kept: list[Observation] = []
        for one in (*self.observations, *added):
            kept = [each for each in kept if not each.repeats(one)]
            kept.append(one)
        return Corrections(observations=tuple(kept))

    def without(self, run: str, measured_at: str) -> "Corrections":
        """Return what other runs say than this one."""
        kept = tuple(one for one in self.observations if (one.run, one.measured_at) != (run, measured_at))
        return Corrections(observations=kept)

    def _of(self, device: str, quantization: str) -> list[Observation]:
        return [one for one in self.observations if (one.device, one.quantization) == (device, quantization)]


Finder = Corrections | Stated


def estimate(found: Sequence[float], wide: float | None, scatter: float) -> Estimate | None:
    """Return what runs say of a figure that is 0 where the plan is right; None without runs.

    Args:
        found: of each run.
        wide: how far the figure lies from 0, as a standard deviation; None where there is no plan to be near to.
        scatter: of runs around the device's own figure, as guessed.
    """
    if not found:
        return None
    runs, variance = len(found), _scatter(found, scatter)
    weight = runs + (variance / wide**2 if wide else 0.0)
    value = sum(found) / weight
    reach = _t(runs) * math.sqrt(variance * (1 + 1 / weight))
    return Estimate(value, value - reach, value + reach)


def _share(found: Sequence[float | None], planned: float | None) -> Estimate | None:
    """Return the share attained; never more than all of it."""
    logs = [math.log(one / (planned or 1.0)) for one in found if one]
    told = estimate(logs, _WIDE if planned else None, _SCATTER)
    if told is None:
        return None
    shares = (min(1.0, (planned or 1.0) * math.exp(log)) for log in (told.value, told.low, told.high))
    return Estimate(*shares)


def _scatter(found: Sequence[float], guessed: float) -> float:
    """Return the variance of runs, of which a guess counts like `_FREEDOM` of them."""
    mean = sum(found) / len(found)
    squares = sum((one - mean) ** 2 for one in found)
    return (_FREEDOM * guessed**2 + squares) / (_FREEDOM + len(found) - 1)


def _t(runs: int) -> float:
    return [value for freedom, value in _T_80 if freedom <= _FREEDOM + runs - 1][-1]


def _covers(found: Sequence[Observation], weights_gib: float) -> bool:
    sizes = [one.weights_gib for one in found]
    return min(sizes) / ALIKE <= weights_gib <= max(sizes) * ALIKE

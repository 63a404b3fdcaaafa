"""`HealthSummary`: what one second's samples say of a whole load. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, Self

from pipeline.base.results import Phrase, Result
from pipeline.base.sentences.stored import ENGLISH
from pipeline.hardware.health.check import HealthCheck, of_state
from pipeline.hardware.health.gpu_course import gpu_course_checks, throttle_shares
from pipeline.hardware.health.host_checks import host_checks, others_share, share_of
from pipeline.hardware.health.reasons import THROTTLES
from pipeline.hardware.health.sample import GpuFacts, GpuSample, Snapshot

EnergyFrom = Literal["counter", "power"]
"""The GPU's own energy counter, or its power integrated over the samples."""


class Spread(Result):
    """Of a figure over the samples during a load."""

    min: float
    mean: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Self | None:
        """Return it; None where nothing was reported."""
        told = [value for value in values if value is not None]
        return cls(min=min(told), mean=sum(told) / len(told), max=max(told)) if told else None


class GpuHealth(Result):
    """One GPU over a load; None for what it does not report."""

    index: int
    name: str
    utilization_percent: Spread | None
    memory_used_gib: Spread | None
    temperature_c: Spread | None
    margin_c: Spread | None
    power_w: Spread | None
    limit_w: float | None
    """The lowest that was enforced."""
    clock_mhz: Spread | None
    throttle_share: float | None
    """Of the time in which it was slowed down by heat, the power brake or other protection."""
    reasons: dict[str, float] | None
    """Share of the time of everything that held its clock back."""
    energy_j: float | None
    energy_from: EnergyFrom | None


class HostHealth(Result):
    """Processors and memory over a load."""

    others_share: float
    """Of the processors' time, taken by other processes."""
    steal_share: float
    memory_available_gib: Spread
    temperature_c: Spread | None
    frequency_mhz: Spread | None


class HealthSummary(Result):
    """Health of the machine over one load."""

    seconds: float
    """From the sample before the load to the one after it."""
    samples: int
    gpus: tuple[GpuHealth, ...]
    """That the load used."""
    host: HostHealth
    checks: tuple[HealthCheck, ...]
    energy_j: float | None = None
    """Of all GPUs used, from the start of the load client to its end."""
    energy_from: EnergyFrom | None = None
    joules_per_output_token: float | None = None
    file: str | None = None
    """With the samples."""
    sha256: str | None = None

    @property
    def void_reasons(self) -> tuple[str, ...]:
        """Why figures that were taken meanwhile must not be used."""
        return tuple(map(ENGLISH.text, self.void_phrases))

    @property
    def void_phrases(self) -> tuple[Phrase, ...]:
        """The same as phrases, in the same order."""
        return tuple(check.failure for check in of_state(self.checks, "fail"))

    @property
    def throttle_share(self) -> float | None:
        """Return the share of the time in which the slowest GPU was slowed down."""
        return max((gpu.throttle_share for gpu in self.gpus if gpu.throttle_share is not None), default=None)

    @property
    def max_temperature_c(self) -> float | None:
        """Return the temperature of the hottest GPU; of the processors where none was used."""
        if self.gpus:
            return max((gpu.temperature_c.max for gpu in self.gpus if gpu.temperature_c), default=None)
        return self.host.temperature_c.max if self.host.temperature_c else None


def summarised(
    facts: Sequence[GpuFacts],
    snapshots: Sequence[Snapshot],
    *,
    gpus: Collection[int] | None = None,
    output_tokens: int | None = None,
) -> HealthSummary:
    """Return what the samples of one load say.

    Args:
        facts: of all GPUs.
        snapshots: oldest first, at least two.
        gpus: that were used; None for those on which processes of ours were seen, or all.
        output_tokens: that were made with the energy.
    """
    used = _used(facts, snapshots) if gpus is None else frozenset(gpus)
    seconds = snapshots[-1].at_s - snapshots[0].at_s
    chosen = [gpu for gpu in facts if gpu.index in used]
    healths = tuple(_gpu(gpu, snapshots, seconds) for gpu in chosen)
    hosts = [snapshot.host for snapshot in snapshots]
    checks = [check for gpu in chosen for check in gpu_course_checks(gpu, _of(gpu, snapshots), seconds)]
    energies = [gpu.energy_j for gpu in healths]
    energy = sum(value for value in energies if value is not None) if healths and None not in energies else None
    return HealthSummary(
        seconds=seconds,
        samples=len(snapshots),
        gpus=healths,
        host=HostHealth(
            others_share=others_share(hosts, seconds),
            steal_share=share_of(hosts, seconds, "steal_s"),
            memory_available_gib=Spread.of(host.memory_available_bytes / 2**30 for host in hosts),
            temperature_c=Spread.of(host.temperature_c for host in hosts),
            frequency_mhz=Spread.of(host.frequency_mhz for host in hosts),
        ),
        checks=(*checks, *host_checks(hosts, seconds)),
        energy_j=energy,
        energy_from=None if energy is None else _weakest(healths),
        joules_per_output_token=energy / output_tokens if energy is not None and output_tokens else None,
    )


def _used(facts: Sequence[GpuFacts], snapshots: Sequence[Snapshot]) -> frozenset[int]:
    seen = {
        sample.index
        for snapshot in snapshots
        for sample in snapshot.gpus
        if any(process.owner == "ours" for process in sample.processes or ())
    }
    return frozenset(seen or {gpu.index for gpu in facts})


def _of(gpu: GpuFacts, snapshots: Sequence[Snapshot]) -> list[GpuSample]:
    return [sample for snapshot in snapshots for sample in snapshot.gpus if sample.index == gpu.index]


def _gpu(gpu: GpuFacts, snapshots: Sequence[Snapshot], seconds: float) -> GpuHealth:
    samples = _of(gpu, snapshots)
    loaded = _of(gpu, [snapshot for snapshot in snapshots if snapshot.phase == "during"]) or samples
    told = any(sample.reasons is not None or sample.throttled_s is not None for sample in samples)
    shares = throttle_shares(samples, seconds) if told else None
    energy, source = _energy(samples, [snapshot.at_s for snapshot in snapshots])
    limits = [sample.limit_w for sample in samples if sample.limit_w is not None]
    return GpuHealth(
        index=gpu.index,
        name=gpu.name,
        utilization_percent=Spread.of(sample.utilization_percent for sample in loaded),
        memory_used_gib=Spread.of(
            None if sample.memory_used_bytes is None else sample.memory_used_bytes / 2**30 for sample in loaded
        ),
        temperature_c=Spread.of(sample.temperature_c for sample in loaded),
        margin_c=Spread.of(sample.margin_c for sample in loaded),
        power_w=Spread.of(sample.power_w for sample in loaded),
        limit_w=min(limits, default=None),
        clock_mhz=Spread.of(sample.clock_mhz for sample in loaded),
        throttle_share=None if shares is None else max((shares.get(name, 0.0) for name in THROTTLES), default=0.0),
        reasons=shares,
        energy_j=energy,
        energy_from=source,
    )


def _energy(samples: Sequence[GpuSample], times: Sequence[float]) -> tuple[float | None, EnergyFrom | None]:
    """Return the energy between the first and the last sample, in joules, and where it comes from."""
    first, last = samples[0].energy_j, samples[-1].energy_j
    if first is not None and last is not None and last > first:
        return last - first, "counter"
    powers = [sample.power_w for sample in samples]
    if len(powers) != len(times) or None in powers:
        return None, None
    known = [power for power in powers if power is not None]
    pairs = zip(times, times[1:], known, known[1:], strict=False)
    return sum((end - start) * (one + other) / 2 for start, end, one, other in pairs), "power"


def _weakest(gpus: Sequence[GpuHealth]) -> EnergyFrom:
    return "power" if any(gpu.energy_from == "power" for gpu in gpus) else "counter"

"""Is the machine itself well, at this moment and over a load? Pure."""

from collections.abc import Sequence

from pipeline.base.phrase import phrase
from pipeline.base.quiet import OTHERS_SHARE
from pipeline.base.sentences.health import HealthSentences
from pipeline.hardware.health.check import HOST, HealthCheck, Subject
from pipeline.hardware.health.sample import HostSample

STEAL_SHARE = 0.05
LEAST_MEMORY_SHARE = 0.05
_SWAPPED_BYTES_PER_S = 8 * 2**20
"""Above it, memory is waited for; a desktop in the background moves less."""
_THROTTLED_SHARE = 0.01
_CRITICAL_C = 5.0
_OTHERS, _STEAL = "other processes", "steal time"
_SAY = HealthSentences
_SUBJECT = Subject(HOST)


def host_checks(samples: Sequence[HostSample], seconds: float) -> tuple[HealthCheck, ...]:
    """Return every check of processors and memory.

    Args:
        samples: oldest first, at least two.
        seconds: from the first to the last of them.
    """
    return (
        _others(samples, seconds),
        _steal(samples, seconds),
        _memory(samples),
        _swap(samples, seconds),
        _quota(samples, seconds),
        _temperature(samples),
    )


def share_of(samples: Sequence[HostSample], seconds: float, field: str) -> float:
    """Return how much of the machine's processor time a counter stands for."""
    first, last = (float(getattr(sample, field)) for sample in (samples[0], samples[-1]))
    return max(last - first, 0.0) / max(seconds * samples[0].cores, 1e-9)


def others_share(samples: Sequence[HostSample], seconds: float) -> float:
    """Return the share of the machine's processor time that other processes took."""
    return max(share_of(samples, seconds, "busy_s") - share_of(samples, seconds, "ours_s"), 0.0)


def of_measurements(check: HealthCheck) -> bool:
    """Return whether a check of the machine is about what would falsify a measurement, and nothing else."""
    return check.subject == HOST and check.name in {_OTHERS, _STEAL}


def _others(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name, share = _OTHERS, others_share(samples, seconds)
    found = phrase(_SAY.others_take, share=f"{share:.0%}")
    if share > OTHERS_SHARE:
        return _SUBJECT.warned(name, found, phrase(_SAY.measure_later))
    return _SUBJECT.passed(name, found)


def _steal(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name, share = _STEAL, share_of(samples, seconds, "steal_s")
    found = phrase(_SAY.hypervisor_takes, share=f"{share:.1%}")
    if share > STEAL_SHARE:
        return _SUBJECT.warned(name, found, phrase(_SAY.unshared_machine))
    return _SUBJECT.passed(name, found)


def _memory(samples: Sequence[HostSample]) -> HealthCheck:
    least, total = min(sample.memory_available_bytes for sample in samples), samples[0].memory_total_bytes
    found = phrase(_SAY.available_of, least=f"{least / 2**30:.1f}", total=f"{total / 2**30:.1f}")
    if least < LEAST_MEMORY_SHARE * total:
        return _SUBJECT.warned("memory", found, phrase(_SAY.stop_others))
    return _SUBJECT.passed("memory", found)


def _swap(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    told = [sample.swapped_bytes for sample in samples if sample.swapped_bytes is not None]
    if len(told) < 2:  # noqa: PLR2004 -- a difference
        return _SUBJECT.silent("swap")
    moved = told[-1] - told[0]
    found, remedy = phrase(_SAY.swapped, mib=f"{moved / 2**20:.1f}"), phrase(_SAY.free_memory_first)
    if moved > _SWAPPED_BYTES_PER_S * max(seconds, 1.0):
        return _SUBJECT.failed("swap", found, remedy)
    nothing = phrase(_SAY.nothing_swapped)
    return _SUBJECT.warned("swap", found, remedy) if moved else _SUBJECT.passed("swap", nothing)


def _quota(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name = "processor quota"
    told = [sample.throttled_s for sample in samples if sample.throttled_s is not None]
    if len(told) < 2:  # noqa: PLR2004 -- a difference
        return _SUBJECT.silent(name)
    share = (told[-1] - told[0]) / max(seconds, 1e-9)
    if share > _THROTTLED_SHARE:
        return _SUBJECT.warned(name, phrase(_SAY.waited_for_quota, share=f"{share:.0%}"), phrase(_SAY.raise_quota))
    return _SUBJECT.passed(name, phrase(_SAY.quota_kept))


def _temperature(samples: Sequence[HostSample]) -> HealthCheck:
    degrees = [sample.temperature_c for sample in samples if sample.temperature_c is not None]
    critical = samples[0].critical_c
    if not degrees or critical is None:
        most = phrase(_SAY.degrees_at_most, degrees=f"{max(degrees):.0f}") if degrees else None
        return _SUBJECT.silent("temperature", most)
    name, margin, remedy = "temperature", critical - max(degrees), phrase(_SAY.look_at_airflow)
    found = phrase(_SAY.degrees_of, degrees=f"{max(degrees):.0f}", critical=f"{critical:.0f}")
    if margin <= 0:
        return _SUBJECT.failed(name, found, remedy)
    return _SUBJECT.warned(name, found, remedy) if margin < _CRITICAL_C else _SUBJECT.passed(name, found)

"""Is the machine itself well, at this moment and over a load? Pure."""

from collections.abc import Sequence

from pipeline.base.quiet import OTHERS_SHARE
from pipeline.hardware.health.check import HOST, HealthCheck, Subject
from pipeline.hardware.health.sample import HostSample

STEAL_SHARE = 0.05
LEAST_MEMORY_SHARE = 0.05
_SWAPPED_BYTES_PER_S = 8 * 2**20
"""Above it, memory is waited for; a desktop in the background moves less."""
_THROTTLED_SHARE = 0.01
_CRITICAL_C = 5.0
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


def _others(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name, share = "other processes", others_share(samples, seconds)
    text = f"they take {share:.0%} of the processors"
    if share > OTHERS_SHARE:
        return _SUBJECT.warned(name, text, "Measure when they are done.")
    return _SUBJECT.passed(name, text)


def _steal(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name, share = "steal time", share_of(samples, seconds, "steal_s")
    text = f"the hypervisor takes {share:.1%}"
    if share > STEAL_SHARE:
        return _SUBJECT.warned(name, text, "Measure on a machine whose processors are not shared.")
    return _SUBJECT.passed(name, text)


def _memory(samples: Sequence[HostSample]) -> HealthCheck:
    least, total = min(sample.memory_available_bytes for sample in samples), samples[0].memory_total_bytes
    text = f"{least / 2**30:.1f} of {total / 2**30:.1f} GiB available"
    if least < LEAST_MEMORY_SHARE * total:
        return _SUBJECT.warned("memory", text, "Stop other programs, or use a smaller model or KV cache.")
    return _SUBJECT.passed("memory", text)


def _swap(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    told = [sample.swapped_bytes for sample in samples if sample.swapped_bytes is not None]
    if len(told) < 2:  # noqa: PLR2004 -- a difference
        return _SUBJECT.silent("swap")
    moved = told[-1] - told[0]
    text = f"{moved / 2**20:.1f} MiB moved"
    remedy = "Free memory: figures are those of the disk otherwise."
    if moved > _SWAPPED_BYTES_PER_S * max(seconds, 1.0):
        return _SUBJECT.failed("swap", text, remedy)
    return _SUBJECT.warned("swap", text, remedy) if moved else _SUBJECT.passed("swap", "nothing moved")


def _quota(samples: Sequence[HostSample], seconds: float) -> HealthCheck:
    name = "processor quota"
    told = [sample.throttled_s for sample in samples if sample.throttled_s is not None]
    if len(told) < 2:  # noqa: PLR2004 -- a difference
        return _SUBJECT.silent(name)
    share = (told[-1] - told[0]) / max(seconds, 1e-9)
    if share > _THROTTLED_SHARE:
        text = f"the control group waited for its quota in {share:.0%} of the time"
        return _SUBJECT.warned(name, text, "Raise the container's limit, or tell it with the figures.")
    return _SUBJECT.passed(name, "not waited for")


def _temperature(samples: Sequence[HostSample]) -> HealthCheck:
    degrees = [sample.temperature_c for sample in samples if sample.temperature_c is not None]
    critical = samples[0].critical_c
    if not degrees or critical is None:
        return _SUBJECT.silent("temperature", f"at most {max(degrees):.0f} °C" if degrees else "not reported")
    margin, text = critical - max(degrees), f"at most {max(degrees):.0f} °C of {critical:.0f} °C"
    remedy = "Look at airflow, fans and the room's temperature."
    if margin <= 0:
        return _SUBJECT.failed("temperature", text, remedy)
    return (
        _SUBJECT.warned("temperature", text, remedy) if margin < _CRITICAL_C else _SUBJECT.passed("temperature", text)
    )

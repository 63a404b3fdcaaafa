"""The health of a machine at this moment: GPUs at once, processors over half a second."""

import time
from typing import Literal

from pipeline.base.results import Result
from pipeline.hardware.health.check import HealthCheck, Subject, of_state
from pipeline.hardware.health.gpu_checks import free_memory, gpu_checks, subject_of
from pipeline.hardware.health.host_checks import host_checks
from pipeline.hardware.health.readers import gpu_readers
from pipeline.hardware.health.sample import GpuFacts, GpuSample
from pipeline.hardware.health.sampler import take
from pipeline.hardware.health.selection import Choice

_APART_S = 0.5
"""Between two readings of the processors' counters, which have a resolution of a hundredth of a second."""


class HealthReport(Result):
    """What was found."""

    schema_version: Literal[1] = 1
    gpus: tuple[GpuFacts, ...]
    """That were asked about."""
    samples: tuple[GpuSample, ...] = ()
    """Of these, in the same order."""
    checks: tuple[HealthCheck, ...]

    @property
    def well(self) -> bool:
        """Whether there is a GPU, and no check fails."""
        return bool(self.gpus) and not of_state(self.checks, "fail")


def health_now(choose: Choice, *, memory_share: float | None = None) -> HealthReport:
    """Return the checks of the chosen GPUs and of the machine; takes half a second.

    Args:
        choose: the GPUs.
        memory_share: of a GPU's memory, that an engine is going to take; None where that is not known.
    """
    with gpu_readers() as readers:
        began = time.monotonic()
        before = take(readers, (), "before", lambda: 0.0)
        facts = tuple(gpu for reader in readers for gpu in reader.facts)
    time.sleep(_APART_S)
    after = take((), (), "after", lambda: time.monotonic() - began)
    chosen = frozenset(choose(facts))
    gpus = tuple(gpu for gpu in facts if gpu.index in chosen)
    samples = tuple(sample for sample in before.gpus if sample.index in chosen)
    checks: list[HealthCheck] = []
    for gpu, sample in zip(gpus, samples, strict=True):
        checks += gpu_checks(gpu, sample)
        if memory_share is not None and not sample.lost:
            checks.append(free_memory(Subject(subject_of(gpu)), sample, memory_share))
    checks += host_checks((before.host, after.host), after.at_s)
    return HealthReport(gpus=gpus, samples=samples, checks=tuple(checks))

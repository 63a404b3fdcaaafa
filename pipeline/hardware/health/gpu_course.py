"""Was a GPU well while a load ran? Pure; what fails here makes the load's figures void."""

from collections.abc import Callable, Sequence

from pipeline.base.phrase import phrase, phrase_of, quoted
from pipeline.base.results import Phrase
from pipeline.base.sentences.common import CommonSentences
from pipeline.base.sentences.health import HealthSentences
from pipeline.hardware.health.check import HealthCheck, Subject
from pipeline.hardware.health.gpu_checks import (
    IDLE_PERCENT,
    answering,
    held_back,
    link,
    margin_check,
    power_limit,
    processes_phrase,
    remedies_in,
    remedies_of,
    row_remap,
    subject_of,
)
from pipeline.hardware.health.reasons import BY_NAME, Reason
from pipeline.hardware.health.sample import GpuFacts, GpuProcess, GpuSample
from pipeline.hardware.health.xid import xid_phrase, xid_remedy

WARM_SHARE = 0.1
"""Of the time in which the driver lowers clocks because of heat: above it, the figures are of a hot GPU."""
_SAY = HealthSentences
_Samples = Sequence[GpuSample]
_Check = Callable[[Subject, GpuFacts, _Samples], HealthCheck]


def gpu_course_checks(facts: GpuFacts, samples: _Samples, seconds: float) -> tuple[HealthCheck, ...]:
    """Return every check of one GPU over a load: samples of before, during and after, in order.

    Args:
        facts: the GPU.
        samples: of it, oldest first.
        seconds: from the first to the last of them.
    """
    subject = Subject(subject_of(facts))
    lost = [sample for sample in samples if sample.lost]
    throttling = _throttling(subject, samples, seconds)
    others = tuple(check(subject, facts, samples) for check in _CHECKS)
    return (answering(subject, (lost or list(samples))[0]), throttling, *others)


def throttle_shares(samples: _Samples, seconds: float) -> dict[str, float]:
    """Return for each reason the share of the time: by the driver's own clock where it counts, else of the samples."""
    told = [sample.reasons for sample in samples if sample.reasons is not None]
    names = dict.fromkeys(name for reasons in told for name in reasons)
    shares = {name: sum(name in reasons for reasons in told) / len(told) for name in names}
    counted = [sample.throttled_s for sample in samples if sample.throttled_s is not None]
    if len(counted) > 1 and seconds > 0:
        for name in counted[0].keys() & counted[-1].keys():
            grown = (counted[-1][name] - counted[0][name]) / seconds
            if grown > 0 or name in shares:
                shares[name] = min(max(grown, 0.0), 1.0)
    return shares


def _throttling(subject: Subject, samples: _Samples, seconds: float) -> HealthCheck:
    name = "clocks"
    if all(sample.reasons is None and sample.throttled_s is None for sample in samples):
        return subject.silent(name)
    shares = throttle_shares(samples, seconds)
    found = [(BY_NAME[reason], share) for reason, share in shares.items() if reason in BY_NAME]
    hot = [(one, share) for one, share in found if one.name == "sw_thermal_slowdown" and share > WARM_SHARE]
    if fatal := [(one, share) for one, share in found if one.meaning == "fail"] + hot:
        return subject.failed(name, _told(fatal), remedies_of(one for one, _ in fatal))
    if doubtful := [(one, share) for one, share in found if one.meaning == "warn"]:
        return subject.warned(name, _told(doubtful), remedies_of(one for one, _ in doubtful))
    return subject.passed(name, _told([one for one in found if one[0].meaning == "normal"]))


def _told(found: Sequence[tuple[Reason, float]]) -> Phrase:
    return held_back([phrase(_SAY.held_back_for, reason=reason.name, share=f"{share:.0%}") for reason, share in found])


def _temperature(subject: Subject, _facts: GpuFacts, samples: _Samples) -> HealthCheck:
    margins = [sample.margin_c for sample in samples if sample.margin_c is not None]
    degrees = [sample.temperature_c for sample in samples if sample.temperature_c is not None]
    most = [phrase(_SAY.degrees_at_most, degrees=f"{max(degrees):.0f}")] if degrees else []
    return margin_check(subject, min(margins, default=None), most)


def _power_limit(subject: Subject, facts: GpuFacts, samples: _Samples) -> HealthCheck:
    told = [sample for sample in samples if sample.limit_w is not None]
    return power_limit(subject, facts, min(told, key=lambda sample: sample.limit_w or 0.0, default=samples[0]))


def grown(samples: _Samples, field: str) -> int | None:
    """Return by how much a counter grew from the first sample that has it to the last; None where fewer than two do."""
    values = [value for sample in samples if (value := getattr(sample, field)) is not None]
    return int(values[-1] - values[0]) if len(values) > 1 else None


def _memory_errors(subject: Subject, _facts: GpuFacts, samples: _Samples) -> HealthCheck:
    name = "memory errors"
    fatal, mended = grown(samples, "ecc_uncorrected"), grown(samples, "ecc_corrected")
    if fatal is None and mended is None:
        return subject.silent(name)
    if fatal:
        return subject.failed(name, phrase(_SAY.more_uncorrected, errors=str(fatal)), phrase(_SAY.reset_gpu))
    if mended:
        return subject.warned(name, phrase(_SAY.more_corrected, errors=str(mended)), phrase(_SAY.watch_counter))
    return subject.passed(name, phrase(_SAY.none_found))


def _row_remap(subject: Subject, facts: GpuFacts, samples: _Samples) -> HealthCheck:
    told = [sample for sample in samples if sample.remap_failed is not None]
    return row_remap(subject, facts, told[-1] if told else samples[0])


def _announced(subject: Subject, _facts: GpuFacts, samples: _Samples) -> HealthCheck:
    name = "errors announced"
    if all(sample.xids is None for sample in samples):
        return subject.silent(name)
    numbers = list(dict.fromkeys(number for sample in samples for number in sample.xids or ()))
    events = list(dict.fromkeys(event for sample in samples for event in sample.events or ()))
    if not numbers and not events:
        return subject.passed(name, phrase(_SAY.none_found))
    found = phrase_of(CommonSentences.several, [*map(xid_phrase, numbers), *map(quoted, events)])
    remedies = remedies_in(map(xid_remedy, numbers)) if numbers else phrase(_SAY.look_at_dmesg)
    return subject.failed(name, found, remedies)


def _link(subject: Subject, facts: GpuFacts, samples: _Samples) -> HealthCheck:
    told = [sample for sample in samples if sample.pcie_width]
    found = link(subject, facts, max(told, key=lambda sample: sample.pcie_width or 0, default=samples[0]))
    replays = grown(samples, "pcie_replays")
    if replays and found.state == "pass":
        lanes = found.text_said or quoted(found.text)
        again = phrase_of(_SAY.lanes_with_replays, (lanes,), packets=str(replays))
        return subject.warned("PCIe link", again, phrase(_SAY.look_at_seating))
    return found


def _nvlink(subject: Subject, _facts: GpuFacts, samples: _Samples) -> HealthCheck:
    name, errors = "NVLink", grown(samples, "nvlink_errors")
    if errors is None:
        return subject.silent(name)
    if errors:
        return subject.warned(name, phrase(_SAY.link_errors, errors=str(errors)), phrase(_SAY.look_at_links))
    return subject.passed(name, phrase(_SAY.no_link_errors))


def _neighbours(subject: Subject, _facts: GpuFacts, samples: _Samples) -> HealthCheck:
    name = "other processes"
    told = [sample.processes for sample in samples if sample.processes is not None]
    if not told:
        return subject.silent(name)
    seen = {one.pid: one for processes in told for one in sorted(processes, key=_busy)}
    foreign = [one for one in seen.values() if one.owner == "foreign"]
    if noticed := [one for one in foreign if one.busy_percent is None or _busiest(one, told) > IDLE_PERCENT]:
        return subject.failed(name, processes_phrase(noticed), phrase(_SAY.stop_or_other_gpus))
    if foreign:
        idle = phrase_of(_SAY.idle_processes, (processes_phrase(foreign),))
        return subject.warned(name, idle, phrase(_SAY.measure_without))
    if hidden := [one for one in seen.values() if one.owner == "unknown"]:
        return subject.silent(name, phrase(_SAY.hidden_processes, processes=str(len(hidden))))
    return subject.passed(name, phrase(_SAY.none_found))


def _busy(process: GpuProcess) -> int:
    return process.busy_percent or 0


def _busiest(process: GpuProcess, told: Sequence[Sequence[GpuProcess]]) -> int:
    return max(_busy(one) for processes in told for one in processes if one.pid == process.pid)


_CHECKS: tuple[_Check, ...] = (
    _temperature,
    _power_limit,
    _memory_errors,
    _row_remap,
    _announced,
    _link,
    _nvlink,
    _neighbours,
)

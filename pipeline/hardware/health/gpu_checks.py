"""Is a GPU well at this moment? Pure; the limits are those that NVIDIA's own counters and thresholds draw."""

from collections.abc import Callable, Iterable

from pipeline.base.phrase import phrase, phrase_of, quoted
from pipeline.base.results import Phrase
from pipeline.base.sentences.common import CommonSentences
from pipeline.base.sentences.health import HealthSentences
from pipeline.hardware.health.check import HealthCheck, Subject
from pipeline.hardware.health.reasons import BY_NAME, Reason
from pipeline.hardware.health.sample import GpuFacts, GpuProcess, GpuSample
from pipeline.hardware.health.xid import xid_phrase, xid_remedy

LEAST_MARGIN_C = 5.0
"""Below it a GPU under load is about to be slowed down."""
POWER_SHARE = 0.95
"""Of the default limit, below which a limit explains slow figures."""
IDLE_PERCENT = 2
"""Share of the multiprocessors that a process may take without being noticed in figures."""
_SAY = HealthSentences
_RESET = phrase(_SAY.reset_it)
_Check = Callable[[Subject, GpuFacts, GpuSample], HealthCheck]


def subject_of(facts: GpuFacts) -> str:
    """Return how a GPU is called."""
    return f"GPU {facts.index}"


def gpu_checks(facts: GpuFacts, sample: GpuSample) -> tuple[HealthCheck, ...]:
    """Return every check of one GPU at one time; of one that does not answer only that."""
    subject = Subject(subject_of(facts))
    answers = answering(subject, sample)
    if answers.state == "fail":
        return (answers,)
    return (answers, *(check(subject, facts, sample) for check in _CHECKS))


def answering(subject: Subject, sample: GpuSample) -> HealthCheck:
    """Say whether the GPU is there."""
    if sample.lost:
        return subject.failed("presence", phrase_of(_SAY.lost, (xid_phrase(79),)), xid_remedy(79))
    return subject.passed("presence", phrase(_SAY.answers))


def _recovery(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "recovery action"
    if sample.recovery is None:
        return subject.silent(name)
    if sample.recovery == "none":
        return subject.passed(name, phrase(_SAY.no_recovery))
    return subject.failed(name, phrase(_SAY.recovery, action=sample.recovery), phrase(_SAY.recover_first))


def _clocks(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "clocks"
    if sample.reasons is None:
        return subject.silent(name)
    found = [BY_NAME[reason] for reason in sample.reasons if reason in BY_NAME]
    for state, tell in (("fail", subject.failed), ("warn", subject.warned)):
        if serious := [reason for reason in found if reason.meaning == state]:
            return tell(name, held_back([reason.phrase for reason in serious]), remedies_of(serious))
    return subject.passed(name, held_back([reason.phrase for reason in found]))


def held_back(reasons: list[Phrase]) -> Phrase:
    """Return what holds a clock back."""
    return phrase_of(CommonSentences.several, reasons) if reasons else phrase(_SAY.not_held_back)


def remedies_of(reasons: Iterable[Reason]) -> Phrase:
    """Return what to do about them, each thing once."""
    return remedies_in([remedy for reason in reasons for remedy in reason.remedies])


def remedies_in(remedies: Iterable[Phrase]) -> Phrase:
    """Return several things to do, each once."""
    return phrase_of(_SAY.remedies, list({remedy.model_dump_json(): remedy for remedy in remedies}.values()))


def _temperature(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    degrees = [] if sample.temperature_c is None else [phrase(_SAY.degrees, degrees=f"{sample.temperature_c:.0f}")]
    return margin_check(subject, sample.margin_c, degrees)


def margin_check(subject: Subject, margin_c: float | None, degrees: list[Phrase]) -> HealthCheck:
    """Judge a temperature by its distance from the one at which clocks are lowered: fixed numbers fit no two GPUs."""
    name, remedy = "temperature", phrase(_SAY.look_at_airflow)
    if margin_c is None:
        return subject.silent(name, phrase_of(_SAY.with_margin, [*degrees, phrase(_SAY.margin_unknown)]))
    if margin_c <= 0:
        return subject.failed(name, phrase_of(_SAY.with_margin, [*degrees, phrase(_SAY.at_limit)]), remedy)
    found = phrase_of(_SAY.with_margin, [*degrees, phrase(_SAY.below_limit, degrees=f"{margin_c:.0f}")])
    return subject.warned(name, found, remedy) if margin_c < LEAST_MARGIN_C else subject.passed(name, found)


def power_limit(subject: Subject, facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Compare the enforced power limit with the GPU's default."""
    name = "power limit"
    if sample.limit_w is None or facts.default_limit_w is None:
        return subject.silent(name)
    default = f"{facts.default_limit_w:.0f}"
    found = phrase(_SAY.watts_of_default, watts=f"{sample.limit_w:.0f}", default=default)
    if sample.limit_w >= POWER_SHARE * facts.default_limit_w:
        return subject.passed(name, found)
    return subject.warned(name, found, phrase(_SAY.raise_limit, gpu=str(facts.index), watts=default))


def _memory_errors(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "memory errors"
    if sample.ecc_uncorrected is None:
        return subject.silent(name)
    if sample.ecc_uncorrected:
        return subject.failed(name, phrase(_SAY.uncorrected_since_reset, errors=str(sample.ecc_uncorrected)), _RESET)
    return subject.passed(name, phrase(_SAY.corrected_since_reset, errors=str(sample.ecc_corrected or 0)))


def row_remap(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Say whether defective memory rows have been replaced by spare ones."""
    name = "row remapping"
    if sample.remap_failed is None:
        return subject.silent(name)
    if sample.remap_failed:
        return subject.failed(name, phrase(_SAY.row_not_replaced), phrase(_SAY.replace_gpu))
    if sample.remap_pending:
        return subject.warned(name, phrase(_SAY.row_pending), _RESET)
    return subject.passed(name, phrase(_SAY.rows_replaced, rows=str(sample.rows_remapped or 0)))


def link(subject: Subject, facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Compare the link's width with what GPU and slot can do; its generation is only up under load."""
    name = "PCIe link"
    if not sample.pcie_width or not facts.pcie_max_width:
        return subject.silent(name)
    found = phrase(_SAY.lanes, width=str(sample.pcie_width), most=str(facts.pcie_max_width))
    if sample.pcie_width < facts.pcie_max_width:
        return subject.warned(name, found, phrase(_SAY.look_at_slot))
    return subject.passed(name, found)


def _fabric(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "NVSwitch fabric"
    if sample.fabric is None:
        return subject.silent(name)
    if sample.fabric == "completed":
        return subject.passed(name, phrase(_SAY.registered))
    return subject.warned(name, phrase(_SAY.registration, state=sample.fabric), phrase(_SAY.look_at_fabric_manager))


def _processes(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "other processes"
    if sample.processes is None:
        return subject.silent(name)
    if hidden := [one for one in sample.processes if one.owner == "unknown"]:
        return subject.silent(name, phrase(_SAY.hidden_processes, processes=str(len(hidden))))
    foreign = [one for one in sample.processes if one.owner == "foreign"]
    if not foreign:
        return subject.passed(name, phrase(_SAY.none_found))
    return subject.warned(name, processes_phrase(foreign), phrase(_SAY.other_gpus))


def free_memory(subject: Subject, sample: GpuSample, share: float) -> HealthCheck:
    """Hold what is free against the share of a GPU's memory that an engine takes when it starts."""
    name = "free memory"
    if sample.memory_used_bytes is None or not sample.memory_total_bytes:
        return subject.silent(name)
    free = sample.memory_total_bytes - sample.memory_used_bytes
    gib, of = f"{free / 2**30:.1f}", f"{sample.memory_total_bytes / 2**30:.1f}"
    if free >= share * sample.memory_total_bytes:
        return subject.passed(name, phrase(_SAY.free_of, free=gib, total=of))
    return subject.failed(
        name,
        phrase(_SAY.too_little_free, free=gib, total=of, share=f"{share:g}"),
        phrase(_SAY.take_less, share=f"{free / sample.memory_total_bytes:.2f}"),
    )


def processes_phrase(processes: Iterable[GpuProcess]) -> Phrase:
    """Return processes with what they take."""
    return phrase_of(_SAY.processes, [_process(one) for one in processes])


def _process(process: GpuProcess) -> Phrase:
    takes = []
    if process.memory_bytes is not None:
        takes.append(phrase(_SAY.gib, gib=f"{process.memory_bytes / 2**30:.1f}"))
    if process.busy_percent is not None:
        takes.append(phrase(_SAY.busy, percent=str(process.busy_percent)))
    return phrase_of(_SAY.process, takes, name=process.name or "", pid=str(process.pid))


def _mode(subject: Subject, facts: GpuFacts, _sample: GpuSample) -> HealthCheck:
    name = "mode"
    if facts.compute_mode is None and facts.mig is None:
        return subject.silent(name)
    if facts.compute_mode == "prohibited":
        return subject.failed(name, phrase(_SAY.prohibited), phrase(_SAY.allow, gpu=str(facts.index)))
    if facts.mig:
        return subject.warned(name, phrase(_SAY.mig), phrase(_SAY.tell_instance))
    if facts.ecc is not None and facts.ecc_pending is not None and facts.ecc != facts.ecc_pending:
        return subject.warned(name, phrase(_SAY.ecc_changes), _RESET)
    modes = [quoted(facts.compute_mode) if facts.compute_mode else phrase(_SAY.mode_unknown)]
    if facts.ecc is not None:
        modes.append(phrase(_SAY.ecc_on if facts.ecc else _SAY.ecc_off))
    if facts.persistence is not None:
        modes.append(phrase(_SAY.persistence_on if facts.persistence else _SAY.persistence_off))
    return subject.passed(name, phrase_of(_SAY.modes, modes))


def _driver(subject: Subject, facts: GpuFacts, _sample: GpuSample) -> HealthCheck:
    name = "driver"
    if facts.cuda is None:
        return subject.silent(name)
    found = phrase(_SAY.driver, version=facts.driver or "", cuda=facts.cuda)
    if int(facts.cuda.partition(".")[0]) < _CUDA:
        return subject.warned(name, found, phrase(_SAY.needs_cuda, cuda=str(_CUDA)))
    return subject.passed(name, found)


_CUDA = 13
_CHECKS: tuple[_Check, ...] = (
    _recovery,
    _clocks,
    _temperature,
    power_limit,
    _memory_errors,
    row_remap,
    link,
    _fabric,
    _processes,
    _mode,
    _driver,
)

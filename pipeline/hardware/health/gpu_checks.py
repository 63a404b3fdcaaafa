"""Is a GPU well at this moment? Pure; the limits are those that NVIDIA's own counters and thresholds draw."""

from collections.abc import Callable

from pipeline.hardware.health.check import HealthCheck, Subject
from pipeline.hardware.health.reasons import BY_NAME
from pipeline.hardware.health.sample import GpuFacts, GpuProcess, GpuSample
from pipeline.hardware.health.xid import xid_remedy, xid_text

LEAST_MARGIN_C = 5.0
"""Below it a GPU under load is about to be slowed down."""
POWER_SHARE = 0.95
"""Of the default limit, below which a limit explains slow figures."""
IDLE_PERCENT = 2
"""Share of the multiprocessors that a process may take without being noticed in figures."""
_BUSY = "Measure when it is done, stop it, or choose other GPUs with CUDA_VISIBLE_DEVICES."
_RESET = "Stop what runs on it and reset it (`nvidia-smi --gpu-reset -i N`), or restart the machine."
_REPLACE = "Have the GPU replaced."
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
        return subject.failed("presence", f"it does not answer: {xid_text(79)}", xid_remedy(79))
    return subject.passed("presence", "it answers")


def _recovery(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "recovery action"
    if sample.recovery is None:
        return subject.silent(name)
    if sample.recovery == "none":
        return subject.passed(name, "none asked for")
    return subject.failed(name, f"the driver asks for: {sample.recovery}", "Do that before the GPU is used.")


def _clocks(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "clocks"
    if sample.reasons is None:
        return subject.silent(name)
    found = [BY_NAME[reason] for reason in sample.reasons if reason in BY_NAME]
    for state, tell in (("fail", subject.failed), ("warn", subject.warned)):
        if serious := [reason for reason in found if reason.meaning == state]:
            remedies = dict.fromkeys(reason.remedy for reason in serious)
            return tell(name, "; ".join(reason.text for reason in serious), " ".join(remedies))
    return subject.passed(name, "; ".join(reason.text for reason in found) or "not held back")


def _temperature(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    degrees = "" if sample.temperature_c is None else f"{sample.temperature_c:.0f} °C, "
    if sample.margin_c is None:
        return subject.silent("temperature", f"{degrees}its distance from the limit is not reported")
    return margin_check(subject, sample.margin_c, degrees)


def margin_check(subject: Subject, margin_c: float, before: str) -> HealthCheck:
    """Judge a temperature by its distance from the one at which clocks are lowered: fixed numbers fit no two GPUs."""
    remedy = "Look at airflow, fans and the room's temperature."
    if margin_c <= 0:
        return subject.failed("temperature", f"{before}at the limit where clocks are lowered", remedy)
    text = f"{before}{margin_c:.0f} °C below the limit"
    return (
        subject.warned("temperature", text, remedy)
        if margin_c < LEAST_MARGIN_C
        else subject.passed("temperature", text)
    )


def power_limit(subject: Subject, facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Compare the enforced power limit with the GPU's default."""
    name = "power limit"
    if sample.limit_w is None or facts.default_limit_w is None:
        return subject.silent(name)
    text = f"{sample.limit_w:.0f} W of {facts.default_limit_w:.0f} W by default"
    if sample.limit_w >= POWER_SHARE * facts.default_limit_w:
        return subject.passed(name, text)
    remedy = (
        f"Raise it with `nvidia-smi -i {facts.index} -pl {facts.default_limit_w:.0f}`, or tell it with the figures."
    )
    return subject.warned(name, text, remedy)


def _memory_errors(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "memory errors"
    if sample.ecc_uncorrected is None:
        return subject.silent(name)
    if sample.ecc_uncorrected:
        return subject.failed(name, f"{sample.ecc_uncorrected} that could not be corrected since the reset", _RESET)
    return subject.passed(name, f"none uncorrected, {sample.ecc_corrected or 0} corrected since the reset")


def row_remap(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Say whether defective memory rows have been replaced by spare ones."""
    name = "row remapping"
    if sample.remap_failed is None:
        return subject.silent(name)
    if sample.remap_failed:
        return subject.failed(name, "a defective memory row could not be replaced", _REPLACE)
    if sample.remap_pending:
        return subject.warned(name, "a defective memory row is replaced at the next reset", _RESET)
    return subject.passed(name, f"{sample.rows_remapped or 0} rows replaced")


def link(subject: Subject, facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    """Compare the link's width with what GPU and slot can do; its generation is only up under load."""
    name = "PCIe link"
    if not sample.pcie_width or not facts.pcie_max_width:
        return subject.silent(name)
    text = f"x{sample.pcie_width} of x{facts.pcie_max_width}"
    if sample.pcie_width < facts.pcie_max_width:
        return subject.warned(name, text, "Look at the seating of the card, the riser and the slot's settings.")
    return subject.passed(name, text)


def _fabric(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "NVSwitch fabric"
    if sample.fabric is None:
        return subject.silent(name)
    if sample.fabric == "completed":
        return subject.passed(name, "registered")
    return subject.warned(name, f"registration {sample.fabric}", "Look at the service nvidia-fabricmanager.")


def _processes(subject: Subject, _facts: GpuFacts, sample: GpuSample) -> HealthCheck:
    name = "other processes"
    if sample.processes is None:
        return subject.silent(name)
    if hidden := [one for one in sample.processes if one.owner == "unknown"]:
        return subject.silent(name, f"{len(hidden)} of another PID namespace; whose they are cannot be told")
    foreign = [one for one in sample.processes if one.owner == "foreign"]
    if not foreign:
        return subject.passed(name, "none")
    text = ", ".join(process_text(one) for one in foreign)
    return subject.warned(name, text, _BUSY)


def free_memory(subject: Subject, sample: GpuSample, share: float) -> HealthCheck:
    """Hold what is free against the share of a GPU's memory that an engine takes when it starts."""
    name = "free memory"
    if sample.memory_used_bytes is None or not sample.memory_total_bytes:
        return subject.silent(name)
    free = sample.memory_total_bytes - sample.memory_used_bytes
    text = f"{free / 2**30:.1f} of {sample.memory_total_bytes / 2**30:.1f} GiB"
    if free >= share * sample.memory_total_bytes:
        return subject.passed(name, text)
    left = free / sample.memory_total_bytes
    return subject.failed(
        name,
        f"{text}; engine.gpu_memory_utilization={share:g} asks for more",
        f"Stop what runs on it, or set engine.gpu_memory_utilization to less than {left:.2f}.",
    )


def process_text(process: GpuProcess) -> str:
    """Return a process with what it takes."""
    memory = "" if process.memory_bytes is None else f", {process.memory_bytes / 2**30:.1f} GiB"
    busy = "" if process.busy_percent is None else f", {process.busy_percent} % busy"
    return f"{process.name or 'process'} {process.pid}{memory}{busy}"


def _mode(subject: Subject, facts: GpuFacts, _sample: GpuSample) -> HealthCheck:
    name = "mode"
    if facts.compute_mode is None and facts.mig is None:
        return subject.silent(name)
    if facts.compute_mode == "prohibited":
        remedy = f"Allow it with `nvidia-smi -i {facts.index} -c DEFAULT`."
        return subject.failed(name, "computing on it is prohibited", remedy)
    if facts.mig:
        return subject.warned(name, "divided into instances (MIG)", "Tell it with the figures: they are an instance's.")
    if facts.ecc is not None and facts.ecc_pending is not None and facts.ecc != facts.ecc_pending:
        return subject.warned(name, "ECC changes with the next reset", _RESET)
    ecc = "" if facts.ecc is None else f", ECC {'on' if facts.ecc else 'off'}"
    kept = "" if facts.persistence is None else f", persistence {'on' if facts.persistence else 'off'}"
    return subject.passed(name, f"{facts.compute_mode or 'compute mode unknown'}{ecc}{kept}")


def _driver(subject: Subject, facts: GpuFacts, _sample: GpuSample) -> HealthCheck:
    name = "driver"
    if facts.cuda is None:
        return subject.silent(name)
    text = f"{facts.driver or 'version unknown'}, CUDA {facts.cuda}"
    if int(facts.cuda.partition(".")[0]) < _CUDA:
        return subject.warned(name, text, f"The engines that are installed by default need CUDA {_CUDA}: update it.")
    return subject.passed(name, text)


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

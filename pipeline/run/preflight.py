"""One pre-flight for all stages of a run, before the first: every stage's own part, and the disk for all together."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.base.errors import AwqctlError, EnvironmentLackError
from pipeline.base.format import listed, plural, size_text
from pipeline.record.health import together
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect, Space
from pipeline.record.stage import Stage
from pipeline.run.acceptance import terms_for
from pipeline.run.folder import check_folder
from pipeline.runtimes.specs import external_interpreter, spec_for
from pipeline.runtimes.store import is_ready

_RESULTS_BYTES = 64 * 2**20
"""The demo's results, answers and logs take 12 MiB, and as much again in MLflow's artifacts beside them."""


def examine(stages: Sequence[Stage], prospect: Prospect) -> tuple[ProbeResult, ...]:
    """Return what is found, stage by stage; what several stages look at is looked at once, and said once."""
    found = [finding for probe in _probes(stages, prospect) for finding in _findings(probe, prospect)]
    found += _acceptance(prospect)
    if prospect.effort >= Effort.SECONDS:
        found += [*_machine(prospect), *_folders(prospect), *_disk(stages, prospect)]
    return tuple(_once(found))


def _probes(stages: Sequence[Stage], prospect: Prospect) -> list[Probe]:
    """Return the probes of all stages, each once."""
    asked = dict.fromkeys(
        probe
        for place, stage in enumerate(stages)
        for probe in stage.probes
        if probe.effort <= prospect.effort and not (probe.at_once and place == 0 and prospect.effort == Effort.SECONDS)
    )
    here = prospect.effort == Effort.FILES or prospect.planned[1]
    return [probe for probe in (*asked, *_health(stages, prospect)) if here or not probe.of_machine]


def _health(stages: Sequence[Stage], prospect: Prospect) -> list[Probe]:
    """Return one look at the machine for all stages; the first stage of a run looks as soon as it starts."""
    if prospect.effort == Effort.FILES:
        return []
    later = stages if prospect.effort == Effort.THOROUGH else stages[1:]
    gates = [stage.health for stage in later if stage.health is not None]
    return [together(gates).probe] if gates else []


def _once(found: Sequence[ProbeResult]) -> Iterator[ProbeResult]:
    """Yield the same text once, and that all is well only of subjects of which nothing else is found."""
    wrong = {finding.subject for finding in found if finding.state != "ok"}
    last = {finding.subject: finding.text for finding in found}
    said: set[str] = set()
    for finding in found:
        superseded = finding.state == "ok" and (finding.subject in wrong or last[finding.subject] != finding.text)
        if not superseded and finding.text not in said:
            said.add(finding.text)
            yield finding


def obstacles(findings: Iterable[ProbeResult]) -> list[AwqctlError]:
    """Return what stands in the way, as errors with their exit codes."""
    return [_error(finding) for finding in findings if finding.state == "obstacle"]


def _error(finding: ProbeResult) -> AwqctlError:
    error = AwqctlError(finding.text)
    error.exit_code = finding.exit_code or AwqctlError.exit_code
    return error


def _findings(probe: Probe, prospect: Prospect) -> list[ProbeResult]:
    found: list[ProbeResult] = []
    try:
        for one in probe.look(prospect):
            found.append(  # noqa: PERF401 -- what was yielded before an error is kept
                one if isinstance(one, ProbeResult) else ProbeResult.of_problem(probe.subject, one)
            )
    except AwqctlError as problem:
        found.append(ProbeResult.of_problem(probe.subject, problem))
    return found or [ProbeResult(subject=probe.subject, state="ok", text=probe.well)]


def _acceptance(prospect: Prospect) -> Iterator[ProbeResult]:
    """Say by which terms a run would be judged, and where they cannot be read."""
    try:
        agreed = terms_for(prospect.recipe, prospect.context)
    except AwqctlError as problem:
        yield ProbeResult.of_problem("acceptance", problem)
        return
    if agreed is not None:
        signed = agreed.terms.signed_off
        by = f"signed off by {signed.name} on {signed.date}" if signed else "not signed off"
        text = f"{agreed.source}: {plural(len(agreed.terms.clauses), 'clause')}, {by}, SHA-256 {agreed.sha256}."
        yield ProbeResult(subject="acceptance", state="ok", text=text)


def _machine(prospect: Prospect) -> Iterator[ProbeResult]:
    """Say where the run cannot be: a plan may be made without a GPU, a run may not."""
    if prospect.planned[1]:
        return
    if prospect.effort == Effort.THOROUGH:
        yield ProbeResult(
            subject="machine",
            state="unchecked",
            text="The run will be on a GPU that this machine has not: what depends on the machine (GPUs, memory, disk, "
            "compiler) is not checked. Ask again where it will run.",
        )
        return
    try:
        _ = prospect.context.resolved
    except AwqctlError as problem:
        yield ProbeResult.of_problem("machine", problem)


def _folders(prospect: Prospect) -> Iterator[ProbeResult]:
    """Say which folders of the run cannot be written, or hold something else."""
    context = prospect.context
    try:
        check_folder(prospect.recipe, context)
    except AwqctlError as problem:
        yield ProbeResult.of_problem("folders", problem)
    for folder, advice in ((context.out, "Choose another one with --out."), (context.home, "Set AWQCTL_HOME to one.")):
        there = _existing(folder)
        if prospect.planned[1] and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            text = f"{there} is no folder that can be written, and {folder} is needed. {advice}"
            yield ProbeResult.of_problem("folders", EnvironmentLackError(text))


def _disk(stages: Sequence[Stage], prospect: Prospect) -> Iterator[ProbeResult]:
    """Hold the space that all stages take against what is free, per file system."""
    if not prospect.planned[1]:
        return
    results = Space(prospect.context.out, _RESULTS_BYTES, "results and logs (assumed)")
    needed = dict.fromkeys(space for stage in stages for space in _spaces(stage, prospect) if space.bytes)
    needed[results] = None
    by_device: dict[int, list[Space]] = {}
    for space in needed:
        by_device.setdefault(_existing(space.folder).stat().st_dev, []).append(space)
    for spaces in by_device.values():
        folder = _existing(spaces[0].folder)
        there, total = shutil.disk_usage(folder).free, sum(space.bytes for space in spaces)
        parts = listed([f"{size_text(space.bytes)} for {space.what}" for space in spaces])
        text = f"About {size_text(total)} of disk needed at {folder} ({parts}), {size_text(there)} there."
        if total > there:
            advice = "Free space, or choose other folders: --out, HF_HOME (models), AWQCTL_HOME (engines)."
            yield ProbeResult.of_problem(f"disk of {folder}", EnvironmentLackError(f"{text} {advice}"))
        else:
            yield ProbeResult(subject=f"disk of {folder}", state="ok", text=text)


def _spaces(stage: Stage, prospect: Prospect) -> Iterator[Space]:
    """Yield what a stage takes and the environment that it needs; what cannot be said is an obstacle of its own."""
    accelerator, _ = prospect.planned
    try:
        engines = stage.engines(prospect.recipe)
        for engine in engines if len(engines) == 1 else ():
            spec = spec_for(engine, accelerator)
            if external_interpreter(engine) is None and not is_ready(spec, prospect.context.home):
                yield Space(prospect.context.home, spec.expected_bytes, f"the {spec.name} environment")
        yield from stage.space(prospect)
    except AwqctlError:
        return


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())

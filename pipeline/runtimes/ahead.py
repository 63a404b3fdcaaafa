"""Environments that a run is going to need, made before its first stage: at once, and not while a stage is timed."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.base.progress import Reporter
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.specs import RuntimeSpec
from pipeline.runtimes.store import build_environment, is_ready, make_ready


def make_ahead(specs: Sequence[RuntimeSpec], home: Path, reporter: Reporter) -> None:
    """Make all environments that are missing, the first one here and each other one in a process of its own.

    Installing waits for the network as long as for the processor, so they do not take as long as one after the other.
    What fails in another process is tried here once more, and explained.

    Raises:
        RuntimeInstallError: one could not be made.
    """
    missing = [spec for spec in specs if not is_ready(spec, home)]
    with ExitStack() as stack:
        others = [stack.enter_context(_in_a_process(spec, home)) for spec in missing[1:]]
        if missing:
            make_ready(missing[0], home, reporter)
        for spec, process in zip(missing[1:], others, strict=True):
            with reporter.task(f"waiting for the {spec.name} environment"):
                process.process.wait()
    for spec in missing[1:]:
        make_ready(spec, home, reporter)


def _in_a_process(spec: RuntimeSpec, home: Path) -> GuardedProcess:
    log = new_log(home / "logs" / f"ahead-{spec.name}.log")
    command = [sys.executable, "-m", "pipeline.cli", "env", "sync", spec.name]
    return GuardedProcess(command, log=log, environment=build_environment() | {"AWQCTL_HOME": str(home)})

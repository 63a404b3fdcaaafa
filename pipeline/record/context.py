"""`RunContext`: where a run happens. Stages get it beside the recipe and the record.

Output folders appear whole or not at all. A stage writes into `.partial/`, and `publish` moves the finished folder to
its place. Whenever the process is killed, either the old folder or the new one is in its place, or `recover` puts the
old one back at the next start.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pipeline.base.errors import BusyError, UsageError
from pipeline.base.locks import exclusive
from pipeline.base.progress import Reporter, SilentReporter
from pipeline.hardware.accelerator import resolve_accelerator
from pipeline.hardware.machine import Machine, probe_machine
from pipeline.models.checksums import SumCache
from pipeline.recipe.section import Accelerator
from pipeline.record.publish import RETIRED, discard, publish, remove, settle
from pipeline.record.slot import Slot
from pipeline.runtimes.ahead import make_ahead
from pipeline.runtimes.specs import Resolved, external_interpreter, spec_for
from pipeline.runtimes.store import Runtime, ensure

LOCK = ".lock"
"""Held by whoever changes the output folder."""
CHECKPOINT = "checkpoint"
EARLIER = "checkpoints"
"""Where checkpoints go that were replaced by others, until `awqctl checkpoints prune`."""
_SCRATCH = ".partial"
_RESUME = ".resume"
_HALF_WRITTEN = ".*.json.[0-9]*"
"""What `write_atomically` leaves when it is killed."""


@dataclass(frozen=True)
class RunContext:
    """Folders, machine, accelerator and reporter of one run."""

    out: Path
    home: Path
    recipe_dir: Path
    accelerator: Accelerator
    """As the recipe asks for it."""
    reporter: Reporter
    probe: Callable[[], Machine] = field(default=probe_machine, repr=False)
    """Asks the machine, at most once, when it is first looked at: some commands never do."""

    recipe_file: Path | None = None
    """Where the recipe was read from."""

    slot: Slot = field(default_factory=Slot, repr=False, compare=False)
    """Where a stage leaves an engine that the next one may take over."""

    upcoming: list[str] = field(default_factory=list, repr=False, compare=False)
    """Engines that later stages of the run need."""

    published: list[str] = field(default_factory=list, repr=False, compare=False)
    """Folders of the output folder that the running stage has put in their places."""

    def __post_init__(self) -> None:
        """Refuse folders that the record, which is UTF-8, could not name.

        Raises:
            UsageError: a name holds other bytes.
        """
        for path in (self.out, self.recipe_dir):
            if str(path) != os.fsencode(path).decode(errors="replace"):
                raise UsageError(f"The name of the folder {str(path)!r} is not UTF-8. Rename it, or choose another.")

    @cached_property
    def machine(self) -> Machine:
        """The machine of this run."""
        return self.probe()

    @property
    def resolved(self) -> Resolved:
        """The accelerator that engines run on.

        Raises:
            EnvironmentLackError: CUDA was asked for and there is no GPU.
        """
        return resolve_accelerator(self.accelerator, self.machine)[0]

    def placed(self, out: Path) -> "RunContext":
        """Return the same context with another output folder; the machine is not asked again."""
        return replace(self, out=out, probe=lambda: self.machine)

    def quiet(self) -> "RunContext":
        """Return the same context without a word to the user; the machine is not asked again."""
        return replace(self, reporter=SilentReporter(), probe=lambda: self.machine)

    def runtime(self, engine: str) -> Runtime:
        """Return the environment of an engine, made first where it is absent, and so are those that later stages need.

        Nothing is timed then, and an engine that cannot be installed is found before hours are spent. Call it when all
        that can be refused without an engine has been.

        Raises:
            RuntimeInstallError: one could not be made; the message has the root cause.
        """
        own = [name for name in (engine, *self.upcoming) if external_interpreter(name) is None]
        make_ahead([spec_for(name, self.resolved) for name in dict.fromkeys(own)], self.home, self.reporter)
        return ensure(engine, self.resolved, self.home, self.reporter)

    @property
    def logs(self) -> Path:
        """Folder of the engines' and workers' logs."""
        path = self.out / "logs"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def scratch(self) -> Path:
        """Folder for output that is not finished; emptied at the start of the next run."""
        path = self.out / _SCRATCH
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def sums(self) -> SumCache:
        """Cache of checksums."""
        return SumCache(self.home)

    def resume(self, name: str) -> Path:
        """Return a folder for what a later attempt goes on from; it stays until the stage deletes it."""
        path = self.out / _RESUME / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def forget(self, name: str) -> None:
        """Remove what earlier attempts left to go on from."""
        path = self.out / _RESUME / name
        if path.exists():
            discard(path, self.scratch)

    def relative(self, path: Path) -> str:
        """Return `path` relative to the output folder, as kept in the record."""
        return path.relative_to(self.out).as_posix()

    @contextmanager
    def alone(self, advice: str, *, patience_s: float = 0) -> Iterator[None]:
        """Hold the output folder's lock during the block.

        Args:
            advice: how the sentence goes on that says who works in the folder, its punctuation included.
            patience_s: how long another process may keep it.

        Raises:
            BusyError: another process works in the output folder.
        """

        def held(holder: str) -> None:
            raise BusyError(f"Another awqctl works in {self.out} ({holder}){advice}")

        with exclusive(self.out / LOCK, held, patience_s=patience_s):
            yield

    def recover(self) -> None:
        """Clean up after a run that was killed: put back what was being replaced, drop what was not finished.

        The caller holds the lock of the output folder.
        """
        scratch = self.out / _SCRATCH
        for path in [*scratch.glob("*"), *self.out.glob(_HALF_WRITTEN)]:
            # First, because what comes next may need the space.
            if path.suffix != RETIRED:
                remove(path)
        for retired in scratch.glob(f"*{RETIRED}"):
            name = retired.name.removesuffix(RETIRED)
            settle(retired, self.out / name, self._earlier(name))
        remove(scratch)
        if scratch.exists():
            self.reporter.warn(f"{scratch} cannot be emptied; check who owns it and remove it")

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """Yield a folder that becomes `out/name` when the block ends, and vanishes when it fails.

        A checkpoint that is replaced by another one moves to `checkpoints/`. Of two nested blocks the inner one is
        published first: make the checkpoint the inner one, so that after a kill between the two the record's digest
        differs from the manifest's and the mix is noticed.
        """
        partial = self.scratch / f"{name}.{os.getpid()}"
        remove(partial)
        partial.mkdir()
        try:
            yield partial
            publish(partial, self.out / name, earlier=self._earlier(name))
            self.published.append(name)
        finally:
            remove(partial)

    @contextmanager
    def aside(self, name: str) -> Iterator[Path]:
        """Yield an empty folder that is gone when the block ends, however it ends."""
        folder = self.scratch / name
        remove(folder)
        folder.mkdir()
        try:
            yield folder
        finally:
            remove(folder)

    def _earlier(self, name: str) -> Path | None:
        return self.out / EARLIER if name == CHECKPOINT else None

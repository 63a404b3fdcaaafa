"""Making, finding and removing engine environments under `AWQCTL_HOME/runtimes`.

An environment is built in a hidden folder beside its place and renamed when its probe has run, under a file
lock: it is complete or absent, and several processes that ask at once build it once.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock
from uv import find_uv_bin

from pipeline.base.errors import RuntimeInstallError
from pipeline.base.locks import exclusive
from pipeline.base.progress import Reporter
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.process import GuardedProcess
from pipeline.runtimes.rootcause import cause_of_death
from pipeline.runtimes.specs import PYTHONS, Resolved, RuntimeSpec, external_interpreter, spec_for

_NOT_FOR_BUILDS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Kept from packages' build scripts."""
_UNPACKED = "unpacked"
"""Folder of a package of which one program is kept."""
EXTERNAL = "external"
"""Version and digest of an interpreter that the user named."""


@dataclass(frozen=True)
class Runtime:
    """A ready environment."""

    name: str
    version: str
    digest: str
    """Of the lock files, or `external`."""
    python: Path
    """Interpreter of an environment; the program itself where one is kept alone."""
    origin: str
    """`lock` or where the user named the interpreter."""


def ensure(engine: str, accelerator: Resolved | Literal["any"], home: Path, reporter: Reporter) -> Runtime:
    """Return the environment of `engine`, made first if it is absent.

    Raises:
        RuntimeInstallError: it could not be made; the message has the root cause.
    """
    external = external_interpreter(engine)
    if external is not None:
        python, origin = external
        return Runtime(spec_for(engine, accelerator).name, EXTERNAL, EXTERNAL, python, origin)
    spec = spec_for(engine, accelerator)
    make_ready(spec, home, reporter)
    return Runtime(spec.name, spec.version, spec.digest, _entry(spec, place(spec, home)), "lock")


def make_ready(spec: RuntimeSpec, home: Path, reporter: Reporter) -> None:
    """Make an environment unless it is there; of several processes one makes it and the others wait.

    Raises:
        RuntimeInstallError: it could not be made; the message has the root cause.
    """
    if not is_ready(spec, home):
        waited_for = f"which is working on the {spec.name} environment"
        with (
            reporter.task(f"waiting for the {spec.name} environment, made once"),
            exclusive(_lock_path(spec, home), lambda holder: reporter.warn(f"waiting for {holder}, {waited_for}")),
        ):
            if not is_ready(spec, home):
                _build(spec, home, reporter)


def identity(engine: str, accelerator: Resolved) -> str:
    """Return what names the environment in a fingerprint, without making it."""
    external = external_interpreter(engine)
    return f"external:{external[0]}" if external else f"{engine}-{accelerator}:{spec_for(engine, accelerator).digest}"


def place(spec: RuntimeSpec, home: Path) -> Path:
    """Return the folder of an environment; the name carries the digest of its lock files."""
    return home / "runtimes" / f"{spec.name}-{spec.digest}"


def is_ready(spec: RuntimeSpec, home: Path) -> bool:
    """Return whether the environment is there, complete."""
    return _entry(spec, place(spec, home)).exists()


def interpreter(spec: RuntimeSpec, home: Path) -> Path | None:
    """Return the Python of an environment; None where it is not there."""
    return _entry(spec, place(spec, home)) if is_ready(spec, home) else None


def size_bytes(spec: RuntimeSpec, home: Path) -> int:
    """Return the disk space of an environment; files that are hard links into uv's cache count fully."""
    return sum(path.lstat().st_size for path in place(spec, home).rglob("*") if not path.is_dir())


def remove(spec: RuntimeSpec, home: Path) -> bool:
    """Remove an environment, older versions of it and unfinished ones; return whether there was any."""
    with FileLock(_lock_path(spec, home)):
        found = [*home.glob(f"runtimes/{spec.name}-*"), *_unfinished(spec, home)]
        for path in found:
            if path.is_dir():
                doomed = path.with_name(f".doomed-{path.name}")
                path.replace(doomed)
                shutil.rmtree(doomed)
        return bool(found)


def _build(spec: RuntimeSpec, home: Path, reporter: Reporter) -> None:
    for leftover in _unfinished(spec, home):
        shutil.rmtree(leftover, ignore_errors=True)
    final = place(spec, home)
    partial = final.with_name(f".partial-{final.name}")
    log = new_log(home / "logs" / f"runtime-{spec.name}.log")
    title = f"making the {spec.name} environment"
    try:
        with reporter.task(title) as task:
            for text, command in _commands(spec, partial):
                task.update(text=f"{title}: {text}")
                _run(command, spec, log)
        if spec.program:
            _keep_alone(spec.program, partial)
        shutil.rmtree(final, ignore_errors=True)  # there, but not ready: its Python is gone
        partial.replace(final)
    except OSError as problem:
        message = f"The {spec.name} runtime could not be made: {problem}. Free space, or check {home}."
        raise RuntimeInstallError(message) from problem
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _commands(spec: RuntimeSpec, partial: Path) -> Iterator[tuple[str, list[str]]]:
    """Return the commands that make an environment, each with what it does."""
    if spec.program:
        return _program_commands(spec, spec.program, partial)
    return _environment_commands(spec, partial)


def _program_commands(spec: RuntimeSpec, program: str, partial: Path) -> Iterator[tuple[str, list[str]]]:
    target = partial / _UNPACKED
    install = [find_uv_bin(), "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    yield (
        "downloading the package",
        [*install, "--python", sys.executable, "--target", str(target), "-r", str(spec.lock)],
    )
    yield "trying it", [str(target / program), spec.probe]


def _keep_alone(program: str, partial: Path) -> None:
    kept = partial / "bin" / Path(program).name
    kept.parent.mkdir()
    (partial / _UNPACKED / program).rename(kept)
    shutil.rmtree(partial / _UNPACKED)


def _environment_commands(spec: RuntimeSpec, partial: Path) -> Iterator[tuple[str, list[str]]]:
    uv = find_uv_bin()
    python = str(_entry(spec, partial))
    install = [uv, "pip", "install", "--python", python, "--no-deps", "--require-hashes", *torch_options(spec)]
    # Otherwise the first start of an engine compiles what it imports, on one core and while somebody waits for it.
    install.append("--compile-bytecode")
    yield "finding a Python", [uv, "venv", "--quiet", "--relocatable", "--python", PYTHONS, str(partial)]
    yield "downloading and installing packages", [*install, "-r", str(spec.lock)]
    if spec.source_lock:
        build = ["--no-build-isolation", "--no-binary", ":all:", "-r", str(spec.source_lock)]
        yield "building packages", [*install, *build]
    yield "trying it", [python, "-P", "-c", spec.probe]


def build_environment() -> dict[str, str]:
    """Return the environment of processes that install: this one's, without what build scripts must not see."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_BUILDS}
    return {"UV_HTTP_TIMEOUT": "120", "PYTHONUTF8": "1", **environment}


def torch_options(spec: RuntimeSpec) -> list[str]:
    """Return how uv finds the CPU build of torch.

    Folders in `PIP_FIND_LINKS`, which uv does not read, win when they hold one; otherwise uv's own knowledge of
    PyTorch's CPU index is used.
    """
    if spec.accelerator != "cpu":
        return []
    folders = os.environ.get("PIP_FIND_LINKS", "").split()
    local = [folder for folder in folders if any(Path(folder).glob("torch-*+cpu*.whl"))]
    if local:
        return [option for folder in local for option in ("--find-links", folder)]
    return ["--torch-backend", "cpu"]


def _run(command: list[str], spec: RuntimeSpec, log: Path) -> None:
    with GuardedProcess(command, log=log, environment=build_environment()) as process:
        status = process.process.wait()
    if status != 0:
        cause = cause_of_death(status, log.read_text(encoding="utf-8", errors="replace"))
        raise RuntimeInstallError(
            f"The {spec.name} runtime could not be installed: {cause} {_advice(cause, spec)}", log=log
        )


def _advice(cause: str, spec: RuntimeSpec) -> str:
    library = re.search(r"(lib\w+)\.so\.?(\d*)", cause)
    if library and "cannot open shared object" in cause:
        return f"Install that library (Debian, Ubuntu: apt-get install {library[1]}{library[2]})."
    own = f"AWQCTL_RUNTIME_{spec.engine.upper()}"
    kind = "an interpreter" if spec.program is None else f"a {spec.entry}"
    return f"Check the package index and the disk, or name {kind} of your own in {own}."


def _entry(spec: RuntimeSpec, folder: Path) -> Path:
    return folder / "bin" / spec.entry


def _lock_path(spec: RuntimeSpec, home: Path) -> Path:
    path = home / "locks" / f"{spec.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    (home / "runtimes").mkdir(exist_ok=True)
    return path


def _unfinished(spec: RuntimeSpec, home: Path) -> list[Path]:
    return [*home.glob(f"runtimes/.partial-{spec.name}-*"), *home.glob(f"runtimes/.doomed-{spec.name}-*")]

"""The table of engine environments."""

import hashlib
import os
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from pipeline.base.errors import UsageError
from pipeline.base.homes import config_home, expanded

Resolved = Literal["cpu", "cuda"]
"""What an environment is built for; `auto` of the recipe, resolved."""
ANY: Final = "any"
"""Accelerator of a program that needs none."""
PYTHONS = ">=3.11,<3.14"
"""Python versions the lock files cover."""
_EXPECTED_GIB = {"cpu": 3, "cuda": 8}


@dataclass(frozen=True)
class RuntimeSpec:
    """One environment: an engine for one accelerator, or a program out of a package."""

    engine: str
    accelerator: Resolved | Literal["any"]
    package: str
    """Distribution whose version names the engine."""
    probe: str
    """Python statement that must run in the finished environment; of a program, an argument that it must take."""
    unisolated: bool = False
    """Has a second lock of source packages that need the first one's packages to build."""
    program: str | None = None
    """File in the package that alone is kept; None for a whole environment."""

    @property
    def name(self) -> str:
        """Return for example `vllm-cpu`, or the name alone where there is no accelerator."""
        return self.engine if self.accelerator == ANY else f"{self.engine}-{self.accelerator}"

    @property
    def entry(self) -> str:
        """Return the file in `bin` that is there when the environment is complete."""
        return Path(self.program).name if self.program else "python"

    @property
    def expected_bytes(self) -> int:
        """Return the disk space that it and uv's cache of it take, rounded up."""
        return _EXPECTED_GIB[self.accelerator] * 2**30

    @property
    def lock(self) -> Path:
        """Return the hash-locked requirements."""
        return _locks() / f"{self.name}.txt"

    @property
    def source_lock(self) -> Path | None:
        """Return the hash-locked source packages built in a second step."""
        return _locks() / f"{self.engine}-source.txt" if self.unisolated else None

    @property
    def digest(self) -> str:
        """Return the first 12 digits of the SHA-256 over the lock files."""
        state = hashlib.sha256(self.lock.read_bytes())
        if self.source_lock:
            state.update(self.source_lock.read_bytes())
        return state.hexdigest()[:12]

    @property
    def version(self) -> str:
        """Return the engine's version as locked."""
        for lock in filter(None, (self.source_lock, self.lock)):
            for line in lock.read_text(encoding="utf-8").splitlines():
                if line.startswith(f"{self.package}=="):
                    return line.removeprefix(f"{self.package}==").split()[0]
        raise UsageError(f"{self.lock.name} does not lock {self.package}; run `make lock`.")


_LLMCOMPRESSOR_PROBE = "from llmcompressor.modifiers.awq import AWQModifier"
SPECS = (
    RuntimeSpec("autoawq", "cpu", "autoawq", "import awq", unisolated=True),
    RuntimeSpec("autoawq", "cuda", "autoawq", "import awq", unisolated=True),
    RuntimeSpec("llmcompressor", "cpu", "llmcompressor", _LLMCOMPRESSOR_PROBE),
    RuntimeSpec("llmcompressor", "cuda", "llmcompressor", _LLMCOMPRESSOR_PROBE),
    RuntimeSpec("vllm", "cpu", "vllm-cpu", "import vllm, vllm._C"),
    RuntimeSpec("vllm", "cuda", "vllm", "import vllm"),
    RuntimeSpec("loadgen", ANY, "vllm", "--version", program="vllm/vllm-rs"),
)


def spec_for(engine: str, accelerator: Resolved | Literal["any"]) -> RuntimeSpec:
    """Return the environment of `engine` on `accelerator`."""
    return next(spec for spec in SPECS if (spec.engine, spec.accelerator) == (engine, accelerator))


def specs_named(name: str) -> tuple[RuntimeSpec, ...]:
    """Return the environments called `name`: an engine (`vllm`) or one environment (`vllm-cpu`).

    Raises:
        UsageError: there is none of that name.
    """
    found = tuple(spec for spec in SPECS if name in (spec.engine, spec.name))
    if not found:
        raise UsageError(f"There is no runtime '{name}'; choose from {', '.join(spec.name for spec in SPECS)}.")
    return found


def external_interpreter(engine: str) -> tuple[Path, str] | None:
    """Return the interpreter that the user brings for `engine` and where that was said.

    `AWQCTL_RUNTIME_<ENGINE>` outranks `[runtimes]` in `config.toml`.

    Raises:
        UsageError: it does not exist, or the configuration is not valid TOML.
    """
    variable = f"AWQCTL_RUNTIME_{engine.upper()}"
    said, origin = os.environ.get(variable), variable
    if not said:
        path = config_home() / "config.toml"
        if not path.exists():
            return None
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("runtimes", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise UsageError(f"{path} is not valid TOML: {problem}. Correct it.") from problem
        said, origin = table.get(engine) if isinstance(table, dict) else table, str(path)
    if not said:
        return None
    if not isinstance(said, str):
        raise UsageError(f"{origin} names {said!r} as the {engine} runtime, and a path is expected. Correct it.")
    interpreter = expanded(said, origin)
    if not os.access(interpreter, os.X_OK):
        raise UsageError(
            f"{origin} names {interpreter} as the {engine} runtime, which is not an executable file. Correct it."
        )
    return interpreter.absolute(), origin


def _locks() -> Path:
    return Path(str(resources.files("pipeline.runtimes"))) / "locks"

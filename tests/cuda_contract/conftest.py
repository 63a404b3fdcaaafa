"""The engine environments that the contract is checked in: those for CUDA, made if absent, and those for the CPU.

The CUDA environments (11 GiB) are made by the product's code in `AWQCTL_HOME` and kept there; `awqctl env rm vllm-cuda`
and the like remove them. Nothing here needs a GPU or its driver. Environments for the CPU are checked
where they are there already.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.homes import user_home
from pipeline.base.progress import SilentReporter
from pipeline.runtimes.process import engine_environment
from pipeline.runtimes.specs import RuntimeSpec, specs_named
from pipeline.runtimes.store import is_ready, make_ready, place

HOME = user_home()
"""Read before the tests get homes of their own."""
ENVIRONMENTS = ("vllm-cuda", "vllm-cpu", "autoawq-cuda", "autoawq-cpu", "llmcompressor-cuda", "llmcompressor-cpu")


@dataclass(frozen=True)
class Environment:
    """A finished engine environment."""

    spec: RuntimeSpec

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return place(self.spec, HOME) / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Return the folder of its packages."""
        return next(place(self.spec, HOME).glob("lib/python3*/site-packages"))

    def ask(
        self,
        script: Path,
        question: Any,
        answer: Path,
        variables: dict[str, str] | None = None,
        folder: Path | None = None,
    ) -> Any:
        """Run a script of this folder in the environment, as an engine is run, in `folder`; return its answer.

        The answer comes in a file, because engines log to their standard output.
        """
        process = subprocess.run(
            [self.python, "-P", script, answer],
            input=json.dumps(question),
            env=variables or engine_environment(),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, f"{script.name} failed in {self.spec.name}:\n{process.stdout}{process.stderr}"
        return json.loads(answer.read_text())


def pytest_report_header() -> str:
    """Say where gigabytes go."""
    return f"engine environments: {HOME / 'runtimes'} (CUDA: 11 GiB, made if absent)"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `environment` in every one of the engines that its module names in `ENGINES`."""
    if "environment" in metafunc.fixturenames:
        names = [name for name in ENVIRONMENTS if name.rsplit("-", 1)[0] in metafunc.module.ENGINES]
        metafunc.parametrize("environment", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """One engine environment; the installation ends with the spec's own probe."""
    (spec,) = specs_named(request.param)
    if spec.accelerator == "cpu" and not is_ready(spec, HOME):
        pytest.skip(f"{spec.name} is not installed; `awqctl env sync {spec.name}` does that")
    make_ready(spec, HOME, SilentReporter())
    return Environment(spec)

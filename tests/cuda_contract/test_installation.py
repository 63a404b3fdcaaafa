"""The lock files install through the product's own code, without a GPU and without its driver."""

import re
from importlib.metadata import distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cuda_contract.conftest import Environment

ENGINES = ("vllm", "autoawq", "llmcompressor")


def python_of(environment: Environment) -> dict[str, str]:
    """Return what markers may ask of the environment's Python."""
    configuration = (environment.python.parents[1] / "pyvenv.cfg").read_text()
    full = re.search(r"version_info = (\d+\.\d+\.\d+)", configuration)
    assert full, configuration
    return {"python_full_version": full[1], "python_version": full[1].rpartition(".")[0]}


def test_everything_locked_is_installed(environment: Environment) -> None:
    """Every package is there in its locked version, and nothing else; the spec's probe has run in the environment."""
    locks = filter(None, (environment.spec.lock, environment.spec.source_lock))
    lines = [line.rstrip(" \\") for lock in locks for line in lock.read_text().splitlines() if "==" in line]
    locked = [Requirement(line) for line in lines if not line.startswith((" ", "#"))]
    wanted = {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in locked
        if one.marker is None or one.marker.evaluate(python_of(environment))
    }
    installed = {canonicalize_name(one.name): one.version for one in distributions(path=[str(environment.packages)])}
    assert installed == wanted

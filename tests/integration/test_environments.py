"""Engine environments are complete or absent. Real uv, a real package index, one tiny package."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from pipeline.base.errors import RuntimeInstallError
from pipeline.base.progress import SilentReporter
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.specs import RuntimeSpec, spec_for
from pipeline.runtimes.store import is_ready, make_ready, place, remove

MAKE = """
import sys; sys.path.insert(0, sys.argv[3])
from pathlib import Path
from tiny_spec import SilentReporter, make_ready, tiny
make_ready(tiny(Path(sys.argv[2])), Path(sys.argv[1]), SilentReporter())
"""


@dataclass(frozen=True)
class TinySpec(RuntimeSpec):
    """An environment with a lock file of the test's own."""

    file: Path = Path()

    @property
    def lock(self) -> Path:
        """Return the test's lock."""
        return self.file


def tiny(lock: Path) -> TinySpec:
    """Return an environment that holds `six`."""
    return TinySpec("tiny", "cuda", "six", "import six", file=lock)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """The block of `six` from awqctl's own lock."""
    text = (Path(str(resources.files("pipeline.runtimes"))) / "locks" / "awqctl.txt").read_text()
    block = text[text.index("\nsix==") + 1 :]
    lines = block.splitlines()
    end = next(number for number, line in enumerate(lines[1:], 1) if not line.startswith(" "))
    path = tmp_path / "tiny.txt"
    path.write_text("\n".join(lines[:end]) + "\n")
    (tmp_path / "tiny_spec.py").write_text(Path(__file__).read_text())
    return path


def start(home: Path, lock: Path) -> "subprocess.Popen[bytes]":
    """Ask for the environment in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, str(home), str(lock), str(lock.parent)], start_new_session=True
    )


def test_several_processes_make_it_once(tmp_path: Path, lock: Path) -> None:
    """Four at once: all succeed, one environment, one creation in the log."""
    home = tmp_path / "cache"
    processes = [start(home, lock) for _ in range(4)]
    assert [process.wait(300) for process in processes] == [0] * 4
    assert is_ready(tiny(lock), home)
    assert (home / "logs" / "runtime-tiny-cuda.log").read_text().count("Installed 1 package") == 1
    assert [path.name for path in (home / "runtimes").iterdir()] == [place(tiny(lock), home).name]


def test_killed_half_way_is_absent_and_made_again(tmp_path: Path, lock: Path) -> None:
    """SIGKILL while it is being made: nothing looks finished, and the next start cleans up and succeeds."""
    home = tmp_path / "cache"
    process = start(home, lock)
    partial = home / "runtimes" / f".partial-{place(tiny(lock), home).name}"
    deadline = time.monotonic() + 60
    while not partial.exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert partial.exists()
    assert not is_ready(tiny(lock), home)
    make_ready(tiny(lock), home, SilentReporter())
    assert is_ready(tiny(lock), home)
    assert not partial.exists()


def test_failed_installation_is_explained_and_absent(tmp_path: Path, lock: Path) -> None:
    """A wrong hash: the root cause in the message, the rest in the log, nothing left."""
    lines = lock.read_text().splitlines()
    lock.write_text(lines[0] + "\n    --hash=sha256:" + "0" * 64 + "\n")
    home = tmp_path / "cache"
    with pytest.raises(RuntimeInstallError, match=r"could not be installed: .*six") as caught:
        make_ready(tiny(lock), home, SilentReporter())
    assert caught.value.log is not None
    assert caught.value.log.exists()
    assert list((home / "runtimes").iterdir()) == []


def test_removal_takes_older_versions_too(tmp_path: Path, lock: Path) -> None:
    """`env rm` leaves nothing of an environment."""
    home = tmp_path / "cache"
    make_ready(tiny(lock), home, SilentReporter())
    (home / "runtimes" / "tiny-cuda-000000000000").mkdir()
    assert remove(tiny(lock), home)
    assert list((home / "runtimes").iterdir()) == []
    assert not remove(tiny(lock), home)


def test_program_is_kept_alone(tmp_path: Path) -> None:
    """Of the package that has the load client only the client stays, and it runs; one of the user's own outranks it."""
    client = ensure_loadgen(tmp_path, SilentReporter())
    kept = [path for path in client.python.parents[1].rglob("*") if path.is_file()]
    assert kept == [client.python]
    answer = subprocess.run([client.python, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.split()[-1] == client.version
    assert remove(spec_for("loadgen", "any"), tmp_path)


def test_client_of_the_engine_is_used_where_it_is(tmp_path: Path) -> None:
    """Where the CUDA environment of vLLM is ready, its client is taken and none is made."""
    there = place(spec_for("vllm", "cuda"), tmp_path)
    program = there / "lib" / "python3.11" / "site-packages" / "vllm" / "vllm-rs"
    program.parent.mkdir(parents=True)
    program.touch()
    (there / "bin").mkdir()
    (there / "bin" / "python").touch()
    assert ensure_loadgen(tmp_path, SilentReporter()).python == program

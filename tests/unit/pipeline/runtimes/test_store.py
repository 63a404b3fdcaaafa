"""Engine environments: how they are found, named and asked for. Making them is tested with real ones."""

from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.runtimes import store
from pipeline.runtimes.specs import SPECS, external_interpreter, spec_for, specs_named
from pipeline.runtimes.store import identity, is_ready, place, torch_options

NAMES = [spec.name for spec in SPECS]


@pytest.mark.parametrize("name", NAMES)
def test_lock_has_hashes_and_no_address(name: str) -> None:
    """Every requirement carries a hash, and no lock names an index."""
    spec = next(spec for spec in SPECS if spec.name == name)
    for lock in filter(None, (spec.lock, spec.source_lock)):
        lines = lock.read_text().splitlines()
        packages = [number for number, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
        assert packages
        assert all("--hash=sha256:" in lines[number + 1] for number in packages)
        assert not any("://" in line or "--index" in line or "--find-links" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "version"),
    [("autoawq-cpu", "0.2.9"), ("autoawq-cuda", "0.2.9"), ("vllm-cpu", "0.32.0"), ("vllm-cuda", "0.33.0")],
)
def test_promised_versions_are_locked(name: str, version: str) -> None:
    """The engines are the versions that the documentation names."""
    assert next(spec for spec in SPECS if spec.name == name).version == version


@pytest.mark.parametrize("engine", ["autoawq", "vllm"])
def test_cpu_lock_has_no_cuda(engine: str) -> None:
    """A machine without a GPU does not download gigabytes for one."""
    text = spec_for(engine, "cpu").lock.read_text()
    assert "torch==2.13.0+cpu" in text
    assert "nvidia-" not in text
    assert "torchvision==" not in text


def test_lock_covers_all_python_versions() -> None:
    """The CPU build of torch has one wheel per Python, each with its hash."""
    block = spec_for("vllm", "cpu").lock.read_text().split("torch==2.13.0+cpu", 1)[1].split("\ntqdm", 1)[0]
    assert block.split("\n\n")[0].count("--hash=sha256:") >= 3


def test_place_follows_the_lock(tmp_path: Path) -> None:
    """The folder carries the digest of the lock: another lock, another environment."""
    spec = spec_for("vllm", "cpu")
    assert place(spec, tmp_path).name == f"vllm-cpu-{spec.digest}"
    assert not is_ready(spec, tmp_path)


def test_own_interpreter_by_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`AWQCTL_RUNTIME_VLLM` names an interpreter, and it names the fingerprint too."""
    python = tmp_path / "python"
    python.touch(mode=0o755)
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(python))
    assert external_interpreter("vllm") == (python, "AWQCTL_RUNTIME_VLLM")
    assert identity("vllm", "cpu") == f"external:{python}"


def test_own_interpreter_by_configuration(tmp_path: Path) -> None:
    """`[runtimes]` in config.toml does the same."""
    python = tmp_path / "python"
    python.touch(mode=0o755)
    config = tmp_path / "home" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[runtimes]\nautoawq = "{python}"\n')
    assert external_interpreter("autoawq") == (python, str(config))
    assert external_interpreter("vllm") is None


@pytest.mark.parametrize(
    "text", ["runtimes = 3", "[runtimes]\nvllm = 3", "[runtimes]\nvllm = ['x']", "x = " + "[" * 9_000]
)
def test_a_configuration_that_says_something_else(tmp_path: Path, text: str) -> None:
    """Whatever stands there in place of a path is named, and the file with it."""
    config = tmp_path / "home" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(text)
    with pytest.raises(UsageError, match=r"config\.toml (names .* as the vllm runtime|is not valid TOML)"):
        external_interpreter("vllm")


def test_interpreter_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path is found before anything starts."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", "/nowhere/python")
    with pytest.raises(UsageError, match="not an executable file"):
        external_interpreter("vllm")


def test_unknown_runtime_lists_the_known() -> None:
    """A wrong name is answered with the right ones."""
    assert [spec.name for spec in specs_named("vllm")] == ["vllm-cpu", "vllm-cuda"]
    with pytest.raises(
        UsageError,
        match="autoawq-cpu, autoawq-cuda, llmcompressor-cpu, llmcompressor-cuda, vllm-cpu, vllm-cuda, loadgen",
    ):
        specs_named("tensorrt")


def test_load_client_is_that_of_the_locked_engine() -> None:
    """The load client is taken from the very wheel that the CUDA environment locks."""
    block = spec_for("loadgen", "any").lock.read_text().strip()
    assert block in spec_for("vllm", "cuda").lock.read_text()


def test_missing_library_is_named_with_its_package() -> None:
    """A system library that an engine links to is a package to install, not an index to check."""
    cause = "ImportError: libnuma.so.1: cannot open shared object file: No such file or directory."
    assert store._advice(cause, spec_for("vllm", "cpu")).endswith("apt-get install libnuma1).")  # noqa: SLF001


def test_torch_comes_from_a_local_folder_or_its_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """uv does not read PIP_FIND_LINKS; a folder there wins only when it holds the CPU build."""
    spec = spec_for("vllm", "cpu")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert torch_options(spec) == ["--torch-backend", "cpu"]
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    assert torch_options(spec) == ["--find-links", str(tmp_path)]
    assert torch_options(spec_for("vllm", "cuda")) == []

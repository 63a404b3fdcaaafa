"""How a server is started whose work is recorded."""

import json
from pathlib import Path

from pipeline.base.progress import SilentReporter
from pipeline.engines.profiling import Profiling
from pipeline.engines.vllm import VllmServer
from pipeline.recipe.engine import EngineSettings
from pipeline.runtimes.store import Runtime


def command(tmp_path: Path, profiling: Profiling | None) -> tuple[str, ...]:
    """Return the command line of a server."""
    runtime = Runtime("vllm-cuda", "0.33.0", "digest", Path("python"), "lock")
    server = VllmServer(
        runtime,
        tmp_path,
        EngineSettings(),
        accelerator="cuda",
        log=tmp_path / "vllm.log",
        served_name="model",
        reporter=SilentReporter(),
        profiling=profiling,
    )
    return server.command


def test_torch_s_profiler_writes_into_a_folder(tmp_path: Path) -> None:
    """Without stacks and without the front, which would be recorded from start to stop."""
    line = command(tmp_path, Profiling.with_torch(tmp_path / "awq"))
    given = json.loads(line[line.index("--profiler-config") + 1])
    assert given["torch_profiler_dir"] == str(tmp_path / "awq")
    assert (given["profiler"], given["torch_profiler_with_stack"], given["ignore_frontend"]) == ("torch", False, True)
    assert line[0] == "python"


def test_nsight_systems_runs_the_server(tmp_path: Path) -> None:
    """It waits for the CUDA profiler, which vLLM turns on and off."""
    line = command(tmp_path, Profiling.with_nsys(tmp_path / "awq", "/usr/bin/nsys"))
    assert line[:2] == ("/usr/bin/nsys", "profile")
    assert line[line.index("--output") + 1] == str(tmp_path / "awq" / "nsight-systems")
    assert line.index("cudaProfilerApi") < line.index("python")
    assert json.loads(line[line.index("--profiler-config") + 1]) == {"profiler": "cuda"}


def test_timed_engines_have_no_profiler(tmp_path: Path) -> None:
    """Recording slows them down."""
    assert "--profiler-config" not in command(tmp_path, None)

"""vLLM's own profilers: torch's, which writes a trace, and the switch that Nsight Systems waits for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Profiling:
    """How a server is started whose work is to be recorded."""

    title: str
    configuration: dict[str, Any]
    """Of vLLM's `--profiler-config`."""
    wrapper: tuple[str, ...] = ()
    """Command that runs the server."""

    @classmethod
    def with_torch(cls, folder: Path) -> Self:
        """Record operators and kernels into a folder, compressed; stacks would multiply the size.

        The API server's own Python is left out: it is recorded from start to stop, however few steps are asked for.
        """
        return cls(
            "a trace",
            {
                "profiler": "torch",
                "torch_profiler_dir": str(folder),
                "torch_profiler_with_stack": False,
                "torch_profiler_use_gzip": True,
                "ignore_frontend": True,
            },
        )

    @classmethod
    def with_nsys(cls, folder: Path, nsys: str) -> Self:
        """Record with Nsight Systems, from the moment that vLLM turns the CUDA profiler on until it turns it off."""
        wrapper = (
            *(nsys, "profile", "--trace", "cuda,nvtx", "--trace-fork-before-exec", "true"),
            *("--cuda-graph-trace", "node", "--capture-range", "cudaProfilerApi", "--capture-range-end", "stop"),
            *("--force-overwrite", "true", "--output", str(folder / "nsight-systems")),
        )
        return cls("Nsight Systems", {"profiler": "cuda"}, wrapper)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return vLLM's arguments."""
        return ("--profiler-config", json.dumps(self.configuration))

"""Shapes that real vLLM was started with on a CPU: what the planner says of them, and what vLLM logged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.catalogue.models import models
from pipeline.engines.vllm_log import EngineReport, parse_report
from pipeline.plan.architecture import Architecture
from pipeline.plan.cpu import Cpu, CpuPlan, cpu_plan_of
from pipeline.plan.model_config import architecture_of
from pipeline.plan.settings import Settings

HERE = Path(__file__).parent
LOGS = HERE / "cpu_logs"


@dataclass(frozen=True)
class Shape:
    """A model of the catalogue, made small enough for a CPU."""

    name: str
    model: str
    changes: Mapping[str, Any]
    """Keys of its configuration."""
    settings: Mapping[str, Any]
    """That the engine was started with."""

    @property
    def config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**models()[self.model].config, **self.changes}

    @property
    def architecture(self) -> Architecture:
        """Return what a plan knows of it."""
        return architecture_of(self.config)

    @property
    def log(self) -> Path:
        """Return where the lines of vLLM's log are kept."""
        return LOGS / f"{self.name}.log"

    def plan(self) -> CpuPlan:
        """Return what the planner says."""
        return cpu_plan_of(self.architecture, Cpu("a processor", memory_gib=24), Settings(**self.settings))

    def logged(self) -> tuple[str, EngineReport]:
        """Return the version of vLLM that wrote the log, and what it says there."""
        text = self.log.read_text(encoding="utf-8")
        head, _, lines = text.partition("\n")
        return head.split()[2].rstrip(","), parse_report(lines, self.log)


def shapes() -> Iterator[Shape]:
    """Yield all of them."""
    document = yaml.safe_load((HERE / "cpu.yaml").read_text(encoding="utf-8"))
    for entry in document["shapes"]:
        yield Shape(**entry, settings=document["settings"])

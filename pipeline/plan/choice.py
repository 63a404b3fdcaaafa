"""Which placement on a number of GPUs is taken: of those that can run, the one that makes the most tokens."""

from dataclasses import dataclass, replace

from pipeline.base.format import number
from pipeline.plan.architecture import Architecture
from pipeline.plan.gpu import Gpu
from pipeline.plan.placement import FREE, Fixed, candidates, placed
from pipeline.plan.plan import Plan, plan_of
from pipeline.plan.settings import Settings


@dataclass(frozen=True)
class Choice:
    """A placement and what it was chosen from."""

    plan: Plan
    """With the most expected tokens per second; where none can run, one replica on all GPUs."""
    running: int
    """Placements that can run."""
    alone: Plan | None
    """The placement that answers a request alone the fastest, with that request; None: none can run."""

    @property
    def sentence(self) -> str:
        """Return what was chosen and why, for a note; empty where there was no choice."""
        if self.running <= 1 or self.plan.rate is None or self.alone is None or self.alone.rate is None:
            return ""
        said = (
            f"Placed as {described(self.plan.settings)}: of {self.running} placements that can run the one with the "
            f"most expected tokens per second."
        )
        if _sizes(self.alone.settings) == _sizes(self.plan.settings):
            return said
        return (
            f"{said} A request alone is answered fastest with {described(self.alone.settings)} (TPOT "
            f"{number(self.alone.rate.tpot_s * 1000)} ms)."
        )


def best_placement(architecture: Architecture, gpu: Gpu, settings: Settings, gpus: int, fixed: Fixed = FREE) -> Choice:
    """Return the placement to take on so many GPUs.

    Speeds are compared with the requests that are under way, or with as many as each placement runs at once. Stages
    within a node are taken only where nothing else can run: no published run says what they attain.
    """
    plans = [plan_of(architecture, gpu, tried) for tried in candidates(architecture, gpu, settings, gpus, fixed)]
    running = [plan for plan in plans if plan.fits]
    if not running:
        whole = plan_of(architecture, gpu, placed(architecture, gpu, settings, gpus))
        return Choice(plans[0] if plans and fixed != FREE else whole, 0, None)
    usual = [plan for plan in running if _usual(architecture, gpu, plan.settings)] or running
    alone = [plan_of(architecture, gpu, replace(plan.settings, concurrency=1)) for plan in usual]
    return Choice(
        max(usual, key=_throughput),
        len(usual),
        min(alone, key=lambda plan: plan.rate.tpot_s if plan.rate else float("inf")),
    )


def described(settings: Settings) -> str:
    """Return the parallel sizes in words."""
    sizes = (
        ("tensor", settings.tensor_parallel),
        ("pipeline", settings.pipeline_parallel),
        ("data", settings.data_parallel),
    )
    parts = [f"{name} parallel {size:,}" for name, size in sizes if size > 1]
    return " x ".join(parts or ["one GPU"]) + (", experts whole" if settings.expert_parallel else "")


def _usual(architecture: Architecture, gpu: Gpu, settings: Settings) -> bool:
    """Return whether there are no stages, or only such as spare exchanges between nodes."""
    together = settings.tensor_parallel * (settings.data_parallel if architecture.has_experts else 1)
    return settings.pipeline_parallel == 1 or together * settings.pipeline_parallel > gpu.gpus_per_node


def _throughput(plan: Plan) -> tuple[float, float]:
    """Return what placements are compared by: tokens per second, or the cache where a GPU's rates are unknown."""
    return plan.rate.expected if plan.rate else 0.0, plan.capacity.concurrency * plan.settings.data_parallel


def _sizes(settings: Settings) -> tuple[int, int, int, bool]:
    return settings.tensor_parallel, settings.pipeline_parallel, settings.data_parallel, settings.expert_parallel

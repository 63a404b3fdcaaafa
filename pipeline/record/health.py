"""The gate before work starts: is what it will run on well? A failure stops it, a warning is said and recorded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.base.errors import AwqctlError, EnvironmentLackError, refuse
from pipeline.base.phrase import phrase
from pipeline.base.sentences.health import HealthSentences
from pipeline.hardware.health.check import HealthCheck, Subject, of_state
from pipeline.hardware.health.host_checks import of_measurements
from pipeline.hardware.health.now import health_now
from pipeline.hardware.health.selection import used_by
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect
from pipeline.runtimes.specs import Resolved

_SUBJECT = "health"
_UNREADABLE = Subject("GPU").warned(
    "presence",
    phrase(HealthSentences.no_library),
    phrase(HealthSentences.install_library),
)


@dataclass(frozen=True)
class HealthGate:
    """What a stage asks of the machine."""

    workers: Callable[[Recipe], int]
    """GPUs that it takes, where it runs on GPUs."""
    memory_share: Callable[[Recipe], float | None] = lambda _recipe: None
    """Of a GPU's memory, that it takes at once."""
    measures: bool = True
    """It times something, so that it matters who else keeps the processors busy."""

    @property
    def probe(self) -> Probe:
        """The same as a part of the pre-flight."""
        well = "GPUs, processors and memory are well, as far as they report."
        return Probe(_SUBJECT, self._look, Effort.SECONDS, well, of_machine=True)

    def require(self, recipe: Recipe, context: RunContext) -> tuple[HealthCheck, ...]:
        """Return what is not a pass, having warned of it.

        Raises:
            EnvironmentLackError: something fails; the message has the remedy.
        """
        # An engine that a stage before left running holds its memory, and is ours.
        found = self._checks(recipe, context.resolved, fresh=context.slot.empty)
        refuse(_errors(found))
        for check in of_state(found, "warn"):
            context.reporter.warn(check.sentence)
        return tuple(check for check in found if check.state != "pass")

    def _checks(self, recipe: Recipe, accelerator: Resolved, *, fresh: bool) -> tuple[HealthCheck, ...]:
        choose = used_by(self.workers(recipe), accelerator)
        share = self.memory_share(recipe) if fresh and accelerator == "cuda" else None
        found = health_now(choose, memory_share=share)
        checks = found.checks if accelerator == "cpu" or found.gpus else (_UNREADABLE, *found.checks)
        return checks if self.measures else tuple(check for check in checks if not of_measurements(check))

    def _look(self, prospect: Prospect) -> Iterator[ProbeResult | AwqctlError]:
        found = self._checks(prospect.recipe, prospect.planned[0], fresh=True)
        yield from _errors(found)
        for check in of_state(found, "warn"):
            yield ProbeResult(subject=_SUBJECT, state="warning", text=check.sentence)


def together(gates: Sequence[HealthGate]) -> HealthGate:
    """Return the gate that asks for what all of them do."""

    def share(recipe: Recipe) -> float | None:
        asked = [one for gate in gates if (one := gate.memory_share(recipe)) is not None]
        return max(asked, default=None)

    return HealthGate(
        workers=lambda recipe: max(gate.workers(recipe) for gate in gates),
        memory_share=share,
        measures=any(gate.measures for gate in gates),
    )


def _errors(found: Sequence[HealthCheck]) -> Iterator[AwqctlError]:
    for check in of_state(found, "fail"):
        yield EnvironmentLackError(check.sentence)


def _memory_share(recipe: Recipe) -> float:
    return recipe.engine.gpu_memory_utilization


ENGINE_HEALTH = HealthGate(workers=lambda recipe: recipe.engine.workers, memory_share=_memory_share)
"""Of a stage that measures with vLLM."""
SERVING_HEALTH = replace(ENGINE_HEALTH, measures=False)
"""Of an endpoint: it serves beside other processes, if more slowly."""
QUANTIZE_HEALTH = HealthGate(workers=lambda _recipe: 1)
"""Of `quantize`, whose backends compute on one GPU."""

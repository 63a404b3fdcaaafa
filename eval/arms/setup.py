"""The arms under measurement and the servers they are measured with: same settings, other weights."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from eval.arms.foreign_arm import find_arm
from pipeline.base.commands import command
from pipeline.base.errors import MissingStageError, SourceError
from pipeline.base.identity import document_identity
from pipeline.engines.preflight import check_engine
from pipeline.engines.profiling import Profiling
from pipeline.engines.vllm import VllmServer, engine_arguments
from pipeline.hardware.requirements import check_arms_hardware
from pipeline.models.checksums import digest_of, sum_files
from pipeline.models.manifest import read_manifest
from pipeline.models.trust import custom_code
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import AWQ, BASELINE, RTN
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.recipe import Recipe
from pipeline.record.checkpoint import check_checkpoint, checkpoint_of
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.runtimes.specs import Resolved
from pipeline.runtimes.store import Runtime

SERVED_NAME = "model"


@dataclass(frozen=True)
class Weights:
    """What an arm is loaded from."""

    path: Path
    identity: str
    """Digest that names the weights: of the manifest, or of the checksums of the files."""
    quantized: bool = True
    """Whether the engine must name a quantized kernel for them: not for 16-bit weights, nor in batch-invariant mode,
    where vLLM dequantizes checkpoints of AutoAWQ's format and names none."""
    online: bool = False
    """Whether the engine casts them to FP8 when it loads them."""
    dummy: bool = False
    """Whether there are none: the engine makes them up from the configuration."""


@dataclass(frozen=True)
class EngineSetup:
    """What all arms of one stage are measured with."""

    runtime: Runtime
    accelerator: Resolved
    engine: EngineSettings
    weights: dict[str, Weights]
    """By arm."""
    trust_remote_code: bool
    """Whether the model comes with code that the recipe trusts."""
    batch_invariant: bool = False
    """Whether engines use vLLM's batch-invariant kernels."""
    api_key: str = field(repr=False, default="")
    """That engines want."""

    @property
    def paths(self) -> dict[str, Path]:
        """Return the checkpoint folder of each arm."""
        return {arm: weights.path for arm, weights in self.weights.items()}

    def server(
        self,
        arm: str,
        stage: str,
        context: RunContext,
        *,
        label: str | None = None,
        attempt: int = 0,
        profiling: Profiling | None = None,
    ) -> VllmServer:
        """Return the server of one arm, not started yet, on a loopback port.

        Args:
            arm: whose weights.
            stage: names the log.
            context: of the run.
            label: names the log instead of the arm, where one arm is measured twice.
            attempt: 1 for the first restart. Its log stands beside that of the engine that died.
            profiling: how its work is to be recorded.
        """
        weights, stem = self.weights[arm], f"{stage}-vllm-{label or arm}"
        return VllmServer(
            self.runtime,
            weights.path,
            self.engine,
            accelerator=self.accelerator,
            log=context.logs / (f"{stem}.restart{attempt}.log" if attempt else f"{stem}.log"),
            served_name=SERVED_NAME,
            reporter=context.reporter,
            trust_remote_code=self.trust_remote_code,
            online_quantization="fp8" if weights.online else None,
            batch_invariant=self.batch_invariant,
            dummy_weights=weights.dummy,
            profiling=profiling,
            api_key=self.api_key,
            title=f"vLLM for {label or arm}",
        )

    def identity(self, arm: str) -> str:
        """Return what is equal for engines that serve the same weights with the same settings."""
        weights = self.weights[arm]
        settings = [self.runtime.name, self.runtime.digest, str(self.runtime.python), weights.identity, weights.online]
        settings += [self.batch_invariant, self.trust_remote_code, *engine_arguments(self.engine)]
        return document_identity([*settings, self.engine.cpu_kv_cache_gib])

    @contextmanager
    def running(
        self,
        arm: str,
        stage: str,
        context: RunContext,
        *,
        label: str | None = None,
        attempt: int = 0,
        fresh: bool = False,
    ) -> Iterator[VllmServer]:
        """Yield the running engine of one arm: the one that an earlier measurement left in the slot, or a new one.

        When the block ends well the engine stays in the slot of the run; another one, or the end of the run, stops it.

        Args:
            arm: whose weights.
            stage: names the log of a new engine.
            context: of the run.
            label: names the log instead of the arm.
            attempt: as for `server`.
            fresh: whether a new engine is wanted even when there is one.

        Raises:
            EngineError: it did not start.
        """
        identity = self.identity(arm)
        if fresh:
            context.slot.clear()
        found: VllmServer | None = context.slot.take(identity)
        if found is not None and not found.alive():
            found.stop()
            found = None
        with ExitStack() as stack:
            if found is None:
                found = stack.enter_context(self.server(arm, stage, context, label=label, attempt=attempt))
            else:
                stack.callback(found.stop)
            yield found
            stack.pop_all()
        context.slot.put(identity, found, found.stop)


def weights_identity(setup: EngineSetup, arm: str) -> str:
    """Return what names the weights of an arm: equal where nothing that is loaded changed."""
    return setup.weights[arm].identity


def engine_setup(
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    arms: tuple[str, ...],
    *,
    batch_invariant: bool = False,
) -> EngineSetup:
    """Return the test setup for the quantized model of this run; arms that are not asked for are not looked at.

    Raises:
        MissingStageError: an arm is the control, and the run has none.
        SourceError: a checkpoint is not what its manifest says, the source model is gone, or a checkpoint of the
            recipe's arms cannot be compared with it.
        EnvironmentLackError: the engine, or what the recipe asks of it, cannot run here.
    """
    quantized = record.result(QuantizeResult)
    accelerator = context.resolved
    check_arms_hardware(
        recipe,
        accelerator,
        context.machine,
        arms=arms,
        batch_invariant=batch_invariant,
        checkpoint_format=quantized.format,
    )
    weights = _weights(recipe, context, record, arms)
    if batch_invariant:
        weights = {arm: replace(entry, quantized=False) for arm, entry in weights.items()}
    check_engine(recipe.engine, accelerator, context.machine)
    return EngineSetup(
        weights=weights,
        runtime=context.runtime("vllm"),
        accelerator=accelerator,
        engine=recipe.engine,
        trust_remote_code=quantized.code_digest is not None,
        batch_invariant=batch_invariant,
        api_key=context.slot.api_key,
    )


def _weights(recipe: Recipe, context: RunContext, record: RunRecord, arms: tuple[str, ...]) -> dict[str, Weights]:
    quantized = record.result(QuantizeResult)
    checkpoint = checkpoint_of(context, quantized.checkpoint_digest)
    baseline = _baseline_of(context, quantized, checkpoint)
    found = {BASELINE: baseline, AWQ: Weights(checkpoint, quantized.checkpoint_digest)}
    for arm in (arm for arm in recipe.arms if arm.name in arms):
        if arm.kind == RTN:
            found[RTN] = _control_of(context, quantized)
        elif arm.kind == "fp8":
            found[arm.name] = Weights(baseline.path, f"{baseline.identity}-fp8", online=True)
        elif arm.kind == "checkpoint":
            foreign = find_arm(
                arm,
                context.recipe_dir,
                baseline.path,
                quantized.code_digest,
                cache=context.sums,
                reporter=context.reporter,
            )
            found[arm.name] = Weights(foreign.path, foreign.identity, quantized=foreign.quantized)
    return found


def _baseline_of(context: RunContext, quantized: QuantizeResult, checkpoint: Path) -> Weights:
    """Return the source model, checked to be the one that was quantized."""
    source = Path(quantized.source_path)
    if not source.is_dir():
        raise SourceError(
            f"The source model {source} is gone; the baseline cannot be measured. "
            f"Bring it back, or run `{command('quantize', '--force')}`."
        )
    if custom_code(source).digest != (quantized.code_digest or ""):
        raise SourceError(
            f"The Python files of {source} are not those that were trusted when it was quantized. "
            f"Read them, and quantize again."
        )
    quantized_from = read_manifest(checkpoint).source.files
    if sum_files(source, names=quantized_from, cache=context.sums, reporter=context.reporter) != quantized_from:
        raise SourceError(
            f"The source model {source} is not the one that was quantized any more, so it is no baseline for it. "
            f"Run `{command('quantize')}` first."
        )
    return Weights(source, digest_of(quantized_from), quantized=False)


def _control_of(context: RunContext, quantized: QuantizeResult) -> Weights:
    """Return the round-to-nearest control of this run, checked as the checkpoint is."""
    folder = context.out / "control"
    if quantized.control_digest is None:
        raise MissingStageError(
            f"The recipe asks for a control, but the quantized model was made without one. Run "
            f"`{command('quantize', '--force')}`."
        )
    if not folder.exists():
        raise SourceError(f"{folder} is gone. Run `{command('quantize', '--force')}`.")
    if read_manifest(folder).digest() != quantized.control_digest:
        raise SourceError(
            f"{folder} is not the control that the record describes. Run `{command('quantize', '--force')}`."
        )
    check_checkpoint(folder, context.reporter)
    return Weights(folder, quantized.control_digest)

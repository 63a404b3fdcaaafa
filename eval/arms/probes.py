"""Arms that a machine cannot run, or that cannot be compared, found before a run begins."""

from collections.abc import Iterator

from eval.arms.foreign_arm import check_positions, check_tokenizer
from pipeline.base.errors import AwqctlError, SourceError
from pipeline.hardware.requirements import check_arms_hardware
from pipeline.models import local_folder, resolve_source
from pipeline.models.hub import find_commit
from pipeline.models.trust import read_config
from pipeline.recipe.arms import Arm, of_kind
from pipeline.recipe.model import ModelSource
from pipeline.record.preflight import Prospect


def arms_problems(prospect: Prospect, arms: tuple[str, ...], *, batch_invariant: bool = False) -> Iterator[AwqctlError]:
    """Yield why arms cannot be measured on this machine."""
    accelerator, machine = prospect.planned[0], prospect.context.machine
    asked = [((arm,), False) for arm in arms] + ([((), True)] if batch_invariant else [])
    for chosen, invariant in asked:
        try:
            check_arms_hardware(prospect.recipe, accelerator, machine, arms=chosen, batch_invariant=invariant)
        except AwqctlError as problem:
            yield problem


def checkpoint_problems(prospect: Prospect) -> Iterator[AwqctlError]:
    """Yield why checkpoints of arms cannot be compared; of those on a hub only whether they are there."""
    for arm in of_kind(prospect.recipe.arms, "checkpoint"):
        try:
            _check(arm, prospect)
        except SourceError as problem:
            yield SourceError(f"arms, {arm.name}: {problem.message.removeprefix('model.source: ')}")
        except AwqctlError as problem:
            yield problem


def _check(arm: Arm, prospect: Prospect) -> None:
    trusted, recipe_dir = prospect.recipe.model.trust_remote_code, prospect.context.recipe_dir
    wanted = ModelSource(source=str(arm.checkpoint), revision=arm.revision, trust_remote_code=trusted)
    if local_folder(wanted, recipe_dir) is None:
        find_commit(wanted.source, wanted.revision)
        return
    found, baseline = resolve_source(wanted, recipe_dir, quantized=True), prospect.model.description()
    check_tokenizer(found.path, baseline, trust_remote_code=trusted)
    check_positions(found.config(), read_config(baseline / "config.json"))

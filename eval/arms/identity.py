"""What names the weights of arms, so that a result is known to be of other weights before anything is loaded."""

from pipeline.models import identify_source
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import of_kind
from pipeline.recipe.model import ModelSource
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext

ARMS = "the checkpoints of the arms"
"""Names them among the inputs of a stage."""


def weights_that_matter(made: QuantizeResult) -> dict[str, object]:
    """Return what of a quantization matters to whoever loads its weights: not when or how fast they were made."""
    return {
        "checkpoint_digest": made.checkpoint_digest,
        "source_path": made.source_path,
        "source_commit": made.source_commit,
    }


def identify_checkpoints(recipe: Recipe, context: RunContext, earlier: str = "") -> str:
    """Return a line per arm of the kind `checkpoint`, its name and what names its files now.

    Args:
        recipe: with the arms.
        context: of the run.
        earlier: what this returned before; it holds where the hub cannot be asked.
    """
    before = dict(line.split(" ", 1) for line in earlier.splitlines())
    lines: list[str] = []
    for arm in of_kind(recipe.arms, "checkpoint"):
        source = ModelSource(source=str(arm.checkpoint), revision=arm.revision)
        found = identify_source(source, context.recipe_dir, before.get(arm.name))
        if found.note:
            context.reporter.warn(found.note)
        lines.append(f"{arm.name} {found.name}")
    return "\n".join(lines)

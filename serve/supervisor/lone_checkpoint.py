"""A checkpoint that is served without a recipe: `awqctl serve --checkpoint DIR`."""

import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.commands import command
from pipeline.base.errors import SourceError
from pipeline.base.progress import Reporter
from pipeline.models.context_length import longest_context
from pipeline.models.manifest import NAME
from pipeline.models.trust import check_trust, read_config
from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.load import LoadedRecipe, recipe_in
from pipeline.recipe.recipe import Recipe
from pipeline.record.checkpoint import check_checkpoint
from pipeline.record.context import CHECKPOINT

_LONGEST_NAME = 100


def recipe_for(folder: Path, name: str | None, overrides: Sequence[str]) -> LoadedRecipe:
    """Return a recipe with defaults for a checkpoint: the longest sequence is what the model allows, 4096 at most.

    Args:
        folder: of the checkpoint.
        name: that clients ask for; default that of the folder, or of the run that it belongs to.
        overrides: as `--set` has them.

    Raises:
        SourceError: it is no checkpoint of awqctl.
        RecipeError: an override does not fit.
    """
    folder = folder.absolute()
    if not (folder / NAME).is_file():
        raise SourceError(
            f"{folder} has no {NAME}, so nothing says whether its files are whole. Only checkpoints made by awqctl "
            f"are served; `{command('quantize')}` makes one."
        )
    chosen = name or _name_of(folder)
    document = {
        "name": _slug(chosen),
        "model": {"source": str(folder)},
        "engine": {"max_model_len": _max_model_len(folder)},
        "serve": {"model_name": chosen},
        # Nothing is measured: a model with a short context need not hold the load of a benchmark.
        "bench": {"input_tokens": 1, "output_tokens": 1},
    }
    return recipe_in(document, folder, "What --set makes of the defaults", overrides)


def check_lone_checkpoint(recipe: Recipe, folder: Path, reporter: Reporter) -> Path:
    """Return the folder of the checkpoint, every file of it checked.

    That nobody measured it is a warning.

    Raises:
        SourceError: it is not what its manifest says, or has code that is not trusted.
    """
    folder = folder.absolute()
    check_checkpoint(folder, reporter, advice="Copy it again, or make it again.")
    check_trust(folder, recipe.model)
    reporter.warn(
        "The accuracy of this checkpoint was not measured: without its recipe no gate says that it may be served. "
        f"`{command('serve')}` asks the gates of its run."
    )
    return folder


def _name_of(folder: Path) -> str:
    return folder.parent.name if folder.name == CHECKPOINT else folder.name


def _slug(name: str) -> str:
    """Return a name that a folder can have."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("._-")[:_LONGEST_NAME] or CHECKPOINT


def _max_model_len(folder: Path) -> int:
    document = read_config(folder / "config.json")
    found = longest_context(document.get("text_config") or document)
    usual = EngineSettings().max_model_len
    return min(usual, int(found[0])) if found else usual

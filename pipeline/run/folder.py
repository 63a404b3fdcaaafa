"""Whether an output folder is one for this recipe: another recipe's or model's results are not displaced unasked.

A changed knob, or another revision of the model, is the same recipe: its results run again, and a checkpoint that they
replace is kept. Another name, another `model.source`, or another file of the same name is not.
"""

import re
from pathlib import Path

from pipeline.base.errors import SourceError, UsageError
from pipeline.models import local_folder
from pipeline.models.manifest import NAME as MANIFEST
from pipeline.models.manifest import read_manifest
from pipeline.quantize.quantization import CONTROL
from pipeline.quantize.result import NOTES, QuantizeResult
from pipeline.recipe.load import packaged_recipes
from pipeline.recipe.model import ModelSource
from pipeline.recipe.recipe import NAME, Recipe
from pipeline.record.context import CHECKPOINT, LOCK, RunContext
from pipeline.record.record import RECORD, RunRecord, load_record

_PACKAGED = "packaged:"
_MOST_TRIED = 100
REPLACED = (CHECKPOINT, CONTROL, NOTES, "eval", "bench", "profile", "roi", "report")
"""Folders that stages put whole in the place of what is there."""


def check_folder(recipe: Recipe, context: RunContext) -> None:
    """Refuse an output folder that holds something else.

    Raises:
        UsageError: it holds the results of another recipe or for another model, or folders that are none of awqctl's;
            says which, and the way out.
    """
    record = load_record(context.out / RECORD)
    ours = record is not None or (context.out / CHECKPOINT / MANIFEST).exists()
    if record is None:
        found = _foreign(recipe, context)
    elif any(stage.usable for stage in record.stages.values()):
        found = _another(recipe, context, record)
    else:
        return
    if found:
        raise UsageError(f"{context.out} holds {found}. {_way_out(recipe, context, ours=ours)}")


def recipe_origin(file: Path | None) -> str | None:
    """Return what names a recipe's file in the record: its path, or `packaged:NAME` wherever awqctl is installed."""
    if file is None:
        return None
    packaged = packaged_recipes().get(file.stem)
    return f"{_PACKAGED}{file.stem}" if packaged and packaged.resolve() == file.resolve() else str(file.resolve())


def recipe_file(record: RunRecord, out: Path) -> Path:
    """Return the file that a recorded recipe was read from, which need not be there any more.

    The record itself where it does not say, as those of earlier versions do not.
    """
    origin = record.recipe_origin or str(out / RECORD)
    name = origin.removeprefix(_PACKAGED)
    return packaged_recipes().get(name, out / RECORD) if origin.startswith(_PACKAGED) else Path(origin)


def recipe_reference(record: RunRecord) -> str:
    """Return what names the recorded recipe on a command line."""
    return (record.recipe_origin or "RECIPE").removeprefix(_PACKAGED)


def _another(recipe: Recipe, context: RunContext, record: RunRecord) -> str | None:
    """Return whose results are recorded, where they are not this recipe's."""
    if record.name != recipe.name:
        return f"the results of the recipe '{record.name}', and this one is '{recipe.name}'"
    if not _same_model(recipe, context, record):
        theirs = record.recipe["model"]["source"]
        return f"results for the model {theirs}, and model.source is {recipe.model.source} now"
    ours, theirs = recipe_origin(context.recipe_file), record.recipe_origin
    if ours and theirs and not _same_file(ours, theirs):
        return f"the results of another recipe named '{recipe.name}', {_said(theirs)}; this one is {_said(ours)}"
    return None


def _same_model(recipe: Recipe, context: RunContext, record: RunRecord) -> bool:
    """Return whether both sources are one; two spellings of a folder are, and a folder that was moved with all else."""
    source, made = record.recipe["model"]["source"], record.find(QuantizeResult)
    if source == recipe.model.source and source.startswith(_PACKAGED):
        return True
    ours = _folder_of(recipe.model.source, context)
    theirs = Path(made.source_path) if made and not made.source_commit else _folder_of(source, context)
    if source != recipe.model.source:
        return ours is not None and ours == theirs
    return ours is None or theirs is None or ours == theirs or not theirs.is_dir()


def _folder_of(source: str, context: RunContext) -> Path | None:
    try:
        return local_folder(ModelSource(source=source), context.recipe_dir)
    except SourceError:
        return None


def _same_file(ours: str, theirs: str) -> bool:
    """Return whether two origins are one recipe: one file, a file that was moved, or a copy of the same text."""
    if ours == theirs:
        return True
    if ours.startswith(_PACKAGED) or theirs.startswith(_PACKAGED):
        return False
    try:
        return Path(ours).read_bytes() == Path(theirs).read_bytes()
    except OSError:
        return True


def _said(origin: str) -> str:
    return f"the one that ships ({origin})" if origin.startswith(_PACKAGED) else origin


def _foreign(recipe: Recipe, context: RunContext) -> str | None:
    """Return what lies in a folder without a record; what a killed run of this recipe left is none of it."""
    there = [name for name in REPLACED if _holds_anything(context.out / name)]
    try:
        source = read_manifest(context.out / CHECKPOINT).source.reference
    except SourceError:
        ours = (context.out / LOCK).exists() or not there
        return (
            None
            if ours
            else f"{', '.join(f'{name}/' for name in there)} and no record of awqctl's, which would be replaced"
        )
    return (
        None
        if source == recipe.model.source
        else f"a checkpoint of the model {source}, and model.source is {recipe.model.source}"
    )


def _holds_anything(path: Path) -> bool:
    return path.exists() and (not path.is_dir() or any(path.iterdir()))


def _way_out(recipe: Recipe, context: RunContext, *, ours: bool) -> str:
    """Return what to do: another folder; of a folder of awqctl's, or another name, where its own name led here."""
    default, free = Path("out") / recipe.folder_name, _free_name(recipe, context)
    other = (
        default if context.out != default.absolute() and _fits(recipe, context, default) else default.with_name(free)
    )
    if not ours:
        return f"Choose a folder of its own with --out, such as {other}."
    if context.out != default.absolute():
        return f"Give this recipe a folder of its own with --out {other}."
    return (
        f"Give this recipe a folder of its own with --out {other}, or a name of its own, which is where the default "
        f"folder comes from (`name:` in its file, or --set name={free})."
    )


def _free_name(recipe: Recipe, context: RunContext) -> str:
    """Return a name, that of the recipe's file if it can be, whose default folder is not there."""
    stem = context.recipe_file.stem if context.recipe_file else ""
    named = [stem] if stem != recipe.name and re.fullmatch(NAME, stem) else []
    candidates = (*named, *(f"{recipe.name}-{number}" for number in range(2, _MOST_TRIED)))
    return next((name for name in candidates if not (Path("out") / name).exists()), candidates[-1])


def _fits(recipe: Recipe, context: RunContext, folder: Path) -> bool:
    try:
        check_folder(recipe, context.placed(folder.absolute()))
    except UsageError:
        return False
    return True

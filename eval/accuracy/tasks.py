"""The folders in which lm-eval finds tasks beside its own."""

from importlib import resources
from pathlib import Path

from pipeline.errors import RecipeError
from pipeline.recipe.models import Eval


def task_folders(settings: Eval, recipe_dir: Path) -> list[Path]:
    """Return the folder of the packaged tasks and the recipe's `include_path`.

    Raises:
        RecipeError: the recipe's folder is not there.
    """
    folders = [Path(str(resources.files("eval"))) / "tasks"]
    if settings.include_path:
        folder = (recipe_dir / Path(settings.include_path).expanduser()).resolve()
        if not folder.is_dir():
            raise RecipeError(
                f"eval.include_path: there is no folder {folder}. Paths are relative to the recipe's folder."
            )
        folders.append(folder)
    return folders

"""The output folder of a run that an MLflow store names."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.commands import command
from pipeline.base.errors import SourceError
from pipeline.run.tracking import Tracker

if TYPE_CHECKING:
    from mlflow.entities import Run

_FOLDER = "awqctl.out"
_MOST = 1000


def logged_folder(reference: str, tracker: Tracker) -> Path:
    """Return where a run's output is, by the id or the name that the store has for it.

    Raises:
        SourceError: the store has no such run, or several of the name, or the folder is gone.
        EnvironmentLackError: the store cannot be opened.
    """
    found: list[Run] = []
    tracker.write(
        lambda client, experiment: found.extend(
            run
            for run in client.search_runs([experiment], max_results=_MOST)
            if reference in (run.info.run_id, run.info.run_name)
        )
    )
    folders = list(dict.fromkeys(run.data.tags.get(_FOLDER, "") for run in found))
    if not folders:
        raise SourceError(
            f"There is no run {reference}: neither a folder with a record, nor a run of the MLflow store. `awqctl runs "
            f"ls` lists those below out/, `{command('ui')}` those of the store."
        )
    if len(folders) > 1:
        raise SourceError(f"Several runs are called {reference}: {', '.join(folders)}. Name one by its folder.")
    folder = Path(folders[0])
    if not folder.is_dir():
        raise SourceError(
            f"The run {reference} was made in {folder}, which is gone. Name a folder that has its record."
        )
    return folder

"""Where the results of `bench --endpoint` lie: `bench` in an output folder, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.bench.endpoint_soak import SOAK_FILE
from eval.bench.load.endpoint_result import EndpointLoad
from eval.bench.soak.result import Soak
from pipeline.base.errors import UsageError
from pipeline.base.files import write_atomically
from pipeline.record.context import RunContext

RESULT = "endpoint.json"
_FOLDER = "bench"
_WORK = "endpoint"
_RECORD = "record.json"


@contextmanager
def endpoint_folder(context: RunContext) -> Iterator[Path]:
    """Yield the folder to measure in; `publish` puts it in its place, and until then earlier results stay.

    What a run that failed left stays until the next one, because its logs say why.

    Raises:
        BusyError: another process works in the output folder.
        UsageError: the output folder holds something else.
    """
    _require_own(context.out)
    context.out.mkdir(parents=True, exist_ok=True)
    with context.alone(". Wait for it, or choose another folder with --out."):
        context.recover()
        context.forget(_WORK)
        yield context.resume(_WORK)


def publish(context: RunContext, work: Path, found: EndpointLoad, soak: Soak | None) -> None:
    """Put results and the files that they are made of in their place, instead of earlier ones."""
    write_atomically(work / RESULT, found.model_dump_json(indent=2) + "\n")
    if soak is not None:
        write_atomically(work / SOAK_FILE, soak.model_dump_json(indent=2) + "\n")
    with context.staged(_FOLDER) as folder:
        for path in work.iterdir():
            path.rename(folder / path.name)
    context.forget(_WORK)


def _require_own(out: Path) -> None:
    there = out / _FOLDER
    others = there.exists() and not (there / RESULT).is_file() and not (there.is_dir() and not any(there.iterdir()))
    if others or (out / _RECORD).exists():
        what = "the results of a recipe" if (out / _RECORD).exists() else f"'{_FOLDER}', which awqctl would replace"
        raise UsageError(f"{out} holds {what}. Choose a folder of its own with --out.")

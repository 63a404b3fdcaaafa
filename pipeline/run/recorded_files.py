"""The files that results in an output folder are made of, each with the SHA-256 that the results state."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from eval.bench.endpoint_soak import SOAK_FILE
from eval.bench.load.endpoint_result import ENDPOINT_FILE, read_endpoint
from eval.bench.soak.result import Soak
from pipeline.base.errors import SourceError
from pipeline.base.files import read_written
from pipeline.record.record import RECORD, load_record


def recorded_sums(out: Path) -> dict[str, str]:
    """Return SHA-256 by path below an output folder: what stages published, and the client's files of an endpoint.

    Raises:
        UsageError: the record, or what was measured at an endpoint, cannot be read.
    """
    record = load_record(out / RECORD)
    stages = record.stages.values() if record else ()
    return {path: digest for stage in stages if stage.usable for path, digest in stage.sums.items()} | {
        **dict(_of_endpoint(out / "bench" / ENDPOINT_FILE)),
        **dict(_of_soak(out / "bench" / SOAK_FILE)),
    }


def _of_endpoint(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        return
    for point in read_endpoint(path).points:
        for file in point.files:
            yield f"bench/{file.name}", file.sha256


def _of_soak(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        return
    try:
        soak = Soak.model_validate_json(read_written(path))
    except ValidationError as problem:
        raise SourceError(f"{path} is not what this version writes for a soak. Measure again.") from problem
    for file in soak.files:
        yield f"bench/{file.name}", file.sha256

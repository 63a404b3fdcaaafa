"""`report/evidence.json`: where each figure of a report is from, and the state of every file that it hangs on.

The manifest finds mix-ups, damage and figures typed by hand. It is no signature: who changes a report on purpose can
write another manifest too, but not one that the raw files bear out.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import ValidationError

from pipeline import __version__
from pipeline.base.checkout import own_commit
from pipeline.base.errors import SourceError
from pipeline.base.files import read_written, write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.results import Origin, Result
from pipeline.hardware.machine import Machine
from pipeline.models.checksums import FileSum, read_sums
from pipeline.models.manifest import NAME as CHECKPOINT_MANIFEST
from pipeline.record.record import RECORD
from pipeline.report.document import ReportDocument
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs
from pipeline.report.printed import figures_of

EVIDENCE = "evidence.json"
"""Beside the report."""
_CHECKPOINT = f"checkpoint/{CHECKPOINT_MANIFEST}"
"""Vouches for the weights, which are too large to be read for every report."""


class FigureEvidence(Result):
    """A figure as it is printed, and where it is from."""

    where: str
    text: str
    value: float | None
    origin: Origin
    keys: Keys


class StageEvidence(Result):
    """How the results of a stage were made."""

    command: str
    started_at: str
    seconds: float
    awqctl: str
    awqctl_commit: str
    python: str
    packages: dict[str, str]
    machine: Machine


class RunEvidence(Result):
    """The run that a report is of."""

    identity: str
    """SHA-256 of the recipe and of all results that the report draws on."""
    recipe: str
    recipe_digest: str
    recipe_origin: str | None
    """`packaged:NAME`, or the name of the file."""
    mlflow_run_id: str | None
    stages: dict[str, StageEvidence]


class EvidenceManifest(Result):
    """Contents of `evidence.json`. All paths are relative to the output folder of the run."""

    schema_version: Literal[1] = 1
    awqctl: str
    """Version that wrote the report."""
    awqctl_commit: str
    run: RunEvidence
    reports: dict[str, FileSum]
    """Every file of the report, by its path below the report's folder."""
    files: dict[str, FileSum]
    """Of the results, and the raw files that these are made from. The record is named by the run's identity."""
    figures: dict[str, FigureEvidence]


def identity_of(inputs: Inputs) -> str:
    """Return what names the recipe and the results that a report draws on; later stages and attempts do not count."""
    stages = {name: inputs.record.stages[name].model_dump(mode="json") for name in inputs.stages}
    recipe = inputs.recipe.model_dump(mode="json", exclude={"report": {"formats", "brand", "pptx_template"}})
    return document_identity({"recipe": recipe, "stages": stages})


def evidence_of(inputs: Inputs, report: ReportDocument, folder: Path, out: Path) -> EvidenceManifest:
    """Return the manifest of a report that was just written.

    Args:
        inputs: that the report was made of.
        report: the report.
        folder: with all files of the report.
        out: the output folder of the run.

    Raises:
        UnsourcedFigureError: a figure does not say where it is from.
    """
    record = inputs.record
    figures = {
        one.id: FigureEvidence(where=one.where, text=one.text, value=one.value, origin=one.origin, keys=one.keys)
        for one in figures_of(report)
        if one.origin is not None
    }
    return EvidenceManifest(
        awqctl=__version__,
        awqctl_commit=own_commit(),
        run=RunEvidence(
            identity=identity_of(inputs),
            recipe=inputs.recipe.name,
            recipe_digest=inputs.recipe_digest,
            recipe_origin=_named(record.recipe_origin),
            mlflow_run_id=record.mlflow_run_id,
            stages=dict(_stages(inputs)),
        ),
        reports=_sums(folder, [name for name in files_below(folder) if name != EVIDENCE]),
        files=_sums(out, files_behind(inputs, report)),
        figures=figures,
    )


def write_evidence(inputs: Inputs, report: ReportDocument, folder: Path, out: Path) -> None:
    """Write the manifest of a report beside it, after all its other files."""
    text = evidence_of(inputs, report, folder, out).model_dump_json(indent=1)
    write_atomically(folder / EVIDENCE, f"{text}\n")


def read_evidence(path: Path) -> EvidenceManifest:
    """Return a manifest.

    Raises:
        SourceError: it is not there, or none that this version reads.
    """
    try:
        return EvidenceManifest.model_validate_json(read_written(path))
    except OSError as problem:
        raise SourceError(f"{path} cannot be read ({problem.strerror}). Write the report again.") from problem
    except (ValidationError, ValueError) as problem:
        raise SourceError(
            f"{path} is no evidence that this version of awqctl reads. Write the report again."
        ) from problem


def files_below(folder: Path) -> list[str]:
    """Return the files below a folder, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def files_behind(inputs: Inputs, report: ReportDocument) -> list[str]:
    """Return the files of the run that a report hangs on: what stages published, and where keys lead; no record."""
    keyed = (key.partition("#")[0] for figure in figures_of(report) for key in figure.keys)
    return [name for name in dict.fromkeys((*_raw_files(inputs), *keyed)) if name != RECORD]


def _raw_files(inputs: Inputs) -> Iterator[str]:
    """Yield what the stages published, and what vouches for the checkpoint."""
    for name in inputs.stages:
        stage = inputs.record.stages[name]
        yield from stage.sums
        yield from (path for path in stage.artifacts.values() if path == _CHECKPOINT)


def _sums(folder: Path, names: list[str]) -> dict[str, FileSum]:
    """Return the sums of files; one that is not there has none, and its figures do not verify."""
    found = read_sums(folder, names)
    return {
        name: FileSum(bytes=one.bytes, sha256=one.sha256) for name, one in found.items() if isinstance(one, FileSum)
    }


def _named(origin: str | None) -> str | None:
    return origin if origin is None or origin.startswith("packaged:") else PurePosixPath(origin).name


def _stages(inputs: Inputs) -> Iterator[tuple[str, StageEvidence]]:
    for name in inputs.stages:
        stage = inputs.record.stages[name]
        made = stage.environment
        yield (
            name,
            StageEvidence(
                command=f"awqctl {name} {inputs.recipe.name}",
                started_at=stage.started_at,
                seconds=stage.seconds,
                awqctl=made.awqctl,
                awqctl_commit=made.awqctl_commit,
                python=made.python,
                packages=made.packages,
                machine=made.machine,
            ),
        )

"""The chain from a report back to the raw files of its run, link by link.

1. The files of the report against the hashes in `evidence.json`.
2. What they print against the report that the record gives today, made by the same code.
3. What `evidence.json` says of each figure against the same, and every key against the file that it leads into.
4. The files of the run against their hashes, and results in the record against their files.
5. Results against what raw files give, where something computes that, and gates against the results.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.base.errors import AwqctlError, SourceError
from pipeline.base.files import read_written
from pipeline.models.checksums import FileSum, read_sums
from pipeline.recipe.load import validate_recipe
from pipeline.recipe.migrate import migrate
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RECORD, RunRecord, load_record
from pipeline.report.document import Brand, ReportDocument
from pipeline.report.evidence import file_of
from pipeline.report.inputs import REPORTED, Inputs, inputs_of
from pipeline.report.manifest import EvidenceManifest, files_behind, identity_of, read_evidence
from pipeline.report.printed import figures_of
from pipeline.report.render.formats import FORMATS
from pipeline.report.view import report_of
from pipeline.verification.accuracy import check_accuracy, check_gates
from pipeline.verification.keys import KeyReader, UnknownKeyError
from pipeline.verification.place import Place, place_of
from pipeline.verification.readings import Pieces, expected_of, names_of, read_report, rendered, whole_of
from pipeline.verification.result import Problem, Recomputed, ReportCheck
from pipeline.verification.speed import check_speed

_NOT_OF_SAMPLES = "token probabilities and overlap are not made again"
_NOT_OF_DETAILS = "memory, start, what binds, rates and soaks are not made again"


def verify_report(path: Path, run: Path | None = None) -> ReportCheck:
    """Return what of a report no longer holds.

    Args:
        path: a report in any format, its `evidence.json`, or the output folder of a run.
        run: the output folder, where the report does not lie in it.

    Raises:
        SourceError: there is nothing to check, or no run to hold it against.
        UsageError: the record cannot be read.
    """
    place = place_of(path, run)
    record = load_record(place.out / RECORD)
    if record is None:
        raise SourceError(f"{place.out} has no {RECORD}.")
    inputs = inputs_of(_recipe_of(record, place.out), record)
    report, evidence = _branded(report_of(inputs), inputs.recipe), read_evidence(place.evidence)
    problems = [*_of_run(evidence, inputs)]
    hashed: list[str] = []
    figures = 0
    for file in place.reports:
        templated = inputs.recipe.report.pptx_template is not None
        found, compared = _of_file(file, evidence, report, templated=templated)
        problems += found
        figures += compared
        if not compared:
            hashed.append(f"{file.name}: only its hash and the figures in the evidence, its text is not read back")
    problems += [*_of_figures(evidence, report), *_of_keys(report, place)]
    problems += [*_of_files(evidence, inputs, report, place.out), *_of_payloads(inputs, place.out)]
    made, differing, others = _of_results(inputs, place.out)
    return ReportCheck(
        reports=tuple(file.name for file in place.reports),
        intact=not problems and not differing,
        run=evidence.run.identity,
        figures=figures,
        keys=sum(len(one.keys) for one in figures_of(report)),
        files=len(evidence.files) + len(place.reports),
        recomputed=made,
        hashes_only=(*hashed, *others),
        problems=tuple(dict.fromkeys((*problems, *differing))),
    )


def _recipe_of(record: RunRecord, out: Path) -> Recipe:
    document, _ = migrate(deepcopy(record.recipe))
    return validate_recipe(document, str(out / RECORD))


def _branded(report: ReportDocument, recipe: Recipe) -> ReportDocument:
    """Return the report with the name that stands in its running heads; a logo prints nothing."""
    name = recipe.report.brand.name
    return report.model_copy(update={"brand": Brand(name=name)}) if name else report


def _of_run(evidence: EvidenceManifest, inputs: Inputs) -> Iterator[Problem]:
    if evidence.run.recipe != inputs.recipe.name:
        detail = f"it is of another run: of the recipe '{evidence.run.recipe}', and this run is '{inputs.recipe.name}'"
        yield Problem(kind="run", where="evidence.json", detail=detail)
    elif evidence.run.identity != identity_of(inputs):
        detail = "it is of another run, or the results in the record have changed since the report was written"
        yield Problem(kind="run", where="evidence.json", detail=detail)


def _of_file(
    file: Path, evidence: EvidenceManifest, report: ReportDocument, *, templated: bool
) -> tuple[list[Problem], int]:
    """Return what does not hold of one file, and how many pieces of it were compared."""
    data, problems = file.read_bytes(), list[Problem]()
    known = evidence.reports.get(file.name)
    written = {one.sha256 for name, one in evidence.reports.items() if name.endswith(file.suffix.lower())}
    if hashlib.sha256(data).hexdigest() not in written:
        detail = "not as it was written" if known else "evidence.json does not know it"
        problems.append(Problem(kind="report", where=file.name, detail=f"{detail} (SHA-256)"))
    format_ = file.suffix.removeprefix(".").lower()
    try:
        found = read_report(format_, data)
    except AwqctlError as problem:
        return [*problems, Problem(kind="report", where=file.name, detail=problem.message)], 0
    if found is None:
        return problems, 0
    try:
        made = rendered(format_, report, data if templated and FORMATS[format_].takes_template else None)
    except SourceError as problem:
        return [*problems, Problem(kind="report", where=file.name, detail=problem.message)], 0
    expected, names = expected_of(format_, report, made), names_of(report)
    if found.run and found.run not in (report.run, evidence.run.identity):
        detail = f"it is the report of another run ({found.run[:12]}, and this run is {report.run[:12]})"
        problems.append(Problem(kind="run", where=file.name, detail=detail))
    problems += _differences(found.pieces, expected.pieces, file.name, names)
    if found.numbers is not None and expected.numbers is not None:
        problems += _differences(found.numbers, expected.numbers, f"{file.name}, unrounded", names)
    if not any(one.kind == "figure" for one in problems):
        problems += _differences(whole_of(format_, data), whole_of(format_, made), file.name, {})
    return problems, len(expected.pieces)


def _differences(found: Pieces, expected: Pieces, file: str, names: dict[str, str]) -> Iterator[Problem]:
    for name, text in expected.items():
        if found.get(name) != text:
            where = names.get(name.removesuffix(" (keys)"), name)
            yield Problem(kind="figure", where=f"{file}: {where}", found=found.get(name), expected=text)
    for name in found.keys() - expected.keys():
        detail = "the record gives no such figure or sentence"
        yield Problem(kind="figure", where=f"{file}: {name}", found=found[name], detail=detail)


def _of_figures(evidence: EvidenceManifest, report: ReportDocument) -> Iterator[Problem]:
    expected = {one.id: one for one in figures_of(report)}
    for name, one in expected.items():
        known = evidence.figures.get(name)
        if known is None or (known.text, known.value, known.keys, known.origin) != (
            one.text,
            one.value,
            one.keys,
            one.origin,
        ):
            found = known.text if known else None
            yield Problem(kind="figure", where=f"evidence.json: {one.where}", found=found, expected=one.text)
    for name in evidence.figures.keys() - expected.keys():
        detail = "the record gives no such figure"
        known = evidence.figures[name]
        yield Problem(kind="figure", where=f"evidence.json: {known.where}", found=known.text, detail=detail)


def _of_keys(report: ReportDocument, place: Place) -> Iterator[Problem]:
    """Yield keys that lead nowhere, and figures printed as they were found that are not what stands there."""
    reader = KeyReader(place.out)
    for one in figures_of(report):
        for key in one.keys:
            try:
                found = reader.value(key)
            except UnknownKeyError as problem:
                yield Problem(kind="key", where=one.where, detail=f"{key}: {problem}")
                continue
            alone = len(one.keys) == 1 and one.value is not None
            if alone and isinstance(found, int | float) and found != one.value:
                yield Problem(kind="key", where=f"{one.where}: {key}", found=repr(found), expected=repr(one.value))


def _of_files(evidence: EvidenceManifest, inputs: Inputs, report: ReportDocument, out: Path) -> Iterator[Problem]:
    record = inputs.record
    for path in files_behind(inputs, report):
        if path not in evidence.files:
            yield Problem(kind="file", where=path, detail="figures hang on it, and evidence.json does not vouch for it")
    recorded = {path: digest for stage in record.stages.values() if stage.usable for path, digest in stage.sums.items()}
    for path, found in read_sums(out, list(evidence.files)).items():
        known = evidence.files[path]
        if not isinstance(found, FileSum):
            yield Problem(kind="file", where=path, detail=f"cannot be read ({found.strerror})")
        elif found.sha256 != known.sha256:
            yield Problem(kind="file", where=path, detail="not as it was when the report was written (SHA-256)")
        elif recorded.get(path, known.sha256) != known.sha256:
            yield Problem(kind="file", where=path, detail="not as the record has it (SHA-256)")


def _of_payloads(inputs: Inputs, out: Path) -> Iterator[Problem]:
    """Yield results of which the record and their own file do not say the same; one that is gone is said elsewhere."""
    record = _json(out / RECORD)
    for kind in REPORTED:
        name = file_of(kind)
        if name is None or not inputs.has(kind) or (beside := _json(out / name)) is None:
            continue
        if record["stages"][kind.STAGE]["payload"] != beside:
            detail = f"not what the record has of the stage {kind.STAGE}, which the report is made of"
            yield Problem(kind="result", where=name, detail=detail)


def _json(path: Path) -> Any:
    """Return a JSON document; None where it cannot be read."""
    try:
        return json.loads(read_written(path))
    except (OSError, ValueError):
        return None


def _unsummed(load: BenchResult, sums: Mapping[str, str]) -> Iterator[Problem]:
    """Yield raw files that speeds are made again from although the stage did not publish them, or other bytes."""
    runs = (run for arm in load.arms for point in arm.points for run in point.valid)
    for run in runs if sums else ():
        if sums.get(f"bench/{run.raw_file}") != run.raw_sha256:
            detail = "the result is made of it, and the record does not vouch for it"
            yield Problem(kind="file", where=f"bench/{run.raw_file}", detail=detail)


def _of_results(inputs: Inputs, out: Path) -> tuple[tuple[Recomputed, ...], list[Problem], list[str]]:
    """Return what was made again from raw files, what differs, and what only hashes speak for."""
    made: list[Recomputed] = []
    problems: list[Problem] = []
    if inputs.has(BenchResult):
        speed, found = check_speed(inputs.load, out / "bench")
        made += [speed] if speed else []
        problems += [*found, *_unsummed(inputs.load, inputs.record.stages[BenchResult.STAGE].sums)]
    if inputs.has(EvalResult):
        accuracy, found = check_accuracy(inputs.accuracy, inputs.recipe, out / "eval")
        made += [accuracy] if accuracy else []
        problems += [*found, *check_gates(inputs.accuracy, inputs.record.stages[EvalResult.STAGE].gates)]
    known = {EvalResult.STAGE: _NOT_OF_SAMPLES, BenchResult.STAGE: _NOT_OF_DETAILS}
    others = [f"{name}: {what}, only hashed" for name, what in known.items() if name in inputs.stages]
    others += [f"{name}: its results are not made again, only hashed" for name in inputs.stages if name not in known]
    return tuple(made), problems, others

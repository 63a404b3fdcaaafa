"""A run delivered: made beside its place, checked, and moved there whole."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import __version__
from pipeline.base.errors import GateError, UsageError
from pipeline.base.results import Gate, Result
from pipeline.base.yaml_text import write_yaml
from pipeline.deliver.contents import (
    RECIPE_FILE,
    copy_acceptance,
    copy_checkpoint,
    copy_results,
    files_and_folders,
    made_of,
    redacted_record,
    redactor_of,
    require_clean,
    unchanged,
)
from pipeline.deliver.manifest import DeliveryManifest, files_of, is_delivery, read_delivery, write_delivery
from pipeline.deliver.readme import readme
from pipeline.models.checksums import sum_files
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.report import Format
from pipeline.record.checkpoint import checkpoint_of
from pipeline.record.context import RunContext
from pipeline.record.publish import RETIRED, publish, remove, settle
from pipeline.record.record import RECORD, RunRecord, save_record
from pipeline.report import stage as report_stage
from pipeline.report.inputs import inputs_of
from pipeline.report.manifest import identity_of
from pipeline.report.render.formats import FORMATS, formats_in
from pipeline.run.acceptance import clauses_not_kept
from pipeline.run.gates import gates_not_passed
from pipeline.run.outputs import changed
from pipeline.run.stages import stage_named, upstream_of

_ACCURACY = "eval"
_BUSY = ", so its results may change meanwhile. Wait for it, or stop it."


class Delivery(Result):
    """What was delivered."""

    out: str
    files: int
    bytes: int
    formats: tuple[str, ...]
    gates_not_passed: tuple[str, ...]
    not_measured: tuple[str, ...]


def deliver(
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    out: Path,
    *,
    formats: tuple[Format, ...] = (),
    force: bool = False,
    despite_gates: bool = False,
) -> Delivery:
    """Put together what a client keeps of a run, and return what there is.

    Args:
        recipe: as recorded.
        context: of the run.
        record: of the run.
        out: the folder to make.
        formats: of the report; those that the run has, where none is named.
        force: whether an earlier delivery at `out` is replaced.
        despite_gates: whether a checkpoint that did not pass its gates is delivered; its README says so.

    Raises:
        UsageError: `out` is there already, or lies in the run's folder.
        GateError: a gate was not passed, or a clause that was agreed not kept.
        SourceError: a file of the run is gone, changed, or holds a secret.
        MissingStageError: there is no checkpoint.
    """
    require_apart(out, context.out)
    place = out.resolve()  # where a link leads, which stays a link
    scratch = place.with_name(f".{place.name}.partial")
    settle(scratch / f"{place.name}{RETIRED}", place, None)
    require_free(out, force=force)
    made = made_of(record)
    gates = (*gates_not_passed(recipe, record), *clauses_not_kept(recipe, record))
    _require_passed(gates, despite=despite_gates)
    with context.alone(_BUSY):
        unchanged(changed(_published(record), context.out, context.sums), context.out)
        checkpoint_of(context, made.checkpoint_digest)
        remove(scratch)
        partial = scratch / "delivery"
        partial.mkdir(parents=True)
        try:
            wanted = formats or formats_in(context.out / report_stage.FOLDER) or recipe.report.formats
            found = _filled(partial, recipe, context, record, wanted, gates)
            publish(partial, place)
        finally:
            if not any(scratch.glob(f"*{RETIRED}")):  # an earlier delivery that could not be put back stays
                remove(scratch)
    return found.model_copy(update={"out": str(out)})


def require_apart(out: Path, run: Path) -> None:
    """Refuse a folder within the run's, which stages replace, or around it, which `--force` would remove with it.

    Raises:
        UsageError: it is one.
    """
    target, source = out.resolve(), run.resolve()
    if target.is_relative_to(source) or (source.is_relative_to(target) and out.exists()):
        raise UsageError(
            f"{out} and the run's folder {run} lie in one another, so that one would be removed with the other. "
            f"Choose a folder beside it with --out."
        )


def require_free(out: Path, *, force: bool) -> None:
    """Refuse a folder that is there, unless it is an earlier delivery that may go.

    Raises:
        UsageError: it is.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not is_delivery(out):
        raise UsageError(f"{out} is there and is no delivery, so it is not replaced. Choose another folder with --out.")
    if not force:
        raise UsageError(
            f"{out} has an earlier delivery. Replace it with --force, or choose another folder with --out."
        )


def require_same_run(out: Path, recipe: Recipe, record: RunRecord) -> None:
    """Refuse a delivery of another run, or of earlier results, where an upload is to go on.

    Raises:
        UsageError: it is one.
    """
    if read_delivery(out).made_from != identity_of(inputs_of(recipe, record)):
        raise UsageError(
            f"{out} is a delivery of another run, or of earlier results of this one. Replace it with --force, or "
            f"choose another folder with --out."
        )


def _require_passed(gates: tuple[Gate, ...], *, despite: bool) -> None:
    if gates and not despite:
        said = " ".join(f"{gate.name} ({gate.outcome}): {gate.statement}" for gate in gates)
        amount = "a gate" if len(gates) == 1 else f"{len(gates)} gates"
        raise GateError(
            f"This checkpoint did not pass {amount}, so it is not delivered: {said} Mend that, or deliver it all the "
            f"same with --despite-gates; its README says so then."
        )


def _published(record: RunRecord) -> dict[str, str]:
    return {path: digest for stage in record.stages.values() if stage.usable for path, digest in stage.sums.items()}


def _filled(
    folder: Path,
    recipe: Recipe,
    context: RunContext,
    record: RunRecord,
    formats: tuple[Format, ...],
    gates: tuple[Gate, ...],
) -> Delivery:
    """Fill the folder and return what is in it."""
    redactor = redactor_of(record, context)
    copied = copy_results(record, context, folder, redactor)
    copy_checkpoint(context, folder, redactor)
    clean = redacted_record(record, redactor, copied, files_and_folders(folder))
    clean = _linked(clean, recipe, record)
    told = Recipe.model_validate(clean.recipe)
    clean = _reported(folder, told, recipe, context, clean, formats)
    copy_acceptance(record, context, folder, redactor)
    save_record(clean, folder / RECORD)
    (folder / RECIPE_FILE).write_text(write_yaml(clean.recipe), encoding="utf-8")
    absent = () if record.stages.get(_ACCURACY) else ("The accuracy of this checkpoint was not measured.",)
    reports = [f"{report_stage.FOLDER}/{FORMATS[name].file}" for name in formats]
    text = readme(recipe.name, made_of(clean).source, files_and_folders(folder), reports, gates, absent)
    (folder / "README.md").write_text(text, encoding="utf-8")
    require_clean(folder, redactor)
    said = tuple(f"{gate.name} ({gate.outcome}): {gate.statement}" for gate in gates)
    manifest = DeliveryManifest(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        awqctl=__version__,
        recipe=recipe.name,
        run=identity_of(inputs_of(told, clean)),
        made_from=identity_of(inputs_of(recipe, record)),
        formats=formats,
        gates_not_passed=said,
        not_measured=absent,
        redacted=copied.before,
        files=sum_files(folder, names=files_of(folder)),
    )
    write_delivery(manifest, folder)
    return Delivery(
        out="",
        files=len(manifest.files),
        bytes=sum(one.bytes for one in manifest.files.values()),
        formats=formats,
        gates_not_passed=said,
        not_measured=absent,
    )


def _linked(clean: RunRecord, recipe: Recipe, record: RunRecord) -> RunRecord:
    """Return the record with the hashes of results that others were made from, as far as they held before."""
    stages = dict(clean.stages)
    for name, stage in record.stages.items():
        before = upstream_of(stage_named(name), recipe, record)
        held = [one for one, value in before.items() if stage.inputs.get(one) == value]
        after = upstream_of(stage_named(name), Recipe.model_validate(clean.recipe), clean)
        inputs = {**stages[name].inputs, **{one: after[one] for one in held if one in after}}
        stages[name] = stages[name].model_copy(update={"inputs": inputs})
    return clean.model_copy(update={"stages": stages})


def _reported(
    folder: Path, told: Recipe, recipe: Recipe, context: RunContext, record: RunRecord, formats: tuple[Format, ...]
) -> RunRecord:
    """Write the report of the delivered record into the folder; return the record with it, where it had one.

    The logo and the template of the slides are those of the run's recipe, whose paths lead somewhere.
    """
    own = {"formats": formats, "pptx_template": recipe.report.pptx_template, "brand": recipe.report.brand}
    asked = told.model_copy(update={"report": told.report.model_copy(update=own)})
    here = replace(context.quiet(), out=folder, published=[])
    done = report_stage.run(asked, here, record)
    remove(folder / ".partial")
    earlier = record.stages.get(report_stage.STAGE.name)
    if earlier is None:
        return record
    written = folder / report_stage.FOLDER
    sums = {f"{report_stage.FOLDER}/{name}": one.sha256 for name, one in sum_files(written).items()}
    update = {"sums": sums, "artifacts": done.artifacts, "payload": done.result.model_dump(mode="json")}
    return record.with_stage(earlier.model_copy(update=update))

"""Acceptance terms go into the record before anything is measured; what came of them decides how a run ends."""

from datetime import UTC, datetime

from pipeline.base.commands import for_readers
from pipeline.base.errors import MissingStageError
from pipeline.base.results import Gate
from pipeline.recipe.acceptance_file import AgreedTerms, agreed_terms
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.report.acceptance.judge import AcceptanceJudgement, acceptance_of
from pipeline.report.acceptance.wording import sentence
from pipeline.report.inputs import inputs_of
from pipeline.report.language.language import ENGLISH


def terms_for(recipe: Recipe, context: RunContext) -> AgreedTerms | None:
    """Return the terms that the recipe names; None where it names none.

    Raises:
        RecipeError: their file is not there, or not valid.
    """
    section = recipe.acceptance_or_none
    return None if section is None else agreed_terms(section, context.recipe_dir)


def with_terms(record: RunRecord, found: AgreedTerms | None) -> RunRecord:
    """Return the record with the terms as its last version; the record itself where they are that already.

    A recipe without any leaves those that were agreed before in force: leaving out a key is no way out of them.
    """
    if found is None or (record.acceptance and record.acceptance[-1].sha256 == found.sha256):
        return record
    version = AcceptanceVersion(
        recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source=found.source,
        sha256=found.sha256,
        terms=found.terms.model_dump(mode="json"),
    )
    return record.model_copy(update={"acceptance": (*record.acceptance, version)})


def clauses_not_kept(recipe: Recipe, record: RunRecord) -> tuple[Gate, ...]:
    """Return the clauses for which a run ends with 3, as gates; also a client reads of them, elsewhere."""
    with for_readers(recipe.name):
        found = judged_acceptance(recipe, record)
    return tuple(
        Gate(
            name=f"clause {one.id}",
            passed=False,
            verdict="fail" if one.outcome == "failed" else "inconclusive",
            statement=sentence(one, ENGLISH.acceptance),
        )
        for one in (found.stopping if found else ())
    )


def judged_acceptance(recipe: Recipe, record: RunRecord) -> AcceptanceJudgement | None:
    """Return every clause held against the record; None where nothing was agreed, or there is no result yet."""
    if not record.acceptance:
        return None
    try:
        return acceptance_of(inputs_of(recipe, record))
    except MissingStageError:
        return None

"""Which version of the terms stood when a stage measured, and what changed since: a later one is not taken for it."""

from collections.abc import Sequence

from pydantic import ValidationError

from eval.accuracy.result import EvalResult
from eval.bench.result import BenchResult
from pipeline.recipe.acceptance import AcceptanceTerms, AccuracyClause, ClauseBase, UptimeClause
from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.report.acceptance.measured import runs_of


def terms_of(version: AcceptanceVersion) -> AcceptanceTerms | None:
    """Return the terms; None of those that another version of awqctl wrote and this one does not read."""
    try:
        return AcceptanceTerms.model_validate(version.terms)
    except ValidationError:
        return None


def stage_of(clause: ClauseBase) -> str | None:
    """Return the stage that measures a clause; None of what no run measures."""
    if isinstance(clause, UptimeClause):
        return None
    return EvalResult.STAGE if isinstance(clause, AccuracyClause) else BenchResult.STAGE


def measured_at(record: RunRecord, stage: str | None) -> str | None:
    """Return when a stage's figures began to be measured, earlier attempts that it went on from included."""
    result = record.stages.get(stage) if stage else None
    if result is None or not result.usable:
        return None
    begun = [result.started_at]
    if stage == BenchResult.STAGE and (bench := record.find(BenchResult)):
        begun += [run.measured_at for arm in bench.arms for run in runs_of(arm)]
    return min(begun)


def agreed_before(versions: Sequence[AcceptanceVersion], moment: str | None) -> AcceptanceVersion | None:
    """Return the last version that was recorded when the measurement began; None where there was none."""
    if moment is None:
        return versions[-1]
    return next((one for one in reversed(versions) if one.recorded_at <= moment), None)


def came_after(versions: Sequence[AcceptanceVersion], moment: str | None) -> bool:
    """Return whether the version in force was not there when the measurement began."""
    known = moment is None or any(
        one.sha256 == versions[-1].sha256 for one in versions if one.recorded_at <= (moment or "")
    )
    return not known


def changed_clauses(before: AcceptanceTerms, after: AcceptanceTerms) -> tuple[str, ...]:
    """Return the ids of clauses that are new, gone, or ask for something else; other words change nothing."""
    old, new = ({one.id: one.model_dump(exclude={"words"}) for one in terms.clauses} for terms in (before, after))
    return tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))

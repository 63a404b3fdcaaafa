"""The clause on failed requests, by exact binomial bounds; and the one on uptime, which no run measures."""

from eval.bench.result import BenchResult
from eval.statistics.rates import rate_bounds, trials_needed
from pipeline.base.commands import command
from pipeline.base.format import count
from pipeline.base.phrase import phrase
from pipeline.recipe.acceptance import ErrorsClause, UptimeClause
from pipeline.report.acceptance.judgement import Found, Limit, Missing
from pipeline.report.acceptance.measured import Measured, arm_of, runs_of, soaks_of
from pipeline.report.language.en.acceptance import AcceptanceSentences as Say


def errors_limit(clause: ErrorsClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at most", clause.max_share, "share")


def errors(clause: ErrorsClause, measured: Measured) -> Found | Missing:
    """Return the share of an arm's requests that failed, of loads that are void for it, too."""
    found = arm_of(measured.load, clause.arm)
    if isinstance(found, Missing):
        return found
    runs = runs_of(found, clause.concurrency)
    soaks = soaks_of(measured.load, clause.arm) if measured.load and clause.concurrency is None else ()
    failed = sum(run.failed for run in runs) + sum(soak.failed for soak in soaks)
    sent = sum(run.sent for run in runs) + sum(soak.requests for soak in soaks)
    if not sent:
        return Missing(phrase(Say.no_requests_counted), command(BenchResult.STAGE))
    parts = [(run, field) for run in runs for field in ("failed", "sent")]
    soaked = [(soak, field) for soak in soaks for field in ("failed", "requests")]
    needed = trials_needed(clause.max_share)
    return Found(
        value=failed / sent,
        interval=rate_bounds(failed, sent),
        parts=(*parts, *soaked),
        why_undecided=phrase(Say.requests_do_not_tell, failed=count(failed), sent=count(sent), needed=count(needed)),
        command=command(BenchResult.STAGE, "--soak"),
    )


def uptime_limit(clause: UptimeClause) -> Limit:
    """Return what the clause asks for."""
    return Limit("at least", clause.min_share, "share")


def uptime(_clause: UptimeClause, _measured: Measured) -> Missing:
    """Return that a run of minutes says nothing of months."""
    return Missing(phrase(Say.uptime_is_operated), command("serve"))

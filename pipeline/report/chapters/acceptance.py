"""The chapter on acceptance: every clause with what was found, and when the terms were agreed."""

from pipeline.base.format import day, moment
from pipeline.base.results import Origin
from pipeline.report.acceptance.judge import AcceptanceJudgement, ClauseJudgement, acceptance_of
from pipeline.report.acceptance.judgement import OUTCOMES, Outcome
from pipeline.report.acceptance.wording import about_text, found_text, limit_text, reason_text
from pipeline.report.cells import word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Cell, Finding, Section, Table, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.acceptance import AcceptanceSentences
from pipeline.roi.quantity import weakest

TONES: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "not decided": "caution", "not measured": "caution"}


def acceptance_section(inputs: Inputs) -> Section:
    """Return the terms, every clause, and what would settle those that are open."""
    found, say = _found(inputs), inputs.say.acceptance
    return Section(
        id="acceptance",
        title=say.title,
        paragraphs=(" ".join(agreement(found, inputs)), _counts(found, say)),
        tables=(clauses_table(found, inputs),),
        bullets=tuple(_open(one, say) for one in found.clauses if one.reason),
    )


def agreement(found: AcceptanceJudgement, inputs: Inputs) -> tuple[str, ...]:
    """Return which terms these are, who signed them, and whether that was before the measurements."""
    say = inputs.say.acceptance
    sums = say.terms(found.source, found.sha256, moment(found.recorded_at))
    return tuple(
        filter(None, (found.title and f"{found.title}.", sums, *_signature(found, inputs), *_standing(found, say)))
    )


def _signature(found: AcceptanceJudgement, inputs: Inputs) -> tuple[str, ...]:
    say, signed = inputs.say.acceptance, found.signed_off
    if signed is None:
        return (say.not_signed,)
    name = say.person(signed.name, signed.role) if signed.role else signed.name
    late = found.standing != "nothing measured" and signed.date.isoformat() > inputs.iso_day
    return (say.signed(name, day(signed.date.isoformat())), say.signed_after if late else "")


def _standing(found: AcceptanceJudgement, say: AcceptanceSentences) -> tuple[str, ...]:
    if found.standing != "after":
        return (say.standing_before if found.standing == "before" else say.nothing_measured,)
    if found.agreed_sha256 is None:
        return say.standing_after, say.none_before
    agreed = found.agreed_sha256
    return say.standing_after, say.changed(agreed, say.listing(found.changed)) if found.changed else say.unchanged(
        agreed
    )


def _counts(found: AcceptanceJudgement, say: AcceptanceSentences) -> str:
    return say.counts(*(str(len(found.of(one))) for one in OUTCOMES))


def clauses_table(found: AcceptanceJudgement, inputs: Inputs, *, name: str = "acceptance-clauses") -> Table:
    """Return a row per clause."""
    say = inputs.say.acceptance
    return Table(
        id=name,
        title=say.table,
        columns=words(*say.columns),
        rows=tuple(_row(one, say) for one in found.clauses),
        note=say.note,
        sources=("record.json",),
    )


def _row(one: ClauseJudgement, say: AcceptanceSentences) -> tuple[Cell, ...]:
    about = one.clause.words or about_text(one.clause, say)
    outcome = say.outcomes[one.outcome]
    if one.earlier is not None:
        outcome = say.earlier(outcome, say.outcomes[one.earlier])
    figure = Cell(text=found_text(one, say), value=one.value, origin=_origin(one), evidence=one.evidence)
    return (
        word(one.id),
        word(about),
        word(limit_text(one, say), evidence=one.agreed_in),
        figure,
        word(outcome, TONES[one.outcome]),
    )


def _origin(one: ClauseJudgement) -> Origin | None:
    return None if one.value is None else one.origin


def _open(one: ClauseJudgement, say: AcceptanceSentences) -> str:
    way = say.run_this(one.command) if one.command else ""
    return say.why_open(one.id, " ".join(filter(None, (reason_text(one.reason, say), way))))


def _origins(found: AcceptanceJudgement) -> tuple[Origin, ...]:
    """Return the origins of all figures that clauses were held against."""
    known = tuple(one.origin for one in found.clauses if one.value is not None and one.origin is not None)
    return known or ("measured",)


def acceptance_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Return the outcome in a sentence; nothing where nothing was agreed."""
    found, say = acceptance_of(inputs), inputs.say.acceptance
    if found is None:
        return ()
    failed, left = found.of("failed"), found.of("not decided", "not measured")
    late = found.standing == "after"
    counted = say.headline(str(len(found.of("passed"))), str(len(found.clauses)), str(len(failed)))
    marks = (say.late if late else "", "" if found.signed_off else say.unsigned)
    details = (
        say.failed_clauses(say.listing([one.id for one in failed])) if failed else "",
        say.open_clauses(*(str(len(found.of(one))) for one in ("not decided", "not measured"))) if left else "",
        *_signature(found, inputs),
        *(_standing(found, say) if late else ()),
    )
    tone: Tone = "bad" if failed else "caution" if left or late or not found.signed_off else "good"
    return (
        Finding(
            topic=say.title,
            headline=" ".join(filter(None, (counted, *marks))),
            detail=" ".join(filter(None, details)),
            tone=tone,
            origin=weakest(_origins(found)),
            evidence=tuple(dict.fromkeys(key for one in found.clauses for key in (*one.agreed_in, *one.evidence))),
        ),
    )


def acceptance_summary(inputs: Inputs) -> tuple[Table, ...]:
    """Return the clauses for the terminal; nothing where nothing was agreed."""
    found = acceptance_of(inputs)
    if found is None:
        return ()
    notes = (inputs.say.acceptance.note, *(_open(one, inputs.say.acceptance) for one in found.clauses if one.reason))
    table = clauses_table(found, inputs, name="summary-acceptance")
    return (table.model_copy(update={"note": "\n".join(notes)}),)


def _found(inputs: Inputs) -> AcceptanceJudgement:
    found = acceptance_of(inputs)
    if found is None:
        raise KeyError("no acceptance terms are recorded")
    return found


ACCEPTANCE = Chapter(id="acceptance", write=acceptance_section, stands=lambda inputs: acceptance_of(inputs) is not None)

"""The report from operation as a document that every format renders."""

from collections.abc import Iterator, Sequence

from pipeline.base.format import count, day, percent, share, usd
from pipeline.base.manner import MANNERS, printed_in
from pipeline.report.document import Cover, Fact, Finding, KeyFigure, OriginMeaning, ReportDocument
from pipeline.report.evidence import Evidence
from pipeline.report.labels import labels_of
from pipeline.report.language.languages import LANGUAGES
from pipeline.report.operation.chapters import FILE, TONES, Operation, cost_keys, sections_of, value_or_none
from pipeline.report.operation.recommendations import recommendations
from pipeline.report.printed import figures_of
from serve.monitoring.operation import OperationResult
from serve.monitoring.promises import ServedCheckpoint
from serve.monitoring.service_levels import LevelVerdict


def operation_report(
    result: OperationResult, served: Sequence[ServedCheckpoint], language: str = "en"
) -> ReportDocument:
    """Return the report of what an endpoint did.

    Args:
        result: its figures, which `operation.json` has.
        served: its models.
        language: code of the report's language.

    Raises:
        UnsourcedFigureError: a figure does not say where it is from.
    """
    say = LANGUAGES[language]
    operation = Operation(result, Evidence.in_file(result, FILE), say.operation)
    with printed_in(MANNERS[language]):
        steps = recommendations(operation)
        report = ReportDocument(
            labels=labels_of(say),
            cover=_cover(operation, served),
            findings=tuple(_findings(operation)),
            summary=(),
            key_figures=tuple(_key_figures(operation)),
            recommendation=_summary(operation),
            next_steps=steps,
            legend=tuple(OriginMeaning(origin=one, meaning=meaning) for one, meaning in say.cover.origins.items()),
            sections=sections_of(operation),
            signatures=(Fact(label=say.operation.operator, text=""),),
            date=result.until[:10],
        )
    figures_of(report)
    return report


def _cover(operation: Operation, served: Sequence[ServedCheckpoint]) -> Cover:
    say, result = operation.say, operation.result
    period = say.days(say.periods[result.period], day(result.since), day(result.until[:10]))
    models = say.listing([say.served(one.model, one.release) for one in served])
    return Cover(
        title=say.title,
        client=None,
        prepared_by=None,
        facts=(
            Fact(label=say.endpoint, text=result.endpoint),
            Fact(label=say.period, text=period),
            Fact(label=say.models, text=models),
        ),
    )


def _summary(operation: Operation) -> str:
    say, levels = operation.say, operation.result.levels
    of = {
        verdict: [say.levels_within[one.level] for one in levels if one.verdict == verdict]
        for verdict in ("missed", "undecided")
    }
    said = []
    if of["missed"]:
        said.append(say.summary_missed(say.listing(of["missed"])))
    if of["undecided"]:
        said.append(say.summary_undecided(say.listing(of["undecided"])))
    return " ".join(said) or say.summary_kept(count(len(operation.result.days)))


def _findings(operation: Operation) -> Iterator[Finding]:
    say = operation.say
    for one in operation.result.levels:
        yield Finding(
            topic=say.levels[one.level],
            headline=_headline(operation, one),
            detail=_bounds(operation, one),
            tone=TONES[one.verdict],
            origin="measured",
            evidence=operation.evidence.of(one, "value", "limit"),
        )
    incidents = operation.result.incidents
    yield Finding(
        topic=say.incidents_topic,
        headline=say.incidents_headline(count(len(incidents))) if incidents else say.no_incidents,
        tone="caution" if incidents else "good",
        origin="measured",
        evidence=operation.keys("incidents"),
    )


def _headline(operation: Operation, one: LevelVerdict) -> str:
    say, limit = operation.say, operation.limit(one)
    verdict = say.verdicts[one.verdict]
    return (
        say.level_without_value(verdict, limit)
        if one.value is None
        else say.level_headline(value_or_none(one), verdict, limit)
    )


def _bounds(operation: Operation, one: LevelVerdict) -> str:
    if one.low is None or one.high is None:
        return operation.say.nothing_seen()
    say, timed = operation.say, one.level == "availability"
    if timed and one.low == one.high:
        return say.all_seen(say.amount(one.of, "sample"))
    said, form = (say.bounds_of_time, share) if timed else (say.bounds, percent)
    return said(form(one.low), form(one.high), say.shares[one.level])


def _key_figures(operation: Operation) -> Iterator[KeyFigure]:
    say, result, evidence = operation.say, operation.result, operation.evidence
    p95, errors, available = result.levels
    for label, one, detail in (
        (say.key_availability, available, say.of_seen),
        (say.key_p95, p95, say.at_the_door),
        (say.key_errors, errors, say.of_counted),
    ):
        yield KeyFigure(
            label=label,
            text=value_or_none(one),
            value=one.value,
            detail=detail,
            origin="measured",
            evidence=evidence.of(one, "value"),
            tone=TONES[one.verdict],
        )
    for label, field in ((say.key_requests, "answered"), (say.key_tokens, "completion_tokens")):
        amount = getattr(result.requests, field)
        yield KeyFigure(
            label=label,
            text=count(amount),
            value=amount,
            detail=say.in_period,
            origin="measured",
            evidence=evidence.of(result.requests, field),
        )
    if (cost := result.usd_per_mtok) is not None:
        yield KeyFigure(
            label=say.key_cost,
            text=usd(cost),
            value=cost,
            detail=say.of_machine,
            origin="modelled",
            evidence=cost_keys(operation),
        )

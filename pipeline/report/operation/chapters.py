"""The chapters of the report from operation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.base.format import NONE, certainty, count, decimal, percent, seconds, share_of_time, usd
from pipeline.base.format import drift as as_change
from pipeline.report.cells import facts_table, figure, is_long, numbers, shown, word, words
from pipeline.report.document import Cell, Section, Table, Tone
from pipeline.report.evidence import Evidence, Keys
from pipeline.report.language.en.operation import OperationSentences
from serve.monitoring.operation import DayFigures, KeyUse, OperationResult
from serve.monitoring.service_levels import LevelVerdict, Verdict

FILE = "operation.json"
"""The result that everything here is from, beside the report."""
TONES: dict[Verdict, Tone] = {"kept": "good", "missed": "bad", "undecided": "caution"}
_MILLION = 1e6
_HOUR = 3600


@dataclass(frozen=True)
class Operation:
    """The result, where its figures stand, and what is said of it."""

    result: OperationResult
    evidence: Evidence
    say: OperationSentences

    def limit(self, level: LevelVerdict) -> str:
        """Return what was promised, printed."""
        if level.level == "p95":
            return self.say.at_most(seconds(level.limit))
        return (
            self.say.at_least(certainty(level.limit))
            if level.level == "availability"
            else self.say.at_most(certainty(level.limit))
        )

    def keys(self, *fields: str) -> Keys:
        """Return where fields of the result itself stand."""
        return self.evidence.of(self.result, *fields)


def form_of(level: LevelVerdict) -> Callable[[float], str]:
    """Return how a level's figure is printed."""
    return {"p95": seconds, "errors": percent, "availability": share_of_time}[level.level]


def share_form(level: LevelVerdict) -> Callable[[float], str]:
    """Return how the share that a level is judged by is printed."""
    return share_of_time if level.level == "availability" else percent


def sections_of(operation: Operation) -> tuple[Section, ...]:
    """Return all chapters."""
    return (
        _service(operation),
        _keys(operation),
        _load(operation),
        _drift(operation),
        _incidents(operation),
    )


def _service(operation: Operation) -> Section:
    say, result = operation.say, operation.result
    spent = (result.ready_s, result.down_s, result.unknown_s, result.planned_s)
    return Section(
        id="service-levels",
        title=say.service_title,
        paragraphs=(say.time_spent(*(decimal(one / _HOUR, 2) for one in spent)), say.service_method()),
        tables=(_levels(operation), _days(operation)),
    )


def _levels(operation: Operation) -> Table:
    say, evidence = operation.say, operation.evidence
    rows = tuple(
        (
            word(say.levels[one.level]),
            word(operation.limit(one)),
            shown(evidence, one, "value", form_of(one)),
            word(say.shares[one.level]),
            shown(evidence, one, "low", share_form(one)),
            shown(evidence, one, "high", share_form(one)),
            shown(evidence, one, "of", count),
            word(say.verdicts[one.verdict], TONES[one.verdict]),
        )
        for one in operation.result.levels
    )
    names, figures = say.service_columns[:2], say.service_columns[2:]
    columns = (*words(*names), *numbers(figures[0]), *words(figures[1]), *numbers(*figures[2:5]), *words(figures[5]))
    return Table(
        id="service-levels", title=say.service_table, columns=columns, rows=rows, origin="measured", sources=(FILE,)
    )


def _days(operation: Operation) -> Table:
    say = operation.say
    columns = (*words(say.days_columns[0]), *numbers(*say.days_columns[1:6]), *words(*say.days_columns[6:]))
    days = operation.result.days
    return Table(
        id="levels-by-day",
        title=say.days_table,
        columns=columns,
        rows=tuple(_day(operation, day) for day in days),
        origin="measured",
        note=say.days_note,
        sources=(FILE,),
        folded=is_long(days),
    )


def _day(operation: Operation, day: DayFigures) -> tuple[Cell, ...]:
    evidence, (p95, errors, available) = operation.evidence, day.levels
    return (
        word(day.day),
        shown(evidence, day.requests, "answered", count),
        shown(evidence, day.requests, "failed", count),
        shown(evidence, p95, "value"),
        shown(evidence, errors, "value", percent),
        shown(evidence, available, "value", share_of_time),
        *(word(operation.say.verdicts[one.verdict], TONES[one.verdict]) for one in day.levels),
    )


def _keys(operation: Operation) -> Section:
    say, result = operation.say, operation.result
    return Section(
        id="keys",
        title=say.keys_title,
        paragraphs=tuple(_prices(operation)) if result.keys else (say.no_requests,),
        tables=(_uses(operation),) if result.keys else (),
    )


def _prices(operation: Operation) -> Iterator[str]:
    say, price, total = operation.say, operation.result.price, operation.result.usd
    if price is None or total is None:
        yield say.not_priced
        return
    yield say.priced(usd(price.usd_per_hour), usd(total))
    if price.planned_usd_per_mtok is not None:
        yield say.planned_cost(usd(price.planned_usd_per_mtok))


def _uses(operation: Operation) -> Table:
    say = operation.say
    uses = operation.result.keys
    return Table(
        id="keys",
        title=say.keys_table,
        columns=(*words(say.keys_columns[0]), *numbers(*say.keys_columns[1:])),
        rows=tuple(_use(operation, use) for use in uses),
        origin="measured",
        sources=(FILE,),
        folded=is_long(uses),
    )


def _use(operation: Operation, use: KeyUse) -> tuple[Cell, ...]:
    evidence, per_mtok = operation.evidence, operation.result.usd_per_mtok
    counted = ("answered", "failed", "limited", "refused", "prompt_tokens", "completion_tokens")
    cost = None if per_mtok is None else use.requests.completion_tokens / _MILLION * per_mtok
    keys = evidence.of(use.requests, "completion_tokens") + cost_keys(operation) if cost is not None else ()
    return (
        word(use.key),
        *(shown(evidence, use.requests, field, count) for field in counted),
        figure(cost, usd, evidence=keys, origin="modelled"),
    )


def cost_keys(operation: Operation) -> Keys:
    """Return where the figures stand that the cost of a token is made of."""
    result, evidence = operation.result, operation.evidence
    price = evidence.of(result.price, "usd_per_hour") if result.price else ()
    tokens = evidence.of(result.requests, "completion_tokens")
    return (*price, *operation.keys("ready_s", "down_s", "unknown_s"), *tokens)


def _load(operation: Operation) -> Section:
    say, load, evidence = operation.say, operation.result.load, operation.evidence
    fields = ("samples", "queued", "cache_full", "most_running")
    facts = zip(say.load_facts, (shown(evidence, load, one, count) for one in fields), strict=True)
    table = facts_table("load", say.load_table, facts, say, sources=(FILE,)).model_copy(update={"origin": "measured"})
    return Section(id="load", title=say.load_title, tables=(table,))


def _drift(operation: Operation) -> Section:
    say, found, evidence = operation.say, operation.result.drift, operation.evidence
    rows = tuple(
        (
            shown(evidence, one, "concurrency", count),
            shown(evidence, one, "benchmark_ms"),
            shown(evidence, one, "tpot_ms"),
            shown(evidence, one, "low_ms"),
            shown(evidence, one, "high_ms"),
            figure(one.change, as_change, evidence=evidence.of(one, "tpot_ms", "benchmark_ms")),
            shown(evidence, one, "requests", count),
            word(say.drift_verdicts[one.verdict], "bad" if one.verdict == "slower" else "plain"),
        )
        for one in found
    )
    table = Table(
        id="drift",
        title=say.drift_table,
        columns=(*numbers(*say.drift_columns[:-1]), *words(say.drift_columns[-1])),
        rows=rows,
        origin="measured",
        sources=(FILE,),
    )
    paragraphs = (say.drift_method,) if found else (say.no_benchmark,)
    return Section(id="drift", title=say.drift_title, paragraphs=paragraphs, tables=(table,) if found else ())


def _incidents(operation: Operation) -> Section:
    say, incidents, evidence = operation.say, operation.result.incidents, operation.evidence
    rows = tuple(
        (
            word(one.at[:19].replace("T", " ")),
            word(say.incident_kinds[one.kind], "bad"),
            shown(evidence, one, "amount", count),
        )
        for one in incidents
    )
    table = Table(
        id="incidents",
        title=say.incidents_table,
        columns=(*words(*say.incidents_columns[:2]), *numbers(say.incidents_columns[2])),
        rows=rows,
        origin="measured",
        sources=(FILE,),
        folded=is_long(rows),
    )
    paragraphs = () if rows else (say.no_incidents,)
    return Section(id="incidents", title=say.incidents_title, paragraphs=paragraphs, tables=(table,) if rows else ())


def value_or_none(level: LevelVerdict) -> str:
    """Return a level's figure, printed; a dash where there is none."""
    return NONE if level.value is None else form_of(level)(level.value)

"""How many users at once keep a limit on latency, per arm."""

from eval.bench.arm_crossover import capacity_at_service_level, goodput_runs
from eval.bench.goodput import ServiceCapacity
from eval.bench.result import BenchResult
from pipeline.base.format import NONE, count, number, share
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.evidence import Keys
from pipeline.report.inputs import Inputs
from pipeline.report.risk import awqctl


def users_paragraphs(inputs: Inputs) -> tuple[str, ...]:
    """Return what a user's latency was agreed to be; where it was not, the command that makes it a figure."""
    say, level = inputs.say.per_user, inputs.load.service_level
    if level is None:
        return (say.no_level(awqctl("bench", inputs.recipe.name)),)
    names = inputs.say.crossover.limit_names
    given = [(names[name], getattr(level, name)) for name in names]
    limits = [inputs.say.crossover.limit(name, number(limit)) for name, limit in given if limit is not None]
    return (say.level(share(level.share), say.listing(limits)),)


def users_tables(inputs: Inputs) -> tuple[Table, ...]:
    """Return how many users at once keep the service level; no table where none was agreed."""
    say = inputs.say.per_user
    found = [(load.arm, capacity_at_service_level(inputs.load, load.arm)) for load in inputs.load.arms]
    rows = tuple(_row(arm, capacity, inputs) for arm, capacity in found if capacity is not None)
    table = Table(
        id="users-at-level",
        title=say.users_table,
        columns=(*words(say.users_columns[0]), *numbers(*say.users_columns[1:3]), *words(say.users_columns[3])),
        rows=rows,
        origin="measured",
        note=say.users_note,
        sources=inputs.sources(BenchResult.STAGE),
    )
    return (table,) if rows else ()


def _row(arm: str, found: ServiceCapacity, inputs: Inputs) -> tuple[Cell, ...]:
    say = inputs.say.per_user
    return (
        word(say.title_of(arm)),
        _level(arm, found.kept_at, inputs),
        _level(arm, found.missed_at, inputs),
        word(say.kinds[found.kind]),
    )


def _level(arm: str, concurrency: int | None, inputs: Inputs) -> Cell:
    return figure(concurrency, count, evidence=users_keys(arm, concurrency, inputs)) if concurrency else word(NONE)


def users_keys(arm: str, concurrency: int | None, inputs: Inputs) -> Keys:
    """Return where the requests are counted that kept the service level at a concurrency."""
    points = [point for point in inputs.load.points_of(arm) if point.concurrency == concurrency]
    return inputs.evidence.of_all(
        (run, field) for point in points for run in goodput_runs(point) for field in ("kept", "sent")
    )

"""The chapter on speed per user and per GPU."""

from collections.abc import Sequence

from eval.bench.arguments import options_of, workers_of
from eval.bench.per_user import PerUser, per_user
from eval.bench.result import BenchResult
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.users import users_paragraphs, users_tables
from pipeline.report.charts.per_user import pareto_chart, together_keys, user_keys
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs


def per_user_section(inputs: Inputs) -> Section:
    """Return what each user gets at every concurrency, against what a GPU gives."""
    say = inputs.say.per_user
    points = per_user(inputs.load, 1 if inputs.on_cpu else workers_of(options_of(inputs.load.engine_arguments)))
    return Section(
        id="per-user",
        title=say.title,
        paragraphs=(*users_paragraphs(inputs), say.method),
        charts=(pareto_chart(points, inputs),) if points else (),
        tables=(*users_tables(inputs), _table(points, inputs)),
    )


def _table(points: Sequence[PerUser], inputs: Inputs) -> Table:
    say = inputs.say.per_user
    concurrency, arm, user, frontier = say.columns
    rows = tuple(
        (
            word(str(one.point.concurrency)),
            word(say.title_of(one.arm)),
            figure(one.tokens_per_s_per_user, evidence=user_keys(one, inputs)),
            figure(one.tokens_per_s_per_gpu, evidence=together_keys(one, inputs)),
            word(say.on_frontier if one.unbeaten else say.beaten),
        )
        for one in sorted(points, key=lambda one: one.point.concurrency)
    )
    together = say.column_machine if inputs.on_cpu else say.column_gpu
    return Table(
        id="speed-per-user",
        title=say.table,
        columns=(*words(concurrency, arm), *numbers(user, together), *words(frontier)),
        rows=rows,
        origin="measured",
        sources=inputs.sources(BenchResult.STAGE),
        folded=True,
    )


PER_USER = Chapter(
    id="per-user", write=per_user_section, needs=(BenchResult,), absent=lambda say: say.throughput.absent
)

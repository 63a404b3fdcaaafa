"""The chapter on accuracy."""

from eval.accuracy.overlap import OverlapResult
from eval.accuracy.result import GATED, EvalResult
from pipeline.base.format import certainty, count
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.accuracy_limits import accuracy_limits
from pipeline.report.chapters.accuracy_tables import changes_table, others_table, scores_table, verdicts_table
from pipeline.report.chapters.alarm import alarm_table, not_scored
from pipeline.report.chapters.control import control_sentence, control_table
from pipeline.report.chapters.examples import example_groups
from pipeline.report.chapters.noise_floor import floor_sentence, floor_table
from pipeline.report.chapters.tasks import tasks_table
from pipeline.report.charts.accuracy import forest_chart
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.accuracy import Accuracy


def accuracy_section(inputs: Inputs) -> Section:
    """Return what every arm lost against the baseline, how sure that is, and the verdict per task."""
    accuracy, say = inputs.accuracy, inputs.say
    sentences = (
        not_scored(accuracy, say),
        *(() if accuracy.stopped else (_how(accuracy, say.accuracy), _gate(accuracy, say.accuracy))),
        control_sentence(accuracy, say.control),
        floor_sentence(accuracy, say.noise_floor),
        _overlap(accuracy.overlap, say.accuracy),
    )
    return Section(
        id="accuracy",
        title=say.accuracy.title,
        paragraphs=tuple(filter(None, sentences)),
        charts=(forest_chart(inputs),) if accuracy.tasks else (),
        tables=tuple(_tables(inputs)),
        examples=example_groups(accuracy.gated, inputs.sources("eval"), say.examples),
    )


def _tables(inputs: Inputs) -> list[Table]:
    accuracy = inputs.accuracy
    tables = [verdicts_table(accuracy.gated, inputs), tasks_table(accuracy.gated, inputs)] if accuracy.gated else []
    if accuracy.tasks:
        tables += [scores_table(accuracy.tasks, inputs), changes_table(accuracy.tasks, inputs)]
    others = tuple(row for row in accuracy.tasks if row.arm != GATED)
    if others:
        tables.append(others_table(others, inputs))
    if accuracy.contrasts:
        tables.append(control_table(inputs))
    if accuracy.noise_floor:
        tables.append(floor_table(inputs))
    if accuracy.fidelity:
        tables.append(alarm_table(inputs))
    return tables


def _how(accuracy: EvalResult, say: Accuracy) -> str:
    return say.answered(say.listing([say.arms.get(arm, say.name_of(arm)) for arm in accuracy.arms]))


def _gate(accuracy: EvalResult, say: Accuracy) -> str:
    return say.gate(certainty(accuracy.gated[0].confidence))


def _overlap(found: OverlapResult | None, say: Accuracy) -> str:
    if found is None:
        return ""
    seen = [say.overlapping_items(count(task.overlapping), count(task.items), task.task) for task in found.tasks]
    shared = say.shared_run(str(found.run_words))
    if not any(task.overlapping for task in found.tasks):
        return say.no_overlap(shared)
    return say.overlap(say.listing(seen), shared)


ACCURACY = Chapter(
    id="accuracy",
    write=accuracy_section,
    needs=(EvalResult,),
    limits=accuracy_limits,
    absent=lambda say: say.accuracy.absent,
)

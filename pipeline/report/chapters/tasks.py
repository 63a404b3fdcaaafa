"""What the tasks ask, in plain sentences; of a task that nobody described here, that."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from eval.accuracy.result import TaskScore
from pipeline.record.record import RECORD
from pipeline.report.cells import word, words
from pipeline.report.document import Table
from pipeline.report.inputs import Inputs


def tasks_table(tasks: Sequence[TaskScore], inputs: Inputs) -> Table:
    """Return what each task asks and what its score is."""
    say = inputs.say.tasks
    return Table(
        id="accuracy-tasks",
        title=say.title,
        columns=words(*say.columns),
        rows=tuple((word(row.task), word(_meaning(row.task, inputs)), word(_score(row, inputs))) for row in tasks),
        sources=(RECORD,),
    )


def _meaning(name: str, inputs: Inputs) -> str:
    say = inputs.say.tasks
    for task in inputs.recipe.eval.all_tasks:
        if task.name == name and task.questions is not None:
            return say.own_questions(PurePosixPath(task.questions.replace("\\", "/")).name)
    return say.meanings.get(name, say.unknown)


def _score(row: TaskScore, inputs: Inputs) -> str:
    say, metric = inputs.say.tasks, row.metric.partition(",")[0]
    return say.metrics.get(metric, say.unknown_metric)

"""What the stage `eval` looks at before a run: its files, its tasks as lm-eval knows them, the arms' hardware."""

from collections.abc import Callable, Iterator
from functools import partial

from eval.accuracy.preparation import ask_for_tasks, file_problems, lm_eval_worker
from eval.accuracy.questions import check_questions
from eval.accuracy.tasks import check_chat_template, task_folders, task_problems
from eval.arms.probes import arms_problems, checkpoint_problems
from pipeline.base.commands import command
from pipeline.base.errors import AwqctlError
from pipeline.recipe.arms import with_weights
from pipeline.recipe.eval import Eval
from pipeline.record.preflight import Effort, Probe, ProbeResult, Prospect


def _files(prospect: Prospect) -> Iterator[AwqctlError]:
    yield from file_problems(prospect.recipe, prospect.context.recipe_dir)


def _tasks(prospect: Prospect) -> Iterator[AwqctlError]:
    """Ask lm-eval once, of all tasks but those whose own files are wrong, which is said already."""
    aside, settings = prospect.aside, _readable(prospect)
    if not settings.all_tasks:
        return
    with aside.aside("tasks") as folder, lm_eval_worker(aside) as worker:
        known = ask_for_tasks(worker, settings, aside.recipe_dir, folder)
    yield from task_problems(settings, known.metrics, known.answer)


def _readable(prospect: Prospect) -> Eval:
    settings, recipe_dir = prospect.recipe.eval, prospect.context.recipe_dir
    tasks = tuple(task for task in settings.tasks if not _fails(partial(check_questions, task, recipe_dir)))
    folder = None if _fails(partial(task_folders, settings, recipe_dir)) else settings.include_path
    return settings.model_copy(update={"tasks": tasks, "include_path": folder})


def _fails(look: Callable[[], object]) -> bool:
    try:
        look()
    except AwqctlError:
        return True
    return False


def _chat_template(prospect: Prospect) -> Iterator[AwqctlError]:
    if prospect.recipe.eval.chat_template:
        check_chat_template(prospect.model.description())
    yield from ()


def _data(_prospect: Prospect) -> Iterator[ProbeResult]:
    """Say that the tasks' data, which may be gigabytes on a hub, are not loaded here."""
    line = command("eval", "--dry-run")
    text = f"Whether the tasks' data can be loaded, and whether the items decide the margins: `{line}` says."
    yield ProbeResult(subject="items", state="unchecked", text=text)


def _arms(prospect: Prospect) -> Iterator[AwqctlError]:
    arms = tuple(arm.name for arm in with_weights(prospect.recipe.arms))
    yield from arms_problems(prospect, arms, batch_invariant=prospect.recipe.eval.batch_invariant)


PROBES = (
    Probe("files of eval", _files, Effort.FILES, "Questions, task files and the alarm's text are there."),
    Probe("tasks", _tasks, Effort.SECONDS, "lm-eval knows every task and metric.", at_once=True),
    Probe("chat template", _chat_template, Effort.SECONDS, "The tokenizer has what eval.chat_template asks for."),
    Probe("items", _data, Effort.THOROUGH, ""),
    Probe("arms", _arms, Effort.SECONDS, "This machine can run every arm.", of_machine=True),
    Probe("checkpoints of arms", checkpoint_problems, Effort.SECONDS, "They can be compared with the source model."),
)

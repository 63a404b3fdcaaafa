"""The recipe section `eval`: which accuracy is measured, and how large a loss was agreed."""

import re
from typing import Annotated

from pydantic import Field, model_validator

from pipeline.recipe.section import (
    LARGEST,
    Integer,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Section,
)
from pipeline.recipe.suites import SUITES, SuiteName


class EvalTask(Section):
    """One task with the loss of accuracy that was agreed."""

    name: str = ""
    """An lm-eval task or group. With `questions` a name of your own, by default that of the file."""
    questions: str | None = None
    """A JSONL file of your own questions, relative to the recipe: each line an object with `prompt`, `choices` and
    `answer` (the right choice, its letter from A or its number from 0), or with `prompt` and `reference` (a text, or a
    list of texts of which any is right)."""
    metric: str | None = None
    """lm-eval's name. Default `acc`; `exact_match` for questions with a reference, which have `f1`, too."""
    margin: NonNegativeFloat | None = None
    """Largest acceptable loss, in the metric's own unit (0.01 of `acc` is one point)."""
    min_recovery: Annotated[float, Field(gt=0, le=1)] | None = None
    """Instead of `margin`: smallest acceptable share of the baseline's score (0.99 keeps 99 % of it)."""
    num_fewshot: NonNegativeInt | None = None
    """Examples in the prompt; default as in the task's file. Of your own questions the first lines, not asked then."""
    limit: PositiveInt | None = None
    """Use only the first items of the task (of each of its parts, when it is a group); it widens the interval."""

    @model_validator(mode="after")
    def _named_and_measurable(self) -> "EvalTask":
        if not self.name and self.questions is None:
            raise ValueError("give `name` (an lm-eval task), or `questions` (a JSONL file of your own)")
        if self.name and not re.fullmatch(r"[\w.:+-]+", self.name):
            raise ValueError(f"name may have letters, digits and . _ : + -, not {self.name!r}")
        if self.margin is not None and self.min_recovery is not None:
            raise ValueError("give either `margin` or `min_recovery`")
        return self


class Alarm(Section):
    """The check of token probabilities on held-out text, before an arm's tasks: stops what is plainly broken."""

    enabled: bool = True
    stop: bool = True
    """Do not score an AWQ arm beyond the limits; false goes on with a warning."""
    max_kl: PositiveFloat = 0.25
    """Mean Kullback-Leibler divergence from the baseline, nats per token, above which the AWQ arm is not scored. Where
    the control is measured, half as much again as the control's divergence is enough."""
    min_top1: Annotated[float, Field(ge=0, le=1)] = 0.8
    """Share of positions where both find the same token most likely, below which the AWQ arm is not scored."""
    text: str | None = None
    """A text file of your own, relative to the recipe, that the model was not calibrated on. Default: modules of
    Python's standard library, packaged."""
    tokens: PositiveInt = 4096
    """Tokens of the text that are looked at."""


class Eval(Section):
    """Which accuracy is measured."""

    suite: SuiteName | None = None
    """A set of tasks by name, before those of `tasks`; eval/README.md says what is in each."""
    tasks: tuple[EvalTask, ...] = ()
    """Further tasks. One that the suite has, too, changes the suite's: `{name: gsm8k, limit: 1000}`."""
    margin: NonNegativeFloat | None = None
    """Margin of tasks that have none of their own."""
    min_recovery: Annotated[float, Field(gt=0, le=1)] | None = None
    """Smallest recovery of tasks that have no margin of their own."""
    confidence: Annotated[float, Field(ge=0.8, lt=1)] = 0.95
    """Of the bounds that the gate uses (one-sided) and of the intervals (two-sided)."""
    draws: Annotated[int, Field(ge=1000, le=LARGEST)] = 10_000
    """Bootstrap and permutation draws, for metrics that are not right or wrong, and for groups."""
    noise_floor: bool = False
    """Measure the baseline a second time, on a fresh server at half the concurrency, to see what chance alone does."""
    batch_invariant: bool = False
    """vLLM's batch-invariant kernels on every arm, so that a result does not depend on what else is in the batch.
    Needs a GPU of compute capability 8.0 or higher. AutoAWQ checkpoints are then multiplied in 16 bit, which is not
    the kernel that is deployed."""
    chat_template: bool = False
    """For instruct models: ask through the tokenizer's chat template, few-shot examples as earlier turns."""
    system_instruction: str | None = None
    """System prompt, with `chat_template`."""
    unsafe_code: bool = False
    """Allow tasks that execute code written by the model, on this machine, without a sandbox."""
    alarm: Alarm = Alarm()
    include_path: str | None = None
    """Folder with further lm-eval task files; `~` and paths relative to the recipe are allowed."""
    num_concurrent: PositiveInt = 8
    max_length: PositiveInt | None = None
    """Longest sequence scored at once, the generated token included; default `engine.max_model_len`."""
    seed: Integer = 1234

    @model_validator(mode="after")
    def _tasks_can_be_judged(self) -> "Eval":
        if self.margin is not None and self.min_recovery is not None:
            raise ValueError("give either `margin` or `min_recovery`")
        tasks = self.all_tasks
        if not tasks:
            raise ValueError("give `suite`, `tasks` or both")
        names = [self._completed(task).name for task in self.tasks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each task may appear once; give {', '.join(twice)} one entry")
        for task in tasks:
            if task.margin is None and task.min_recovery is None:
                raise ValueError(
                    f"task '{task.name}' has no agreed loss: give it `margin` or `min_recovery`, or give eval.margin"
                )
        if self.suite == "code" and not self.unsafe_code:
            raise ValueError(
                "the suite `code` executes code written by the model on this machine, without a sandbox; "
                "set `unsafe_code: true` when that is what you want"
            )
        if self.system_instruction is not None and not self.chat_template:
            raise ValueError("`system_instruction` needs `chat_template: true`")
        return self

    @property
    def all_tasks(self) -> tuple[EvalTask, ...]:
        """The suite's tasks and the recipe's own, each with its name, metric and agreed loss filled in.

        A task of the recipe that the suite has, too, changes the suite's in the keys it gives.
        """
        suite = {str(entry["name"]): entry for entry in SUITES[self.suite]} if self.suite else {}
        own = {task.name: task.model_dump(exclude_unset=True) for task in self.tasks if task.name in suite}
        changed = (EvalTask(**{**entry, **own.get(name, {})}) for name, entry in suite.items())
        further = (task for task in self.tasks if task.name not in suite)
        return tuple(self._completed(task) for task in (*changed, *further))

    def _completed(self, task: EvalTask) -> EvalTask:
        filled: dict[str, object] = {}
        if task.questions is not None and not task.name:
            stem = task.questions.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "questions"
            filled["name"] = re.sub(r"[^\w.+-]+", "_", stem)
        if task.questions is None and task.metric is None:
            filled["metric"] = "acc"
        if task.margin is None and task.min_recovery is None:
            filled |= {"margin": self.margin, "min_recovery": self.min_recovery}
        return task.model_copy(update=filled)

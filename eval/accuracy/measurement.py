"""Measures one arm after the other: its engine, the alarm, its tasks.

What an engine answered is kept per request (`.resume/eval/`), so that a stopped evaluation goes on where it was, an
engine that died is started again, and a larger limit or one more task asks only what is new. The folder of an arm is
named by everything that its answers depend on.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.accuracy.judgement import Measured, concurrencies
from eval.accuracy.preparation import Prepared
from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED
from eval.alarm.fidelity import TopTokens, alarm_phrase, alarm_sentence, fidelity, read_top_tokens
from eval.alarm.probe import TOP_K, held_out, probe
from eval.alarm.result import Fidelity
from eval.arms.kernel import check_kernel
from eval.arms.setup import SERVED_NAME, EngineSetup, weights_identity
from eval.comparison.scores import TaskScores, read_scores
from pipeline.base.errors import EngineDiedError, WorkerError
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.results import Phrase
from pipeline.engines.settings import check_same_settings
from pipeline.engines.vllm import VllmFacts, VllmServer, engine_arguments
from pipeline.recipe.eval import EvalTask
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.publish import discard
from pipeline.runtimes.logs import newest_log
from pipeline.runtimes.store import EXTERNAL
from pipeline.runtimes.worker import Worker

RESTARTS = 2
"""How often a dead engine of one arm is started again."""
STAGE = "eval"
_FACTS = "facts.json"
_TOP_TOKENS = "top-tokens.json"


@dataclass
class _Answers:
    """What one arm's engines have answered so far, the dead ones among them."""

    scores: dict[str, TaskScores] = field(default_factory=dict)
    seconds: float = 0.0
    recalled: int = 0


@dataclass(frozen=True)
class _Asked:
    """Who is asked."""

    arm: str
    place: str
    """Which of how many it is."""
    facts: VllmFacts
    server: VllmServer | None
    """None where only what is stored counts."""


@dataclass
class Measurement:
    """One evaluation: the lm-eval worker, the engines it scores, and where its files go."""

    worker: Worker
    setup: EngineSetup
    recipe: Recipe
    context: RunContext
    folder: Path
    """The stage's output."""
    prepared: Prepared
    fidelities: list[Fidelity] = field(default_factory=list)
    stopped: Phrase | None = None
    """Why the alarm stopped AWQ."""
    _first: tuple[str, dict[str, str]] | None = None
    """The arm that was started first, with its engine's settings."""
    _blocks: list[list[int]] = field(default_factory=list)
    _text: str = ""
    _cut: set[str] = field(default_factory=set)
    _reference: TopTokens | None = None

    def prepare_alarm(self) -> None:
        """Hold out the text that every arm's token probabilities are taken on."""
        alarm = self.recipe.eval.alarm
        if alarm.enabled:
            self._blocks, self._text = held_out(
                alarm,
                self.context.recipe_dir,
                self.setup.paths[BASELINE],
                self._max_length(),
                tasks=[task.name for task in self.recipe.eval.all_tasks],
                trust_remote_code=self.setup.trust_remote_code,
            )

    def measure(self, arm: str, place: str) -> Measured:
        """Return the scores of one arm on all tasks; no scores where the alarm stopped it.

        Measure the baseline first, and the control before AWQ: the alarm holds AWQ's token probabilities against
        theirs. An arm whose answers were all stored by an earlier attempt starts no engine.

        Args:
            arm: its name; `again` is the baseline's second run.
            place: which of how many it is, for the progress.

        Raises:
            EngineDiedError: its engine died more often than it is started again.
        """
        answers = _Answers()
        found = self._from_store(arm, place, answers)
        return found or self._with_engine(
            arm, lambda server, restarts: self._asked(server, arm, place, answers, restarts)
        )

    def _from_store(self, arm: str, place: str, answers: _Answers) -> Measured | None:
        """Return what earlier attempts stored of an arm; None where something has to be asked."""
        facts = self._stored_facts(arm)
        if facts is None:
            return None
        top = self._stored_top_tokens(arm)
        if top is None and self._blocks and arm != AGAIN:
            return None
        self._check(arm, facts)
        self._raise_alarm(arm, top)
        if self.stopped is None:
            self._score_all(_Asked(arm, place, facts, None), answers)
        whole = self.stopped is not None or len(answers.scores) == len(self.recipe.eval.all_tasks)
        return self._measured(facts, answers, 0) if whole else None

    def _asked(self, server: VllmServer, arm: str, place: str, answers: _Answers, restarts: int) -> Measured:
        """Return what a running engine answers, stored answers included."""
        facts = server.facts()
        self._check(arm, facts)
        write_atomically(self._kept(arm) / _FACTS, facts.model_dump_json())
        if self._blocks and arm != AGAIN:
            self._raise_alarm(arm, self._stored_top_tokens(arm) or self._probed(server, arm))
        if self.stopped is None:
            self._score_all(_Asked(arm, place, facts, server), answers)
        return self._measured(facts, answers, restarts)

    def _measured(self, facts: VllmFacts, answers: _Answers, restarts: int) -> Measured:
        return Measured(
            scores=answers.scores,
            seconds=answers.seconds,
            kernel=facts.kernel,
            lm_eval=self.prepared.lm_eval,
            engine=f"{self.setup.runtime.name} {facts.version}",
            settings=facts.settings,
            recalled=answers.recalled,
            restarts=restarts,
        )

    def _with_engine(self, arm: str, work: Callable[[VllmServer, int], Measured]) -> Measured:
        """Return what `work` makes of the arm's engine, started again when it dies."""
        for attempt in range(RESTARTS):
            with self._engine(arm, attempt) as server:
                try:
                    return work(server, attempt)
                except EngineDiedError as problem:
                    self.context.reporter.warn(f"{problem} It is started again; the answers it gave are kept")
        with self._engine(arm, RESTARTS) as server:
            return work(server, RESTARTS)

    def forget_others(self) -> None:
        """Remove the answers of weights and settings that this evaluation did not use."""
        used = {self._name(arm) for arm in (*self.setup.paths, AGAIN)}
        for path in self.context.resume(STAGE).iterdir():
            if path.name not in used:
                discard(path, self.context.scratch)

    def _engine(self, arm: str, attempt: int) -> AbstractContextManager[VllmServer]:
        fresh = arm == AGAIN or attempt > 0
        return self.setup.running(_weights_of(arm), STAGE, self.context, label=arm, attempt=attempt, fresh=fresh)

    def _check(self, arm: str, facts: VllmFacts) -> None:
        """Refuse an arm that is not run as it has to be, or not as the first one was."""
        log = newest_log(self.context.logs / f"{STAGE}-vllm-{arm}.log")
        check_kernel(self.setup, _weights_of(arm), facts.kernel, log.name)
        self._first = self._first or (arm, facts.settings)
        first, settings = self._first
        check_same_settings(settings, facts.settings, arm, than=first)

    def _stored_facts(self, arm: str) -> VllmFacts | None:
        """Return what the engine said of itself when it gave the stored answers.

        None for an interpreter of the user's, which may have been upgraded in place since.
        """
        if self.setup.runtime.digest == EXTERNAL:
            return None
        try:
            return VllmFacts.model_validate_json((self._kept(arm) / _FACTS).read_bytes())
        except (OSError, ValueError):
            return None

    def _stored_top_tokens(self, arm: str) -> TopTokens | None:
        return read_top_tokens(self._kept(arm) / _TOP_TOKENS, self._blocks, TOP_K) if self._blocks else None

    def _probed(self, server: VllmServer, arm: str) -> TopTokens:
        found = probe(server, self._blocks, self.context.reporter)
        found.write(self._kept(arm) / _TOP_TOKENS)
        return found

    def _raise_alarm(self, arm: str, top: TopTokens | None) -> None:
        """Compare the arm's token probabilities with the baseline's; once per arm."""
        if top is None or arm == AGAIN or any(one.arm == arm for one in self.fidelities):
            return
        if arm == BASELINE:
            self._reference = top
        elif self._reference is not None:
            self._compare(self._reference, arm, top)

    def _compare(self, reference: TopTokens, arm: str, top: TopTokens) -> None:
        alarm = self.recipe.eval.alarm
        control = next((one for one in self.fidelities if one.arm == CONTROL and arm == GATED), None)
        found = fidelity(reference, top, name=arm, text=self._text, alarm=alarm, control=control)
        self.fidelities.append(found)
        if found.absurd and arm == GATED and alarm.stop:
            self.stopped = alarm_phrase(found, alarm, control)
        elif found.absurd:
            self.context.reporter.warn(alarm_sentence(found, alarm, control))

    def _score_all(self, asked: "_Asked", answers: _Answers) -> None:
        """Score the tasks that have no score yet; without an engine those alone that are stored whole."""
        tasks = self.recipe.eval.all_tasks
        items = {entry.task: entry.items for entry in self.prepared.counted}
        with self.context.reporter.task(f"{asked.arm} ({asked.place})", total=sum(items.values())) as whole:
            for number, task in enumerate(tasks, 1):
                if task.name not in answers.scores:
                    text = f"{asked.arm}: {task.name} ({number} of {len(tasks)})"
                    started = time.monotonic()
                    try:
                        answer = self._score(asked, task, text)
                    finally:
                        answers.seconds += time.monotonic() - started
                    if answer is None:
                        return
                    files = Path(answer["results_file"]), Path(answer["samples_file"])
                    answers.scores[task.name] = read_scores(
                        *files, task.name, self.prepared.metrics[task.name], others=[other.name for other in tasks]
                    )
                    answers.recalled += answer["recalled"]
                    self._warn_of_cut(task.name, answer["cut"])
                whole.update(done=sum(items[done.name] for done in tasks[:number]))

    def _score(self, asked: "_Asked", task: EvalTask, text: str) -> dict[str, Any] | None:
        """Return where the worker wrote a task's scores; None where there is no engine and something is not stored."""
        request = self._request(task, asked.arm, asked.facts.version)
        if asked.server is None:
            answer = self.worker.call("score", request | {"base_url": None}, text)
            return None if answer["missing"] else answer
        try:
            return self.worker.call("score", request | {"base_url": asked.server.base_url}, text)
        except WorkerError:
            asked.server.require_alive()
            raise

    def _warn_of_cut(self, task: str, prompts: int) -> None:
        """Say once per task that prompts lost their beginning; they are the same for every arm."""
        if prompts and task not in self._cut:
            self._cut.add(task)
            self.context.reporter.warn(
                f"{prompts} prompts of {task} are longer than {self._max_length()} tokens and lost their beginning, "
                f"alike for every arm. Raise engine.max_model_len, or ask fewer examples with num_fewshot"
            )

    def _request(self, task: EvalTask, arm: str, version: str) -> dict[str, Any]:
        settings = self.recipe.eval
        first, second = concurrencies(settings)
        return {
            "task": task.name,
            "include_path": list(self.prepared.include_path),
            "model": SERVED_NAME,
            "tokenizer": str(self.setup.paths[BASELINE]),
            "max_length": self._max_length(),
            "num_concurrent": second if arm == AGAIN else first,
            "num_fewshot": task.num_fewshot,
            "limit": task.limit,
            "trust_remote_code": self.setup.trust_remote_code,
            "seed": settings.seed,
            "chat_template": settings.chat_template,
            "system_instruction": settings.system_instruction,
            "unsafe_code": settings.unsafe_code,
            "cache": str(self._kept(arm) / "responses.jsonl"),
            # The version again, as the engine states it: an interpreter of the user's may have been upgraded in place.
            "meta": self._depends_on(arm) | {"version": version},
            "output": str(self.folder / arm),
        }

    def _max_length(self) -> int:
        return self.recipe.eval.max_length or self.recipe.engine.max_model_len

    def _depends_on(self, arm: str) -> dict[str, Any]:
        """Return everything that an arm's answers depend on, beside the question."""
        settings, runtime, machine = self.recipe.eval, self.setup.runtime, self.context.machine
        return {
            "arm": arm,
            "weights": weights_identity(self.setup, _weights_of(arm)),
            "tokenizer": weights_identity(self.setup, BASELINE),
            "engine": [runtime.name, runtime.version, runtime.digest, str(runtime.python)],
            "hardware": [machine.cpu, *(gpu.name for gpu in machine.cuda_gpus)],
            "arguments": list(engine_arguments(self.recipe.engine)),
            "batch_invariant": settings.batch_invariant,
            "chat_template": settings.chat_template,
            "max_length": self._max_length(),
            "seed": settings.seed,
            "lm_eval": self.prepared.lm_eval,
            # What chance does between two concurrencies is only seen when nothing else was recalled.
            "in_flight": concurrencies(settings) if settings.noise_floor and arm in (BASELINE, AGAIN) else None,
        }

    def _kept(self, arm: str) -> Path:
        """Return the folder of what an arm's engines answered."""
        folder = self.context.resume(STAGE) / self._name(arm)
        folder.mkdir(exist_ok=True)
        return folder

    def _name(self, arm: str) -> str:
        return f"{arm}-{document_identity(self._depends_on(arm))[:12]}"


def _weights_of(arm: str) -> str:
    """Return the arm whose weights are loaded: the baseline's second run has none of its own."""
    return BASELINE if arm == AGAIN else arm

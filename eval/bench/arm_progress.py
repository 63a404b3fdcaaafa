"""How far one arm is: its runs, level by level, and how many it takes."""

from dataclasses import replace

from eval.bench.arm_runs import ArmRuns
from eval.bench.comparison import confidence_of_each
from eval.bench.enough import MOST, FirstRepeats, LevelRepeats, Wanted, repeats_of
from eval.bench.load.descriptors import too_few
from eval.bench.points import LevelRuns, throughput_over
from eval.bench.runs import LoadRun
from pipeline.base.sentences.stored import ENGLISH
from pipeline.engines.engine import Engine


class ArmProgress:
    """The runs of one arm, made before or now.

    Attributes:
        repeats: how many are made of each level for a precision; empty until that is decided.
    """

    def __init__(self, runs: ArmRuns) -> None:
        self._runs = runs
        self._settings = runs.settings
        self._levels = {concurrency: self._empty(concurrency) for concurrency in runs.settings.concurrency}
        self._goals = dict.fromkeys(self._levels, runs.settings.first_repeats)
        self.repeats: tuple[LevelRepeats, ...] = ()
        self._recall()

    @property
    def levels(self) -> tuple[LevelRuns, ...]:
        """Return every level with its runs, in the order of their numbers."""
        return tuple(
            replace(level, runs=tuple(sorted(level.runs, key=lambda run: (run.number, run.attempt))))
            for level in self._levels.values()
        )

    @property
    def last(self) -> int:
        """Return the highest number of a repeat that is to be made."""
        return max(self._goals.values())

    def missing(self, number: int) -> tuple[int, ...]:
        """Return the concurrencies at which a repeat is still to be made; none where the level is void."""
        return tuple(
            concurrency
            for concurrency, level in self._levels.items()
            if number <= self._goals[concurrency] and not level.void and number not in _numbers(level)
        )

    def is_whole(self, numbers: range) -> bool:
        """Return whether none of these repeats is to be made."""
        return not any(self.missing(number) for number in numbers)

    def warm_up(self, engine: Engine) -> None:
        """Warm up every level that may be measured, from the lowest to the highest.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        for concurrency, level in self._levels.items():
            if not level.void:
                self._runs.warm_up(engine, concurrency)

    def measure(self, engine: Engine, concurrency: int, number: int) -> None:
        """Make one repeat of a level; a run that is void for good ends the level.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        made = self._runs.measure(engine, concurrency, number)
        level = self._levels[concurrency]
        self._levels[concurrency] = replace(
            level, runs=(*level.runs, *made), void=made[-1].void, void_said=made[-1].phrases
        )

    def decide(self, start_seconds: float = 0.0) -> None:
        """Decide, once and by the first repeats alone, how many are made of each level.

        Args:
            start_seconds: that each further repeat takes besides its loads: the engine's, where it has its own.
        """
        if self._settings.precision is None or self.repeats:
            return
        first = self._settings.first_repeats
        levels = [level for level in self.levels if not level.void and len(level.valid) >= first]
        over = throughput_over(levels)
        shown = [
            FirstRepeats(
                level.concurrency,
                tuple(one.output_tokens_per_s(over) for one in level.figures[:first]),
                sum(map(_seconds, level.valid[:first])) / first,
            )
            for level in levels
        ]
        if shown:
            self.repeats = repeats_of(shown, self._wanted(), self._seconds_left(start_seconds), start_seconds)
            self._goals |= {level.concurrency: level.planned for level in self.repeats}
            self._recall()

    def _wanted(self) -> Wanted:
        return Wanted(
            precision=self._settings.precision or 0.0,
            confidence=confidence_of_each(len(self._levels)),
            most=self._settings.max_repeats or MOST,
        )

    def _seconds_left(self, start_seconds: float) -> float | None:
        """Return what is left of the arm's share of the budget after the first repeats."""
        if self._settings.budget_minutes is None:
            return None
        first = self._settings.first_repeats
        made = (_seconds(run) for level in self._levels.values() for run in level.runs if run.number <= first)
        share = self._settings.budget_minutes * 60 / len(self._settings.arms)
        return share - sum(made) - first * start_seconds

    def _recall(self) -> None:
        """Take the runs that were made before."""
        for concurrency, level in self._levels.items():
            numbers = sorted({*range(1, self._goals[concurrency] + 1)} - _numbers(level))
            found = (run for number in numbers for run in self._runs.known(concurrency, number))
            self._levels[concurrency] = replace(level, runs=(*level.runs, *found))

    def _empty(self, concurrency: int) -> LevelRuns:
        obstacle = too_few(concurrency)
        requests = self._settings.requests_per_concurrency * concurrency
        said = () if obstacle is None else (obstacle,)
        return LevelRuns(concurrency, requests, (), tuple(map(ENGLISH.text, said)), said)


def _numbers(level: LevelRuns) -> set[int]:
    return {run.number for run in level.runs}


def _seconds(run: LoadRun) -> float:
    return run.machine.wall_s if run.machine else run.duration_s

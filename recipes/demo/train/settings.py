"""The hyperparameters of the demo model's training and their schedule over time."""

from dataclasses import dataclass

from recipes.demo.corpus import SEED


@dataclass(frozen=True)
class Settings:
    """What decides the outcome of a run, beside the data.

    Learning rates are peaks. `*_from` and `warm_up` are parts of the time budget. `library_part` is the part
    of each step's rows that comes from the library itself rather than from its test suite.
    """

    minutes: float
    seed: int = SEED
    threads: int = 2
    batch_tokens: int = 8192
    short_context: int = 512
    long_context: int = 1024
    long_from: float = 0.75
    warm_up: float = 0.02
    decay_from: float = 0.3
    matrix_lr: float = 0.02
    other_lr: float = 0.004
    momentum: float = 0.95
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    library_part: float = 0.5
    late_library_part: float = 0.75
    late_from: float = 0.5
    separator_rate: float = 0.5
    evaluate_every_minutes: float = 7.5

    @property
    def rows(self) -> int:
        """Return the number of long rows in a step."""
        return self.batch_tokens // self.long_context

    def rate(self, progress: float) -> float:
        """Return the part of the peak learning rate at `progress` (0 to 1) of the time."""
        return max(0.0, min(1.0, progress / self.warm_up, (1 - progress) / (1 - self.decay_from)))

    def context(self, progress: float) -> int:
        """Return the window length, in tokens, at `progress` (0 to 1) of the time."""
        return self.long_context if progress >= self.long_from else self.short_context

    def library_rows(self, progress: float) -> int:
        """Return how many of a step's rows come from library files at `progress` (0 to 1) of the time."""
        part = self.late_library_part if progress >= self.late_from else self.library_part
        return round(part * self.rows)

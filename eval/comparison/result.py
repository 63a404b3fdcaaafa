"""What a comparison of two models on the same items says."""

from eval.statistics import Verdict
from pipeline.base.results import Phrase, Result


class Score(Result):
    """One arm on one task."""

    value: float
    stderr: float | None
    """Standard error over the items; None where lm-eval gives none."""


class Interval(Result):
    """From `low` to `high`, both unrounded."""

    low: float
    high: float


class FlippedItem(Result):
    """One item that one arm got right and the other wrong, for a reader."""

    subtask: str
    doc_id: str
    question: str
    """The end of the prompt, shortened."""
    expected: str
    baseline_answer: str
    candidate_answer: str


class Comparison(Result):
    """A candidate against the baseline on the same items of one task."""

    task: str
    metric: str
    higher_is_better: bool
    items: int
    clusters: int | None = None
    """Groups that were resampled as wholes, such as MMLU's subjects; None where single items were."""
    paired: bool
    """Whether per-item values of both were compared; otherwise the scores alone, as of independent samples."""
    baseline: Score
    candidate: Score
    delta: float
    """Candidate minus baseline, in the metric's unit."""
    delta_stderr: float | None
    """Standard error of the difference; None where it is not known."""
    spread: float | None = None
    """Standard deviation of one item's contribution to the loss; what the items of a group have in common is
    included. None where it is not known."""
    design_effect: float | None = None
    """Items that are worth as much as one independent item: 1, or more with groups or unequal weights. None for metrics
    that are not right or wrong."""
    loss: float
    """How much worse the candidate is, in the metric's unit; negative when it is better."""
    recovery: float | None
    """The candidate's score as a share of the baseline's; of what is better when low, the baseline's of the
    candidate's. None where the divisor is zero."""
    method: str
    """How interval and p-values were obtained, in words for a report."""
    method_said: Phrase | None = None
    """The same for other languages; None in results of earlier versions."""
    confidence: float
    interval: Interval | None
    """Of the loss, two-sided, at `confidence`."""
    bounds: Interval | None
    """Of the loss, one-sided: with `confidence` it is at least `low`; with `confidence` it is at most `high`."""
    p_difference: float | None
    """Of the hypothesis that both are equal, two-sided."""
    p_difference_adjusted: float | None = None
    """Holm's, over the tasks that were compared together."""
    margin: float | None = None
    """Largest acceptable loss; where a recovery was agreed, what it comes to at the baseline's score."""
    min_recovery: float | None = None
    """Smallest acceptable recovery, where that was agreed."""
    chance: float | None = None
    """Score of answers that are guessed, or the worst that the metric can say; None where nobody knows it."""
    p_noninferior: float | None = None
    """Of the hypothesis that the loss reaches the margin or more: small speaks for `pass`."""
    p_inferior: float | None = None
    """Of the hypothesis that the loss is at most the margin: small speaks for `fail`."""
    p_inferior_adjusted: float | None = None
    """Holm's, over the tasks that were compared together."""
    verdict: Verdict | None = None
    """None where no margin was agreed."""
    more_items: int | None = None
    """Where inconclusive: further items after which the verdict is expected (80 % power) if loss and disagreement
    stay as measured; None where the loss is too near the margin for any number, and where there is no standard
    error."""
    flips_to_wrong: int | None = None
    """Items right in the baseline and wrong in the candidate; metrics of right or wrong only."""
    flips_to_right: int | None = None
    examples_to_wrong: tuple[FlippedItem, ...] = ()
    examples_to_right: tuple[FlippedItem, ...] = ()

    @property
    def above_chance(self) -> float | None:
        """How much better the baseline is than chance, in the metric's unit; negative where it is worse."""
        if self.chance is None:
            return None
        gap = self.baseline.value - self.chance
        return gap if self.higher_is_better else -gap

    @property
    def passes_guesses(self) -> bool:
        """Whether the margin is as large as all that the baseline is above chance: it would pass any candidate."""
        return self.margin is not None and self.above_chance is not None and self.margin >= self.above_chance

    @property
    def passed(self) -> bool:
        """Whether the loss was shown to be within the margin."""
        return self.verdict == "pass"

    @property
    def upper(self) -> float | None:
        """The upper of the bounds, which a `pass` keeps within the margin."""
        return self.bounds.high if self.bounds else None

    @property
    def discordance(self) -> float | None:
        """Share of items that flipped, in either direction; None where items are not right or wrong."""
        if self.flips_to_wrong is None or self.flips_to_right is None or not self.items:
            return None
        return (self.flips_to_wrong + self.flips_to_right) / self.items


class NoiseFloor(Result):
    """One task, the baseline against itself: a fresh server and another concurrency."""

    task: str
    metric: str
    items: int
    delta: float
    """Second run minus first."""
    floor: float
    """1.96 times sqrt(sum d_i^2) / sum w_i over the items' differences: what chance alone adds to a difference. Zero
    when both runs gave the same answers."""
    changed: int
    """Items whose value differs at all."""
    flips_to_wrong: int | None = None
    flips_to_right: int | None = None
    concurrency: tuple[int, int]
    """Requests in flight in the first and the second run."""

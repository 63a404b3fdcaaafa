"""The fidelity alarm: how far an arm's token probabilities are from the baseline's on held-out text.

It stops an evaluation when weights are plainly broken (scales of another layer, a wrong mapping). A small value says
nothing about tasks, so it is never the verdict.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.alarm.divergence import divergences
from eval.alarm.result import Fidelity
from pipeline.base.commands import command
from pipeline.base.errors import VoidMeasurementError
from pipeline.base.files import read_written, write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Phrase, Result
from pipeline.base.sentences.alarm import FOREIGN
from pipeline.base.sentences.stored import ENGLISH, StoredSentences
from pipeline.recipe.eval import Alarm

OVER_CONTROL = 1.5
"""AWQ is chosen to be nearer to the baseline than plain rounding; farther by half is no noise but a fault. Measured on
the demo model: AWQ at 0.7 times the control's divergence, and at 2.0 to 32 times with one layer's scales permuted."""
ROUNDING_NATS = 0.125
"""Logits between 16 and 32 in bfloat16 are this far apart: a token that leads by less may be tied with the next."""
ROUNDING_KL_NATS = 0.001
"""Rounding to such steps alone is s^2 / 2 = 0.0007 nats away, with s^2 = 0.125^2 / 12: below it nothing is broken."""
NO_TOKEN = -1
"""Ids from here down stand for positions where the engine computed no numbers (NaN)."""


class TopTokens(Result):
    """The most likely tokens at every position of some prompts, most likely first."""

    prompts: str
    """Digest of the prompts' token ids."""
    ids: tuple[tuple[int, ...], ...]
    """[positions, top_k]; negative where there are none."""
    logprobs: tuple[tuple[float, ...], ...]
    """[positions, top_k], nats; a value that is not finite is stored as the logarithm of `divergence.SMALLEST`."""

    @property
    def top_k(self) -> int:
        """Return the number of tokens per position."""
        return len(self.ids[0]) if self.ids else 0

    def write(self, path: Path) -> None:
        """Write to a JSON file, whole or not at all."""
        write_atomically(path, self.model_dump_json())


def read_top_tokens(path: Path, blocks: Sequence[Sequence[int]], top_k: int) -> TopTokens | None:
    """Return what was stored for these prompts; None when there is nothing, or nothing that fits."""
    try:
        stored = TopTokens.model_validate_json(read_written(path))
    except (OSError, ValueError):
        return None
    fits = stored.prompts == prompts_digest(blocks) and stored.top_k == top_k
    return stored if fits else None


def prompts_digest(blocks: Sequence[Sequence[int]]) -> str:
    """Return what names prompts given as token ids."""
    return document_identity([list(block) for block in blocks])


def fidelity(
    baseline: TopTokens,
    candidate: TopTokens,
    *,
    name: str,
    text: str,
    alarm: Alarm,
    control: Fidelity | None = None,
) -> Fidelity:
    """Return how far an arm is from the baseline.

    Args:
        baseline: of the 16-bit model.
        candidate: of the arm, on the same prompts.
        name: the arm's.
        text: where the prompts are from.
        alarm: the recipe's limits.
        control: of the source model rounded to nearest, where it was measured and the arm is AWQ: a reference for what
            rounding costs this model, so that far smaller damage is seen than by the limits alone.

    Raises:
        VoidMeasurementError: the two are not of the same prompts, or the baseline itself overflows.
    """
    if (baseline.prompts, baseline.top_k, len(baseline.ids)) != (
        candidate.prompts,
        candidate.top_k,
        len(candidate.ids),
    ):
        raise VoidMeasurementError(
            f"The baseline and the arm '{name}' were not asked for the same text. Run `{command('eval', '--force')}`."
        )
    ours, theirs = _arrays(baseline), _arrays(candidate)
    if ours[0].min() <= NO_TOKEN:
        raise VoidMeasurementError(
            "The source model itself gives probabilities that are no numbers (NaN), so nothing can be compared with "
            "it. Set engine.dtype to the dtype it was trained in, or check its weights."
        )
    divergence = float(divergences(*ours, *theirs).mean())
    bound = alarm.max_kl
    if control:
        bound = min(bound, max(OVER_CONTROL * control.mean_kl_nats, ROUNDING_KL_NATS))
    noise = noise_nats(alarm.max_kl)
    same = ours[0][:, 0] == theirs[0][:, 0]
    tied = (_lead(*ours, theirs[0][:, 0]) <= noise) & (_lead(*theirs, ours[0][:, 0]) <= noise)
    agreement = float((same | (tied & (theirs[0][:, 0] > NO_TOKEN))).mean())
    return Fidelity(
        arm=name,
        text=text,
        tokens=len(candidate.ids),
        top_k=candidate.top_k,
        mean_kl_nats=divergence,
        top1_agreement=float(same.mean()),
        clear_agreement=agreement,
        absurd=divergence > bound or agreement < alarm.min_top1,
    )


def noise_nats(max_kl: float) -> float:
    """Return how far the noise that a recipe allows moves two logits against each other, and rounding does at least.

    Noise of standard deviation s in every logit makes a divergence of about s^2 / 2 (its second-order expansion,
    Kullback 1959, Information Theory and Statistics, section 2.6), so `max_kl` allows s = sqrt(2 max_kl); the distance
    of two logits has sqrt(2) times that. On simulated distributions of any flatness, noise of half of `max_kl` leaves
    at least 84 % of the positions in agreement, and noise of four times `max_kl` less than half.
    """
    return max(ROUNDING_NATS, 2 * math.sqrt(max_kl))


def _lead(ids: NDArray[np.int64], logprobs: NDArray[np.float64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much the most likely token leads another, nats per position; at least, where that is not listed."""
    listed = ids == others[:, None]
    found = np.where(listed.any(1), np.where(listed, logprobs, -np.inf).max(1), logprobs[:, -1])
    return np.asarray(logprobs[:, 0] - found)


def alarm_phrase(found: Fidelity, alarm: Alarm, control: Fidelity | None = None) -> Phrase:
    """Return what is said when an arm's probabilities are absurd."""
    nothing = phrase(StoredSentences.nothing)
    rounding = nothing
    if control:
        nats = f"{control.mean_kl_nats:.3f}"
        rounding = phrase(StoredSentences.of_plain_rounding, arm=control.arm, nats=nats, times=f"{OVER_CONTROL:g}")
    return phrase_of(
        StoredSentences.broken_weights,
        (rounding, phrase(StoredSentences.own_domain_first) if found.text == FOREIGN else nothing),
        arm=found.arm,
        tokens=str(found.tokens),
        text=found.text,
        nats=f"{found.mean_kl_nats:.3f}",
        max_nats=f"{alarm.max_kl:g}",
        agreement=f"{found.agreement:.1%}",
        least=f"{alarm.min_top1:.0%}",
    )


def alarm_sentence(found: Fidelity, alarm: Alarm, control: Fidelity | None = None) -> str:
    """Return the same in English, for the terminal."""
    return ENGLISH.text(alarm_phrase(found, alarm, control))


def _arrays(tokens: TopTokens) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.array(tokens.ids, dtype=np.int64), np.array(tokens.logprobs, dtype=np.float64)

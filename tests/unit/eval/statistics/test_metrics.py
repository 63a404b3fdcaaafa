"""Scores from sums against sacrebleu, scikit-learn and numbers computed by hand."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sklearn.metrics import f1_score, matthews_corrcoef

from eval.statistics import bleu, exp_mean, f1, mcc, mean

WORDS = ["a", "model", "answers", "the", "question", "and", "then", "stops", "early", "again", "."]
NO_MATCH = ([["never seen words here"]], ["quite other tokens appear"])


def sentences(seed: int, count: int) -> tuple[list[list[str]], list[str]]:
    """Return references, as sacrebleu wants them, and hypotheses that share some of their words."""
    rng = np.random.default_rng(seed)
    references = [rng.choice(WORDS, size=rng.integers(3, 12)) for _ in range(count)]
    hypotheses = [np.where(rng.random(len(words)) < 0.4, rng.choice(WORDS), words)[: seed + 5] for words in references]
    return [[" ".join(words) for words in references]], [" ".join(words) for words in hypotheses]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 3, 60])
def test_bleu_agrees_with_sacrebleu(seed: int, count: int) -> None:
    """Corpus BLEU from each sentence's sums, orders without a match included."""
    references, hypotheses = sentences(seed, count)
    scorer = BLEU(tokenize="none")
    per_sentence = scorer._extract_corpus_statistics(hypotheses, references)  # noqa: SLF001 # the only access
    sums = np.array([[*row[2:6], *row[6:10], row[0], row[1]] for row in per_sentence], dtype=np.float64)

    found = bleu(sums.sum(axis=0))

    assert found == pytest.approx(scorer.corpus_score(hypotheses, references).score, rel=1e-12)
    assert bleu(sums) == pytest.approx([float(bleu(row)) for row in sums])


def test_bleu_without_any_match_is_zero() -> None:
    """As sacrebleu has it; so is the score of nothing."""
    assert BLEU(tokenize="none").corpus_score(NO_MATCH[1], NO_MATCH[0]).score == 0
    assert bleu(np.array([0, 0, 0, 0, 4, 3, 2, 1, 4, 4.0])) == 0
    assert bleu(np.zeros(10)) == 0


def test_f1_and_mcc_agree_with_scikit_learn() -> None:
    """Two hundred answers, counted per item."""
    rng = np.random.default_rng(3)
    truth, answer = rng.random((2, 200)) < 0.4
    per_item = np.column_stack([truth & answer, ~truth & answer, truth & ~answer, ~truth & ~answer]).astype(float)

    sums = per_item.sum(axis=0)

    assert f1(sums) == pytest.approx(f1_score(truth, answer))
    assert mcc(sums) == pytest.approx(matthews_corrcoef(truth, answer))


@pytest.mark.parametrize("statistic", [f1, mcc])
def test_nothing_to_count_is_zero(statistic: object) -> None:
    """No positives anywhere: 0 instead of a division by zero, also among others."""
    sums = np.array([[0, 0, 0, 9.0], [3, 1, 1, 4]])

    assert statistic(sums)[0] == 0
    assert statistic(sums)[1] > 0


def test_mean_and_perplexity_by_hand() -> None:
    """12 bits over 8 bytes; 6 nats over 3 tokens."""
    assert mean(np.array([12.0, 8.0])) == 1.5
    assert exp_mean(np.array([6.0, 3.0])) == pytest.approx(7.389056)

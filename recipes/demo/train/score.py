"""Scores of the demo network on the held-out modules, computed the way lm-eval computes them.

A continuation that follows a line break is encoded together with it: lm-eval moves the white space at the end
of a context to the continuation, and the tokenizer keeps a line break and the indentation after it in one
piece, so the two agree on the tokens.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from recipes.demo.train.network import Network
from recipes.demo.train.stream import SEPARATOR

BATCH_TOKENS = 8192


@torch.no_grad()
def log_likelihoods(network: Network, pairs: Sequence[tuple[list[int], int]]) -> list[float]:
    """Return the log-likelihood, in nats, of `tokens[start:]` after `tokens[:start]` for each of `pairs`."""
    totals = [0.0] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]))
    while order:
        longest = len(pairs[order[-1]][0])
        batch = [order.pop() for _ in range(min(len(order), max(1, BATCH_TOKENS // longest)))]
        tokens = torch.zeros(len(batch), longest, dtype=torch.long)
        for row, at in enumerate(batch):
            tokens[row, : len(pairs[at][0])] = torch.tensor(pairs[at][0])
        scores = token_scores(network, tokens)
        for row, at in enumerate(batch):
            own, start = pairs[at]
            totals[at] = float(scores[row, start - 1 : len(own) - 1].sum())
    return totals


def token_scores(network: Network, tokens: Tensor) -> Tensor:
    """Return the log-probability of each token after the first, `[batch, length - 1]`."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(tokens[:, :-1])
    chosen = logits.gather(-1, tokens[:, 1:, None]).squeeze(-1).float()
    scores: Tensor = chosen - logits.float().logsumexp(-1)
    return scores


def bits_per_byte(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Return the bits per UTF-8 byte of `texts`, in windows of the model's length as lm-eval rolls them."""
    limit = network.shape.max_position_embeddings - 1
    pairs = []
    for text in texts:
        tokens = [SEPARATOR, *tokenizer.encode(text).ids]
        pairs += [(tokens[start - 1 : start + limit], 1) for start in range(1, len(tokens), limit)]
    nats = -sum(log_likelihoods(network, pairs))
    return nats / math.log(2) / sum(len(text.encode()) for text in texts)


def next_line_accuracy(network: Network, tokenizer: Tokenizer, rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Return the parts of `rows` answered rightly by log-likelihood (acc) and by that per byte (acc_norm)."""
    pairs = []
    for row in rows:
        start = len(tokenizer.encode(row["context"].rstrip()).ids)
        pairs += [(tokenizer.encode(row["context"] + choice).ids, start) for choice in row["choices"]]
    scores = iter(log_likelihoods(network, pairs))
    plain = normed = 0
    for row in rows:
        own = [next(scores) for _ in row["choices"]]
        per_byte = [score / len(choice.encode()) for score, choice in zip(own, row["choices"], strict=True)]
        plain += own.index(max(own)) == row["answer"]
        normed += per_byte.index(max(per_byte)) == row["answer"]
    return plain / len(rows), normed / len(rows)


def nats_per_token(bits: float, tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Return `bits` per byte over `texts` as the mean loss per token."""
    size = sum(len(text.encode()) for text in texts)
    return bits * math.log(2) * size / count_tokens(tokenizer, texts)


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> int:
    """Return the number of tokens of `texts`, encoded one by one."""
    return sum(len(tokenizer.encode(text).ids) for text in texts)

"""What was asked in one of lm-eval's samples, what was right, and what the model answered, as text."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from eval.comparison.rows import requests_of


def _one(_: str) -> int:
    return 1


_LENGTHS: dict[str, Callable[[str], int]] = {
    "acc_norm": len,
    "acc_bytes": lambda choice: len(choice.encode(errors="surrogatepass")),
}
"""What lm-eval divides a choice's log-likelihood by before it takes the largest (`Task.process_results`)."""


@dataclass(frozen=True)
class Answered:
    """One question and one arm's answer."""

    question: str
    target: str
    """The right answer as far as the sample says it."""
    answer: str


def answered(document: dict[str, Any], metric: str) -> Answered:
    """Return one sample as text.

    Args:
        document: a line of a sample file, with a metric that is 0 or 1.
        metric: its name, because the choice that counts as the answer depends on it.
    """
    asked = [[str(part) for part in request] for request in requests_of(document)]
    likelihoods = [_likelihood(response) for response in document.get("filtered_resps") or []]
    known = [value for value in likelihoods if value is not None]
    if len(asked) > 1 and len(asked) == len(likelihoods) == len(known) and all(len(request) > 1 for request in asked):
        return _of_choices(document, metric, asked, known)
    responses = document.get("filtered_resps") or []
    return Answered(
        question=asked[0][0] if asked and asked[0] else as_text(document.get("doc", "")),
        target=as_text(document.get("target")),
        answer=as_text(responses),
    )


def as_text(value: Any) -> str:
    """Return a text as it is and anything else as JSON; lists of one are opened first."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_choices(
    document: dict[str, Any], metric: str, asked: Sequence[Sequence[str]], likelihoods: Sequence[float]
) -> Answered:
    prompts, endings = [request[0] for request in asked], [request[1] for request in asked]
    if not any(prompts[len(prompts) // 2 :]):  # acc_mutual_info asks for the choices alone as well
        half = len(prompts) // 2
        alone, likelihoods, prompts, endings = likelihoods[half:], likelihoods[:half], prompts[:half], endings[:half]
        if metric == "acc_mutual_info":
            likelihoods = [value - other for value, other in zip(likelihoods, alone, strict=True)]
    right = _number(document.get("target"))
    if len(set(prompts)) == 1:
        chosen = _chosen(endings, likelihoods, metric, right if document.get(metric) == 0 else None)
        known = right is not None and right < len(endings)
        target = endings[right].strip() if known and right is not None else as_text(document.get("target"))
        return Answered(prompts[0], target, endings[chosen].strip())
    # Tasks such as WinoGrande choose the context; the continuation, which is the target, is the same after each.
    start = _common_start(prompts)
    chosen = _chosen(prompts, likelihoods, metric, None)
    answer = prompts[chosen][len(start) :].strip()
    return Answered(f"{start}[…]{endings[0]}", answer if document.get(metric) else "", answer)


def _chosen(choices: Sequence[str], likelihoods: Sequence[float], metric: str, excluded: int | None) -> int:
    """Return the choice that counts as the answer, given that `excluded` was found not to be it.

    The delimiter before a choice is not part of its length, but the sample does not say whether a first space is one:
    it is taken for one where all choices have it, unless the metric's value says that this was wrong.
    """
    length = _LENGTHS.get(metric, _one)
    spaced = all(choice.startswith(" ") for choice in choices)
    found = 0
    for delimiter in (1, 0) if spaced else (0,):
        lengths = [max(length(choice[delimiter:]), 1) for choice in choices]
        scores = [value / size for value, size in zip(likelihoods, lengths, strict=True)]
        found = scores.index(max(scores))
        if found != excluded:
            break
    return found


def _common_start(texts: Sequence[str]) -> str:
    first_of_all, last_of_all = min(texts), max(texts)  # alphabetically: what they share, all share
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first_of_all, last_of_all, strict=False))
    return "".join(first for first, _ in same)


def _likelihood(response: Any) -> float | None:
    """Return the log-likelihood of a response `(log-likelihood, is greedy)`, which lm-eval may write as text."""
    if not isinstance(response, list) or len(response) != 2:  # noqa: PLR2004 -- see above
        return None
    try:
        return float(response[0])
    except (TypeError, ValueError):
        return None


def _number(target: Any) -> int | None:
    return int(target) if str(target).isdecimal() else None

"""The accuracy smoke: a few items of the release's own evaluation, asked again of the engine that is to serve it.

It finds weights that are broken, mixed up or loaded wrongly; it measures no loss of accuracy, which `eval` does. Of
questions with choices the clearest are taken, as near ties turn with the size of a batch; of texts the beginning is
compared, as later words do.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import httpx

from eval.comparison.rows import requests_of
from pipeline.base.format import plural
from pipeline.base.results import Result
from pipeline.engines.engine import Engine
from serve.releases.promotion import Smoke

ITEMS = 8
_AGREEING = 0.75
"""Of the items, at least. Chance among four choices gets there once in 200 times, a sound engine nearly always."""
_ROWS_READ = 200
"""Of each task."""
_TEXT_LENGTH = 24
"""Characters of a text that are compared."""
_TOKENS = 16
_TIMEOUT_S = 120.0
_ENDING = ".samples.jsonl"


class StoredItem(Result):
    """One item as the release's own evaluation answered it."""

    task: str
    prompt: str
    choices: tuple[str, ...] = ()
    """Empty where the answer is a text."""
    answer: str
    """The choice with the highest log-likelihood, or the text."""
    special_tokens: bool = True
    """Whether the engine puts the tokenizer's own first token before the prompt; a chat template has it already."""


def stored_items(folder: Path, *, chat_template: bool) -> tuple[StoredItem, ...]:
    """Return the items to ask again from the samples that `eval` wrote for one arm, of every task in turn.

    Args:
        folder: of the arm's samples; it need not be there.
        chat_template: whether prompts were made with one.
    """
    by_task = [_of_task(path, special_tokens=not chat_template) for path in sorted(folder.glob(f"*{_ENDING}"))]
    turns = chain.from_iterable(zip_longest(*by_task))
    return tuple(islice((item for item in turns if item is not None), ITEMS))


def accuracy_smoke(engine: Engine, items: tuple[StoredItem, ...]) -> Smoke:
    """Ask a few items again; one that the engine refuses says nothing of its accuracy.

    Args:
        engine: of the release, before it gets requests.
        items: as its evaluation answered them.
    """
    if not items:
        return _not_measured("the release's evaluation stored no answers that can be compared")
    try:
        with engine.client(_TIMEOUT_S) as client:
            agreeing = sum(_agrees(client, engine.model, item) for item in items)
    except httpx.HTTPStatusError as refusal:
        if refusal.response.is_client_error:
            return _not_measured(f"the engine refuses to score items (status {refusal.response.status_code})")
        return Smoke(passed=False, said=(f"accuracy smoke: the engine answered {refusal.response.status_code}.",))
    except (httpx.TransportError, ValueError, LookupError, TypeError) as problem:
        return Smoke(passed=False, said=(f"accuracy smoke: the engine gave no answer ({problem!r}).",))
    said = f"accuracy smoke: {agreeing} of {plural(len(items), 'item')} answered as in the release's own evaluation"
    passed = agreeing >= _AGREEING * len(items)
    return Smoke(passed=passed, said=(f"{said}{'' if passed else f', at least {_AGREEING:.0%} are asked for'}.",))


def _not_measured(why: str) -> Smoke:
    return Smoke(passed=True, said=(f"accuracy smoke: not measured, {why}.",))


def _of_task(path: Path, *, special_tokens: bool) -> list[StoredItem]:
    """Return a task's items, those with the clearest answers first."""
    found: list[tuple[float, StoredItem]] = []
    with path.open(encoding="utf-8") as lines:
        for line in islice(lines, _ROWS_READ):
            found += _items_of(json.loads(line), path.name.removesuffix(_ENDING), special_tokens=special_tokens)
    found.sort(key=lambda pair: -pair[0])
    return [item for _, item in found[:ITEMS]]


def _items_of(sample: dict[str, Any], task: str, *, special_tokens: bool) -> Iterator[tuple[float, StoredItem]]:
    """Yield what a sample can be asked again for, with how clear its answer was; nothing of other kinds of sample."""
    asked, answers = requests_of(sample), sample.get("resps")
    if not (isinstance(answers, list) and len(asked) == len(answers) and all(len(request) > 1 for request in asked)):
        return
    prompts = {str(request[0]) for request in asked}
    if len(prompts) != 1:
        return
    bare = StoredItem(task=task, prompt=prompts.pop(), answer="", special_tokens=special_tokens)
    if len(asked) > 1 and all(isinstance(request[1], str) for request in asked):
        choices = tuple(str(request[1]) for request in asked)
        likelihoods = [float(answer[0][0]) for answer in answers]
        best, second = sorted(likelihoods, reverse=True)[:2]
        if "".join((bare.prompt, *choices)).isascii():  # places in the text are places in what tokens stand for
            yield (
                best - second,
                bare.model_copy(update={"choices": choices, "answer": choices[likelihoods.index(best)]}),
            )
    elif isinstance(asked[0][1], dict) and isinstance(answers[0][0], str) and _beginning(answers[0][0]):
        yield 0.0, bare.model_copy(update={"answer": answers[0][0]})


def _agrees(client: httpx.Client, model: str, item: StoredItem) -> bool:
    common = {"model": model, "temperature": 0, "add_special_tokens": item.special_tokens}
    if not item.choices:
        text = _completed(client, {**common, "prompt": item.prompt, "max_tokens": _TOKENS})["text"]
        ours, stored = _beginning(text), _beginning(item.answer)
        return bool(ours) and (ours.startswith(stored) or stored.startswith(ours))
    scores = [_likelihood(client, common, item.prompt, choice) for choice in item.choices]
    return item.choices[scores.index(max(scores))] == item.answer


def _likelihood(client: httpx.Client, common: dict[str, Any], prompt: str, choice: str) -> float:
    """Return the log-likelihood of a choice: of the tokens that begin within it."""
    asked = {**common, "prompt": prompt + choice, "max_tokens": 1, "echo": True, "logprobs": 1}
    scores = _completed(client, asked)["logprobs"]
    *places, end = scores["text_offset"]  # the last token is the one that was generated
    start = end - len(choice)
    found = zip(places, scores["token_logprobs"], strict=False)
    return float(sum(score for place, score in found if place >= start and score))


def _completed(client: httpx.Client, asked: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/v1/completions", json=asked).raise_for_status().json()
    choice: dict[str, Any] = answer["choices"][0]
    return choice


def _beginning(text: str) -> str:
    return " ".join(text.split())[:_TEXT_LENGTH]


def all_of(parts: Iterable[Smoke]) -> Smoke:
    """Return several checks as one."""
    found = tuple(parts)
    return Smoke(passed=all(part.passed for part in found), said=tuple(said for part in found for said in part.said))

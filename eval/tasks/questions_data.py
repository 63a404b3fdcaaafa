"""Loads and scores the client's own questions for lm-eval; copied beside the task files that are made for them.

lm-eval calls `load` with the task's metadata and `dataset_kwargs`, and `score` with an item and the model's text.
The lines were checked and brought into one form by `eval/accuracy/questions.py`.
"""

import json
import re
import string
from collections import Counter
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

FOLDER = Path(__file__).resolve().parent


def load(*, file: str, examples: int, **_: object) -> DatasetDict:
    """Return the questions as the split `test`, and the first `examples` of them as the split `examples` instead."""
    with (FOLDER / file).open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    splits = {"test": Dataset.from_list(rows[examples:])}
    if examples:
        splits["examples"] = Dataset.from_list(rows[:examples])
    return DatasetDict(splits)


def score(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Return exact match (white space around it aside) and word F1, each against the best of the references."""
    answer = results[0].strip()
    return {
        "exact_match": float(answer in doc["reference"]),
        "f1": max(word_f1(answer, reference) for reference in doc["reference"]),
    }


def word_f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall over the words that both have.

    As SQuAD's official script has it (Rajpurkar et al. 2016): lower case, without punctuation and English articles;
    1 where neither has a word left.
    """
    said, wanted = _words(answer), _words(reference)
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


def _words(text: str) -> list[str]:
    plain = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()

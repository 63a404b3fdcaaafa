"""Loads the packaged data of the `stdlib_*` tasks for lm-eval, wherever it is started from.

lm-eval calls `custom_dataset` with the task's metadata and arguments, of which these loaders need none. The
files are written by `recipes/demo/items.py`.
"""

import json
from pathlib import Path

from datasets import Dataset, DatasetDict

FOLDER = Path(__file__).resolve().parent / "data"


def load(name: str) -> DatasetDict:
    """Return the rows of `data/<name>.jsonl` as the split `test`."""
    with (FOLDER / f"{name}.jsonl").open(encoding="utf-8") as file:
        return DatasetDict(test=Dataset.from_list([json.loads(line) for line in file]))


def next_line(**_: object) -> DatasetDict:
    """Return the multiple-choice questions of `stdlib_next_line`."""
    return load("stdlib_next_line")


def bits(**_: object) -> DatasetDict:
    """Return the documents of `stdlib_bits`."""
    return load("stdlib_bits")

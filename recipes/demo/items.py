"""Evaluation items and calibration text, cut from the corpus.

Next-line questions come from held-out modules: eight lines of a module, then its true next line among three
other lines of the same module with the same indentation and about the same length. Only the context tells
which one is right. Calibration text comes from training modules that share nothing with the held-out ones.

Standard library only. `python -m recipes.demo.items` writes the shipped files anew.
"""

import itertools
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recipes.demo.corpus import SEED, Corpus, Module, library_folder, split, windows

REPOSITORY = Path(__file__).resolve().parents[2]

CONTEXT_LINES = 8
CHOICES = 4
QUESTIONS_PER_MODULE = 50
SHORTEST_LINE = 12
"""Characters, without indentation, of a line worth asking about."""

LENGTH_SLACK = 0.25
"""Wrong choices are within this part of the true line's length, or four characters."""

BITS_DOCUMENT_BYTES = 2_300
"""About 630 tokens, 1 000 where the text is dense: each document fits the demo model's context of 1 024."""

BITS_EVERY = 3
CALIBRATION_BYTES = 400_000
CALIBRATION_ROW_BYTES = 2_000


@dataclass(frozen=True)
class Question:
    """One multiple-choice item; `context` ends with a line break, choices are whole lines without theirs."""

    module: str
    line: int
    context: str
    choices: list[str]
    answer: int


def indentation(line: str) -> str:
    """Return the whitespace that `line` starts with."""
    return line[: len(line) - len(line.lstrip())]


def distractors(lines: list[str], at: int) -> list[str]:
    """Return the distinct lines that could be mistaken for `lines[at]` by their shape alone.

    A line that begins with the true one, or the other way round, is no choice: the shorter of the two would
    win whatever the context. Nor is a line that the context already shows.
    """
    true = lines[at]
    slack = max(4.0, LENGTH_SLACK * len(true.strip()))
    context = set(lines[at - CONTEXT_LINES : at])
    return sorted(
        {
            line
            for line in lines
            if indentation(line) == indentation(true)
            and abs(len(line) - len(true)) <= slack
            and len(line.strip()) >= SHORTEST_LINE
            and line not in context
            and not line.startswith(true)
            and not true.startswith(line)
        }
    )


def pick(candidates: list[str], generator: random.Random) -> list[str]:
    """Return three candidates of which none begins with another, or fewer if there are not that many."""
    chosen: list[str] = []
    for line in generator.sample(candidates, len(candidates)):
        if len(chosen) == CHOICES - 1:
            break
        if not any(line.startswith(other) or other.startswith(line) for other in chosen):
            chosen.append(line)
    return chosen


def questions_of(module: Module, generator: random.Random) -> Iterator[Question]:
    """Yield the questions that `module` allows, in random order."""
    lines = module.text.split("\n")
    for at in generator.sample(range(CONTEXT_LINES, len(lines)), len(lines) - CONTEXT_LINES):
        true = lines[at]
        context = lines[at - CONTEXT_LINES : at]
        if len(true.strip()) < SHORTEST_LINE or true in context or not context[0].strip():
            continue
        wrong = pick(distractors(lines, at), generator)
        if len(wrong) == CHOICES - 1:
            answer = generator.randrange(CHOICES)
            choices = [*wrong[:answer], true, *wrong[answer:]]
            yield Question(module.path, at + 1, "\n".join(context) + "\n", choices, answer)


def next_line(corpus: Corpus) -> list[dict[str, Any]]:
    """Return the rows of `stdlib_next_line`: at most `QUESTIONS_PER_MODULE` of each held-out module."""
    rows: list[dict[str, Any]] = []
    for module in corpus.held_out:
        generator = random.Random(f"{SEED}:{module.path}")
        found = itertools.islice(questions_of(module, generator), QUESTIONS_PER_MODULE)
        rows += [asdict(question) for question in sorted(found, key=lambda question: question.line)]
    return rows


def pieces(text: str, size: int) -> Iterator[str]:
    """Yield `text` in runs of whole lines, each at least `size` bytes; a shorter rest is left out."""
    piece, length = [], 0
    for line in text.splitlines(keepends=True):
        piece.append(line)
        length += len(line.encode())
        if length >= size:
            yield "".join(piece)
            piece, length = [], 0


def bits(corpus: Corpus) -> list[dict[str, Any]]:
    """Return the rows of `stdlib_bits`: every third piece of the held-out text, so modules count by size."""
    cut = [
        {"module": module.path, "piece": at, "text": text}
        for module in corpus.held_out
        for at, text in enumerate(pieces(module.text, BITS_DOCUMENT_BYTES))
    ]
    return cut[SEED % BITS_EVERY :: BITS_EVERY]


def calibration(corpus: Corpus) -> list[dict[str, Any]]:
    """Return rows of training text for quantization, about `CALIBRATION_BYTES` in all.

    One piece each from library modules in random order. A module with a single run of three lines in common
    with a held-out one is passed over.
    """
    hidden = set().union(*(windows(module.text) for module in corpus.held_out))
    library = [module for module in corpus.training if not module.is_test]
    generator = random.Random(SEED)
    rows: list[dict[str, Any]] = []
    for module in generator.sample(library, len(library)):
        cut = list(pieces(module.text, CALIBRATION_ROW_BYTES))
        if not cut or windows(module.text) & hidden:
            continue
        rows.append({"module": module.path, "text": generator.choice(cut)})
        if total_bytes(row["text"] for row in rows) >= CALIBRATION_BYTES:
            break
    return rows


def total_bytes(texts: Iterable[str]) -> int:
    """Return the length of `texts` in UTF-8 bytes."""
    return sum(len(text.encode()) for text in texts)


def write_rows(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` to `file`, one JSON object a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write the data of both tasks and the calibration text into the repository."""
    corpus = split(library_folder())
    tasks = REPOSITORY / "eval" / "tasks" / "data"
    write_rows(tasks / "stdlib_next_line.jsonl", next_line(corpus))
    write_rows(tasks / "stdlib_bits.jsonl", bits(corpus))
    write_rows(REPOSITORY / "recipes" / "demo" / "calibration.jsonl", calibration(corpus))


if __name__ == "__main__":
    main()

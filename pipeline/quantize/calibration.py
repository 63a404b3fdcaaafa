"""Calibration data: text from the recipe's source, tokenized, cut into blocks of exact length."""

import json
import random
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import EnvironmentLackError, SourceError
from pipeline.identity import file_identity
from pipeline.recipe.models import Calibration
from pipeline.sources import PACKAGED

_FILE_SUFFIXES = (".jsonl", ".txt")


class Tokenizer(Protocol):
    """What is needed of a transformers tokenizer."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the token ids of `text`."""


def calibration_identity(calibration: Calibration, recipe_dir: Path) -> str:
    """Return what a fingerprint needs to notice changed calibration text."""
    path = _local_file(calibration.source, recipe_dir)
    return file_identity(path) if path else calibration.source


def calibration_blocks(calibration: Calibration, recipe_dir: Path, tokenizer: Tokenizer) -> list[list[int]]:
    """Return `calibration.blocks` blocks of exactly `block_tokens` token ids.

    Texts are shuffled with the recipe's seed, joined end to end and cut, so that long texts are used in full.
    Fewer blocks come back when the text runs out; at least one always does.

    Raises:
        SourceError: the source is missing, unreadable, or holds less than one block of text.
        EnvironmentLackError: a `datasets` name cannot be fetched.
    """
    texts = [text for text in read_texts(calibration, recipe_dir) if text.strip()]
    if not texts:
        raise SourceError(
            f"calibration.source {calibration.source} holds no text. Give a file with text in '{calibration.column}'."
        )
    random.Random(calibration.seed).shuffle(texts)  # noqa: S311 -- a reproducible sample, not a secret
    blocks = list(_cut(texts, tokenizer, calibration))
    if not blocks:
        raise SourceError(
            f"calibration.source {calibration.source} holds less than one block of {calibration.block_tokens} tokens. "
            f"Give more text or lower quantize.calibration.block_tokens."
        )
    return blocks


def _cut(texts: Iterable[str], tokenizer: Tokenizer, calibration: Calibration) -> Iterator[list[int]]:
    pending: list[int] = []
    made, size = 0, calibration.block_tokens
    for text in texts:
        pending += tokenizer.encode(text, add_special_tokens=False)
        while len(pending) >= size:
            yield pending[:size]
            pending = pending[size:]
            made += 1
            if made == calibration.blocks:
                return


def read_texts(calibration: Calibration, recipe_dir: Path) -> list[str]:
    """Return the texts of the source, in its order."""
    path = _local_file(calibration.source, recipe_dir)
    if path is None:
        return _from_datasets(calibration)
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(f"calibration.source {path} cannot be read: {problem}. Give UTF-8 text.") from problem
    if path.suffix == ".txt":
        return content.split("\n\n")
    return [
        _row_text(line, number, path, calibration.column)
        for number, line in enumerate(content.split("\n"), 1)
        if line.strip()
    ]


def _row_text(line: str, number: int, path: Path, column: str) -> str:
    try:
        row: Any = json.loads(line)
    except json.JSONDecodeError as problem:
        raise SourceError(
            f"{path}, line {number}: not JSON ({problem.msg}). Each line must be one JSON object."
        ) from problem
    if not isinstance(row, dict) or not isinstance(row.get(column), str):
        known = ", ".join(row) if isinstance(row, dict) else type(row).__name__
        raise SourceError(
            f"{path}, line {number}: no text under '{column}' (found: {known}). Set quantize.calibration.column."
        )
    text: str = row[column]
    return text


def _local_file(source: str, recipe_dir: Path) -> Path | None:
    if source == PACKAGED:
        return Path(str(resources.files("recipes"))) / "demo" / "calibration.jsonl"
    for candidate in (recipe_dir / source, Path(source).expanduser()):
        if candidate.is_file():
            if candidate.suffix not in _FILE_SUFFIXES:
                raise SourceError(f"calibration.source {source}: files must end in {' or '.join(_FILE_SUFFIXES)}.")
            return candidate.resolve()
    if Path(source).suffix in _FILE_SUFFIXES or source.startswith(("/", ".", "~")):
        raise SourceError(f"calibration.source: there is no file {source}. Paths are relative to the recipe's folder.")
    return None


def _from_datasets(calibration: Calibration) -> list[str]:
    from datasets import load_dataset  # noqa: PLC0415 -- seconds of import, only here

    needed = calibration.blocks * calibration.block_tokens * 8
    try:
        rows = load_dataset(calibration.source, calibration.config, split=calibration.split, streaming=True)
        rows = rows.shuffle(seed=calibration.seed, buffer_size=1000)
        texts: list[str] = []
        characters = 0
        for row in rows:
            text = row[calibration.column]
            if not isinstance(text, str):
                raise SourceError(
                    f"Column {calibration.column} of {calibration.source} holds {type(text).__name__}, not text. "
                    f"Set quantize.calibration.column to one that holds text."
                )
            texts.append(text)
            characters += len(text)
            if characters > needed:
                break
    except KeyError as problem:
        raise SourceError(
            f"Data set {calibration.source} has no column {problem}. Set quantize.calibration.column."
        ) from problem
    except (OSError, ValueError, RuntimeError) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise EnvironmentLackError(
            f"Data set {calibration.source} ({calibration.split}) cannot be loaded: {reason}. "
            f"Check the name and the network, or give a local .jsonl file."
        ) from problem
    return texts

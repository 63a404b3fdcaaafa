"""Reads a JSONL file of the client's own questions, and names every fault by its line.

A line is an object with `prompt`, `choices` and `answer` (the text of the right choice, its letter from A, or its
number from 0), or with `prompt` and `reference` (a text, or a list of texts of which any is right). `id` is optional,
other keys are the client's own and left alone. Blank lines do not count. All lines of a file are of one kind.
"""

import json
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.base.errors import RecipeError

Kind = Literal["choices", "reference"]
_SHOWN_FAULTS = 10
_FEWEST_CHOICES = 2


@dataclass(frozen=True)
class Questions:
    """One file, checked."""

    kind: Kind
    rows: tuple[dict[str, Any], ...]
    """`prompt` with `choices` and the number of the right one as `answer`, or with a list as `reference`; `id` where
    the file has any."""
    delimiter: str
    """Between prompt and answer: a space, or nothing where the texts bring their own white space."""


class _FaultError(ValueError):
    """What is wrong with one line."""


def read_questions(path: Path) -> Questions:
    """Return the questions of a file.

    Raises:
        RecipeError: it is not there, or lines are wrong; names up to ten of them.
    """
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for
            raise RecipeError(f"eval.tasks.questions: {path} is no file. Paths are relative to the recipe.")
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as problem:
        raise RecipeError(
            f"eval.tasks.questions: {path} cannot be read ({problem.strerror}). Paths are relative to the recipe."
        ) from problem
    rows: dict[int, dict[str, Any]] = {}
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows[number] = _row(line)
            except _FaultError as fault:
                faults.append(f"line {number}: {fault}")
    faults += _faults_between(rows)
    if not rows and not faults:
        faults.append("there is no question in it")
    if faults:
        raise RecipeError(_report(path, faults))
    kind: Kind = "choices" if "choices" in next(iter(rows.values())) else "reference"
    return Questions(kind, tuple(rows.values()), "" if _spaced(next(iter(rows.values()))) else " ")


def _report(path: Path, faults: list[str]) -> str:
    more = f"\n  and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
    shown = "\n  ".join(faults[:_SHOWN_FAULTS])
    return (
        f"{path} is not a file of questions:\n  {shown}{more}\nCorrect the lines: each is an object with `prompt`, "
        f"`choices` and `answer`, or with `prompt` and `reference`."
    )


def _row(line: bytes) -> dict[str, Any]:
    """Return one question in the form that lm-eval gets."""
    try:
        entry = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise _FaultError("not UTF-8") from None
    except json.JSONDecodeError as problem:
        raise _FaultError(f"not JSON ({problem.msg}, column {problem.colno})") from None
    except ValueError:  # Python's limit on the digits of a number
        raise _FaultError("a number in it has thousands of digits") from None
    except RecursionError:
        raise _FaultError("nested too deeply") from None
    if not isinstance(entry, dict):
        raise _FaultError("not an object")
    row: dict[str, Any] = {"prompt": _text(entry, "prompt")}
    if "choices" in entry and "reference" in entry:
        raise _FaultError("has both `choices` and `reference`")
    if "choices" in entry:
        row["choices"] = _choices(entry["choices"])
        row["answer"] = _position(entry, row["choices"])
    elif "reference" in entry:
        row["reference"] = _references(entry["reference"])
    else:
        raise _FaultError("has neither `choices` nor `reference`")
    if entry.get("id") is not None:
        row["id"] = str(entry["id"])
    _require_characters(row)
    return row


def _require_characters(row: dict[str, Any]) -> None:
    r"""Refuse half of a surrogate pair, such as `\ud83d`, which JSON can say and no tokenizer can read."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        half = ascii(problem.object[problem.start])[1:-1]
        raise _FaultError(f"{half} is half a character; write the character itself, or both halves") from None


def _text(entry: dict[str, Any], key: str) -> str:
    if key not in entry:
        raise _FaultError(f"has no `{key}`")
    value = entry[key]
    if not isinstance(value, str):
        raise _FaultError(f"`{key}` is {_kind(value)}, not a text")
    if not value.strip():
        raise _FaultError(f"`{key}` is empty")
    return value


def _choices(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(choice, str) for choice in value):
        raise _FaultError("`choices` is not a list of texts")
    if len(value) < _FEWEST_CHOICES:
        raise _FaultError("`choices` has fewer than two")
    if not all(choice.strip() for choice in value):
        raise _FaultError("`choices` has an empty text")
    if len(set(value)) < len(value):
        raise _FaultError("`choices` has the same text twice")
    return value


def _position(entry: dict[str, Any], choices: list[str]) -> int:
    """Return the number of the right choice; refuse an answer that can be read in two ways."""
    if "answer" not in entry:
        raise _FaultError("has no `answer`")
    answer, shown = entry["answer"], json.dumps(entry["answer"])
    readings = {number for number, choice in enumerate(choices) if choice == str(answer)}
    if isinstance(answer, int) and not isinstance(answer, bool):
        readings |= {answer} & set(range(len(choices)))
    elif isinstance(answer, str) and answer in set(string.ascii_uppercase[: len(choices)]):
        readings |= {string.ascii_uppercase.index(answer)}
    elif not isinstance(answer, str):
        raise _FaultError(f"`answer` is {_kind(answer)}, not a choice, a letter or a number")
    if not readings:
        raise _FaultError(f"`answer` {shown} is none of the choices, nor the letter (from A) or number (from 0) of one")
    if len(readings) > 1:
        other = "text" if isinstance(answer, int) else "number"
        raise _FaultError(f"`answer` {shown} is the text of one choice and stands for another; give the {other}")
    return readings.pop()


def _references(value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _FaultError("`reference` is neither a text nor a list of texts")
    if not all(text.strip() for text in texts):
        raise _FaultError("`reference` is empty")
    return [text.strip() for text in texts]


def _faults_between(rows: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Yield where lines do not go together."""
    first: tuple[int, dict[str, Any]] | None = None
    seen: dict[str, int] = {}
    for number, row in rows.items():
        first = first or (number, row)
        if ("choices" in row) != ("choices" in first[1]):
            yield f"line {number}: of another kind than line {first[0]}; make a file of each kind"
        elif _spaced(row) != _spaced(first[1]):
            yield (
                f"line {number}: only one of lines {first[0]} and {number} has white space between prompt and answer "
                f"(at the end of the prompt, or at the start of every choice); write both alike"
            )
        if row.get("id") in seen:
            yield f"line {number}: the id {row['id']!r} is that of line {seen[row['id']]}, too"
        elif "id" in row:
            seen[row["id"]] = number


def _spaced(row: dict[str, Any]) -> bool:
    """Whether the texts themselves bring white space between prompt and answer."""
    return bool(row["prompt"][-1].isspace() or all(choice[0].isspace() for choice in row.get("choices", ("-",))))


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null")

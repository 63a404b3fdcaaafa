"""Rows of lm-eval's sample files: what identifies an item, and the metrics' values for it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.comparison.compression import opened, read_bytes
from pipeline.base.errors import SourceError

_DESCRIBING = frozenset(
    {"task", "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}
    | {"doc_hash", "prompt_hash", "target_hash", "schema_version"}
)
"""Keys that are not metrics. lm-eval before 0.4.4 did not list the metrics."""
_TEXT = (str, type(None)), "a text"
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "doc_id": ((int, str), "a number or a text"),
    "metrics": ((list, type(None)), "a list"),
    **dict.fromkeys(("task", "doc_hash", "prompt_hash", "target_hash", "filter"), _TEXT),
}
"""What identifies a sample, and what it has to be."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item as one filter of lm-eval saw it."""

    subtask: str
    """The task of the group that the item belongs to; the task itself where there is no group."""
    doc_id: str
    doc_hash: str
    prompt_hash: str
    """Empty where the file has neither hash nor prompt."""
    target_hash: str
    filter: str | None
    """None in files of lm-eval versions that did not write it."""
    values: dict[str, Any]
    """By metric; None for one that the row lists, but has no value of."""
    file: Path
    place: int
    """Where the row stands in the unpacked file: byte offset in JSON lines, number from 0 in a JSON array."""
    choices: int = 0
    """Answers that the item could be given; 0 where it is not a question with choices."""
    asked_hash: str = ""
    """Of what the answers could be; empty where the file does not say it."""


def read_rows(path: Path, subtask: str | None = None) -> list[Row]:
    """Return the rows of a file, each a line of JSON, or all in one JSON array as lm-eval 0.4.0 to 0.4.2 wrote them.

    Args:
        path: the file.
        subtask: the task, for files whose rows do not name it.

    Raises:
        SourceError: a row is damaged or is none of lm-eval's; names file and line.
    """
    documents = _array(path) if _is_array(path) else _lines(path)
    return [_row(document, subtask, path, place, where) for document, place, where in documents]


def read_document(row: Row) -> dict[str, Any]:
    """Return everything that the file says about one row."""
    found: dict[str, Any]
    with opened(row.file) as stream:
        if _is_array(row.file):
            found = json.load(stream)[row.place]
        else:
            stream.seek(row.place)
            found = json.loads(stream.readline())
    return found


def requests_of(document: dict[str, Any]) -> list[list[Any]]:
    """Return what was asked, one list of arguments per request: the prompt, then the choice or the settings.

    lm-eval from 0.4.3 on writes its command line's samples as `{"gen_args_0": {"arg_0": ...}}`.
    """
    asked = document.get("arguments")
    if isinstance(asked, dict):
        return [list(request.values()) if isinstance(request, dict) else [request] for request in asked.values()]
    requests = asked if isinstance(asked, list) else []
    return [list(request) if isinstance(request, list) else [request] for request in requests]


def readable(text: str) -> str:
    """Return a text that can be printed: half a surrogate pair, which JSON can say, becomes a question mark."""
    return text.encode(errors="replace").decode()


def _is_array(path: Path) -> bool:
    with opened(path) as stream:
        return stream.read(64).lstrip().startswith(b"[")


def _array(path: Path) -> Iterator[tuple[Any, int, str]]:
    try:
        documents = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"{path} is damaged: {problem}. Copy it again, or score the tasks again.") from None
    for number, document in enumerate(documents):
        yield document, number, f"{path}, entry {number + 1}"


def _lines(path: Path) -> Iterator[tuple[Any, int, str]]:
    offset = 0
    with opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            where = f"{path}, line {number}"
            if line.strip():
                yield _parsed(line, where), offset, where
            offset += len(line)


def _parsed(line: bytes, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as problem:
        reason = problem.msg if isinstance(problem, json.JSONDecodeError) else problem  # its own line is always 1 or 2
        raise SourceError(f"{where} is damaged: {reason}. Copy the file again, or score the task again.") from None


def _row(document: Any, subtask: str | None, path: Path, place: int, where: str) -> Row:
    if not isinstance(document, dict) or "doc_id" not in document or not {"doc", "doc_hash"} & document.keys():
        raise SourceError(
            f"{where} is not a sample of lm-eval: it needs `doc_id` and `doc` or `doc_hash`. "
            f"Give files that `lm_eval --log_samples` wrote."
        )
    for name, (kinds, said) in _KINDS.items():
        if name in document and not isinstance(document[name], kinds):
            raise SourceError(
                f"{where} is damaged: `{name}` is not {said}. Copy the file again, or score the task again."
            )
    metrics = document.get("metrics") or [name for name in document if name not in _DESCRIBING]
    if not all(isinstance(name, str) for name in metrics):
        raise SourceError(f"{where} is damaged: `metrics` are not names. Copy the file again, or score the task again.")
    return Row(
        subtask=readable(str(document.get("task") or subtask or path.stem)),
        doc_id=readable(str(document["doc_id"])),
        doc_hash=document.get("doc_hash") or _document_hash(document),
        prompt_hash=document.get("prompt_hash") or _prompt_hash(document),
        target_hash=document.get("target_hash") or _hash(str(document.get("target"))),
        filter=document.get("filter"),
        values={name: document.get(name) for name in metrics},
        file=path,
        place=place,
        choices=_choices(document),
        asked_hash=_asked_hash(document),
    )


def _choices(document: dict[str, Any]) -> int:
    """Return how many answers were asked for, each a request of its own, or are listed for an answer in words.

    With `acc_mutual_info` each answer is asked for twice, and of `winogrande` the question differs, not the answer.
    """
    requests = [(str(request[0]), str(request[1])) for request in requests_of(document) if len(request) > 1]
    asked = max(len({part[place] for part in requests}) for place in (0, 1)) if len(requests) > 1 else 0
    doc = document.get("doc")
    listed = doc.get("choices") if isinstance(doc, dict) else None
    listed = listed.get("text") if isinstance(listed, dict) else listed
    if asked > 1:
        return asked
    if isinstance(listed, list):
        return len(listed)
    return 0 if requests else _answered(document)


def _answered(document: dict[str, Any]) -> int:
    """Return how many answers have a log-likelihood, of a sample whose requests were taken out."""
    found = document.get("filtered_resps")
    count = len(found) if isinstance(found, list) and all(isinstance(one, list) for one in found) else 0
    return count // 2 if "acc_mutual_info" in (document.get("metrics") or ()) else count


def _asked_hash(document: dict[str, Any]) -> str:
    """Return the hash of the continuations, and of the prompts where these are what differs."""
    requests = requests_of(document)
    texts = [[part for part in request[:2] if isinstance(part, str)] for request in requests]
    if not all(len(parts) == 2 for parts in texts) or not texts:  # noqa: PLR2004 -- prompt and continuation
        return ""
    return _hash(json.dumps([[prompt if prompt != texts[0][0] else "", text] for prompt, text in texts]))


def _hash(text: str) -> str:
    """Return a text's hash as lm-eval does, which fails on half a surrogate pair; two files may have the same half."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _document_hash(document: dict[str, Any]) -> str:
    """Return the hash as `lm_eval.evaluator.evaluate` computes it from 0.4.3 on; of a number without a document."""
    doc = document.get("doc")
    return _hash(json.dumps(doc, indent=2, ensure_ascii=False)) if doc else f"number {document['doc_id']}"


def _prompt_hash(document: dict[str, Any]) -> str:
    requests = requests_of(document)
    return _hash(str(requests[0][0])) if requests and requests[0] else ""

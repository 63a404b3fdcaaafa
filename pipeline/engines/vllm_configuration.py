"""vLLM's whole configuration as one line of its log has it: Python's `repr` of nested objects, taken apart."""

import re
from collections.abc import Iterator

from pipeline.engines.vllm_log import LINES

_OPEN, _CLOSE, _QUOTES = "([{<", ")]}>", "'\""
_ENTRY = re.compile(r"""\s*(?:(?P<name>\w+)=|(?P<quote>['"])(?P<key>[\w.]+)(?P=quote):\s*)(?P<value>.*)""", re.DOTALL)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Of an object in memory, other in every process."""
_NESTED = re.compile(r"(?:\w+\((?P<object>.*)\)|\{(?P<mapping>.*)\})", re.DOTALL)


def parse_configuration(log: str) -> dict[str, str]:
    """Return every setting that the engine states, by its dotted name; empty where the log has no such line."""
    line = LINES["config"].pattern.search(log)
    return {} if line is None else dict(_flat(_ADDRESS.sub("", line[1]), ""))


def _flat(text: str, prefix: str) -> Iterator[tuple[str, str]]:
    for part in _parts(text):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            continue
        name, value = prefix + (entry["name"] or entry["key"]), entry["value"].strip()
        nested = _NESTED.fullmatch(value)
        inside = list(_flat(nested["object"] or nested["mapping"] or "", f"{name}.")) if nested else []
        yield from inside or [(name, value)]


def _parts(text: str) -> Iterator[str]:
    """Yield what commas separate outside of brackets and quotes."""
    depth, quote, begin = 0, "", 0
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == "," and depth == 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]

"""YAML as plain data: texts, decimal numbers, true and false, null, lists, and mappings with texts as keys.

PyYAML parses; what its events mean is decided here, because no loader does it. PyYAML's own takes 1:30 for 90, 010 for
8 and the last of two equal keys; ruamel.yaml follows `%YAML 1.1`, overlooks a key given twice beside `<<`, and follows
aliases without end; strictyaml refuses `{}` and `<<`. Nothing here recurses, and the first thing that is refused ends
it.
"""

import copy
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.base.errors import UsageError

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 50
_MOST = 50_000
"""Values of a document, every alias counted as what it stands for."""
_LARGEST = 10_000_000
"""Characters of a document, every alias counted as what it stands for."""
_LONGEST_NUMBER = 18
"""Digits of a whole number; with more it fits into no 64 bits."""
_MERGE = "<<"
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""No digit can belong to two parts of it: thousands of them would be tried in every division."""
_NO_NUMBER = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)")


class YamlError(ValueError):
    """A text is not YAML that is read here; the message begins with the line."""


def yaml_file_text(path: Path) -> str:
    """Return the text of a file of YAML, without a byte order mark, its lines ended as here.

    Raises:
        UsageError: it is not UTF-8, and the line is named, or it is too large to be what is meant.
    """
    if path.stat().st_size > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST // 1_000_000} MB, so it is not read. Give the right file.")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise UsageError(f"{path} is not UTF-8 in line {line}. Save it as UTF-8 and try again.") from None


def read_yaml(text: str) -> Any:
    """Return the one document in `text`; a date, 1:30 and 0x1F are texts, 010 is ten.

    Raises:
        YamlError: it is not YAML, has a key twice or a tag, or is too large: deep, long, or with aliases that multiply.
    """
    try:
        text.encode()  # the parser would, without telling the line
        return _Builder().build(text)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{where}{problem.problem or problem.context}") from None
    except yaml.reader.ReaderError as problem:
        raise YamlError(f"line {_line_of_control_character(text)}: {problem.reason}") from None
    except UnicodeEncodeError as problem:
        line = text.count("\n", 0, problem.start) + 1
        raise YamlError(f"line {line}: there are bytes that are not UTF-8") from None


def write_yaml(document: Any, *, width: float = 100) -> str:
    """Return YAML that reads as `document` here and with YAML 1.1 alike; keys in their order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)


class _Dumper(yaml.SafeDumper):
    """Quotes also what is a number here and none in YAML 1.1, such as 1e3 and 08."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(rf"^{_DECIMAL.pattern}$"), list("-+.0123456789"))


@dataclass(frozen=True)
class _Node:
    """A finished value: how many values and characters are in it, and how deep they stand."""

    value: Any
    size: int = 1
    height: int = 0
    length: int = 0


@dataclass
class _Collection:
    """A list or mapping that is being read."""

    anchor: str | None
    mapping: bool
    items: list[Any] = field(default_factory=list)
    entries: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Key -> its line."""
    merged: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    merging: bool = False
    size: int = 1
    height: int = 0
    length: int = 0

    @property
    def awaits_key(self) -> bool:
        return self.mapping and self.key is None

    def finished(self) -> _Node:
        value = {**self.merged, **self.entries} if self.mapping else self.items
        return _Node(value, self.size, self.height + 1, self.length)


class _Builder:
    """Makes one document of the parser's events."""

    def __init__(self) -> None:
        self._open: list[_Collection] = []
        self._anchors: dict[str, _Node | None] = {}
        """None while what it names is being read."""
        self._roots: list[Any] = []
        self._size = 0
        self._length = 0

    def build(self, text: str) -> Any:
        for event in yaml.parse(text, Loader=_PARSER):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if handle := _HANDLERS.get(type(event)):
                handle(self, event, line)
        return self._roots[0] if self._roots else None

    def alias(self, event: yaml.AliasEvent, line: int) -> None:
        node = self._anchors.get(event.anchor or "", _Node(None, 0))
        if node is None:
            raise YamlError(f"line {line}: *{event.anchor} stands inside of what it names")
        if not node.size:
            raise YamlError(f"line {line}: *{event.anchor} names nothing above it")
        self._lengthen(node.length, line)
        self._add(_Node(copy.deepcopy(node.value), node.size, node.height, node.length), line)

    def scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        plain = event.tag is None and not event.style
        if event.tag not in (None, *_TEXT_TAGS):
            raise YamlError(f"line {line}: the tag {_shown(event.tag)} is not read; leave it out")
        self._lengthen(length := len(event.value), line)
        if yaml.reader.Reader.NON_PRINTABLE.search(
            event.value
        ):  # by an escape; no path holds a NUL, terminals obey others
            raise YamlError(f"line {line}: there is a control character in a text; leave it out")
        parent = self._open[-1] if self._open else None
        if parent and parent.awaits_key:
            self._name(parent, event.value, line, merging=plain and event.value == _MERGE)
            parent.length += length
            node = _Node(event.value, length=length)
        else:
            node = _Node(_plain_value(event.value, line) if plain else event.value, length=length)
            self._add(node, line)
        if event.anchor:
            self._anchors[event.anchor] = node

    def start(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent, line: int) -> None:
        if event.tag not in _TAGS:
            raise YamlError(f"line {line}: the tag {_shown(event.tag)} is not read; leave it out")
        if self._open and self._open[-1].awaits_key:
            raise YamlError(f"line {line}: a list or mapping is no key")
        self._check_depth(1, line)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Collection(event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def end(self, _event: yaml.Event, line: int) -> None:
        collection = self._open.pop()
        node = collection.finished()
        if collection.anchor:
            self._anchors[collection.anchor] = node
        self._add(node, line, new=1)

    def document(self, _event: yaml.Event, line: int) -> None:
        if self._roots:
            raise YamlError(f"line {line}: a second document begins; one file holds one")

    def _name(self, parent: _Collection, key: str, line: int, *, merging: bool) -> None:
        if key in parent.lines:
            raise YamlError(f"line {line}: the key '{key[:100]}' is given twice, first in line {parent.lines[key]}")
        parent.key, parent.merging = key, merging
        parent.lines[key] = line

    def _add(self, node: _Node, line: int, *, new: int | None = None) -> None:
        """Put a value into what is being read; `new` where its parts were counted before."""
        self._size += node.size if new is None else new
        if self._size > _MOST:
            raise YamlError(f"line {line}: there are more than {_MOST} values, aliases counted as what they stand for")
        if not self._open:
            self._roots.append(node.value)
            return
        self._check_depth(node.height, line)
        parent = self._open[-1]
        if parent.awaits_key:
            if not isinstance(node.value, str):
                raise YamlError(f"line {line}: only a text is a key")
            self._name(parent, node.value, line, merging=False)
            parent.length += node.length
            return
        parent.size += node.size
        parent.length += node.length
        parent.height = max(parent.height, node.height)
        if parent.key is None:
            parent.items.append(node.value)
        elif parent.merging:
            parent.merged |= _merged(node.value, line)
        else:
            parent.entries[parent.key] = node.value
        parent.key, parent.merging = None, False

    def _lengthen(self, length: int, line: int) -> None:
        self._length += length
        if self._length > _LARGEST:
            raise YamlError(
                f"line {line}: there are more than {_LARGEST} characters, aliases counted as what they stand for"
            )

    def _check_depth(self, height: int, line: int) -> None:
        if len(self._open) + height > _DEEPEST:
            raise YamlError(f"line {line}: lists and mappings are nested more than {_DEEPEST} deep")


_HANDLERS: dict[type[yaml.Event], Callable[[_Builder, Any, int], None]] = {
    yaml.AliasEvent: _Builder.alias,
    yaml.ScalarEvent: _Builder.scalar,
    yaml.SequenceStartEvent: _Builder.start,
    yaml.MappingStartEvent: _Builder.start,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.MappingEndEvent: _Builder.end,
    yaml.DocumentStartEvent: _Builder.document,
}


def _plain_value(text: str, line: int) -> Any:
    """Return what an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        digits = text.lstrip("+-").replace("_", "").lstrip("0") or "0"  # zeros count towards Python's limit, too
        if len(digits) > _LONGEST_NUMBER:
            raise YamlError(
                f"line {line}: {text[:30]} is a number of more than {_LONGEST_NUMBER} digits; quote it if it is a text"
            )
        return -int(digits) if text.startswith("-") else int(digits)
    if found := _NO_NUMBER.fullmatch(text):
        return float(found[1] + found[2])
    if _DECIMAL.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _merged(value: Any, line: int) -> dict[str, Any]:
    """Return the keys of a mapping, or of several, of which the first counts."""
    found: dict[str, Any] = {}
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise YamlError(f"line {line}: `<<` takes a mapping or a list of mappings")
        found = {**one, **found}
    return found


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")[:100]


def _line_of_control_character(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 1

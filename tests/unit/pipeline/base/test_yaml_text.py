"""YAML: what values mean, and what is refused with its line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.errors import UsageError
from pipeline.base.yaml_text import YamlError, read_yaml, write_yaml, yaml_file_text

_MULTIPLIED = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 10))
_CHAINED = "".join(f"k{n}: &k{n} {'[' * 40}*k{n - 1}{']' * 40}\n" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("08", 8),
        ("-7", -7),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1:30", "1:30"),
        ("100:00", "100:00"),
        ("190:20:30.15", "190:20:30.15"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("0b11", "0b11"),
        ("2026-11-30", "2026-11-30"),
        ("2026-02-30", "2026-02-30"),
        ("2026-11-30 25:00:00", "2026-11-30 25:00:00"),
        ("12e5678", "12e5678"),
        ("yes", "yes"),
        ("off", "off"),
        ("True", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_values(text: str, value: Any) -> None:
    """Numbers are decimal; what YAML 1.1 makes of clocks, dates and words is text."""
    found = read_yaml(f"key: {text}")["key"]
    assert (found, type(found)) == (value, type(value))


def test_a_version_in_the_file_changes_nothing() -> None:
    """`%YAML 1.1` does not bring base 60 back."""
    assert read_yaml("%YAML 1.1\n---\na: 1:30\nb: on") == {"a": "1:30", "b": "on"}


def test_keys_are_texts_as_written() -> None:
    """Whatever a key looks like, it is the text that stands there."""
    assert read_yaml("1: a\nyes: b\n~: c\n'2': d") == {"1": "a", "yes": "b", "~": "c", "2": "d"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<: {a: 1, b: 2}\na: 3", {"a": 3, "b": 2}),
        ("a: 3\n<<: {a: 1}", {"a": 3}),
        ("<<: [{a: 1}, {a: 2, b: 2}]", {"a": 1, "b": 2}),
        ("x: &x {a: 1}\ny: {<<: *x, b: 2}", {"x": {"a": 1}, "y": {"a": 1, "b": 2}}),
    ],
)
def test_merges(text: str, value: Any) -> None:
    """A key of the mapping itself counts more than a merged one, wherever it stands, and the first merged one most."""
    assert read_yaml(text) == value


def test_an_alias_is_a_copy() -> None:
    """A change of one place is no change of the other."""
    found = read_yaml("a: &x {b: [1]}\nc: *x")
    found["a"]["b"].append(2)
    assert found["c"] == {"b": [1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"line 3: the key 'a' is given twice, first in line 1"),
        ("a:\n  b: 1\n  c: 2\n  'b': 3", r"line 4: the key 'b' is given twice, first in line 2"),
        ("- {a: 1, b: 2,\n   a: 3}", r"line 2: the key 'a' is given twice, first in line 1"),
        ("<<: {a: 1}\nb: 2\nb: 3", r"line 3: the key 'b' is given twice, first in line 2"),
        ("<<: {a: 1}\n<<: {b: 1}", r"line 2: the key '<<' is given twice, first in line 1"),
        ("1: a\n'1': b", r"line 2: the key '1' is given twice"),
        ("&k a: 1\n*k : 2", r"line 2: the key 'a' is given twice"),
        ("a: &a\n  - *a", r"line 2: \*a stands inside of what it names"),
        ("a: &a {b: {<<: *a}}", r"line 1: \*a stands inside"),
        ("a: *b", r"line 1: \*b names nothing above it"),
        (f"k0: &k0 [x]\n{_MULTIPLIED}", r"line \d: there are more than 50000 values"),
        (f"k0: &k0 [x]\n{_CHAINED}", r"line \d: lists and mappings are nested more than 50 deep"),
        ("a: " + "[" * 60, r"line 1: lists and mappings are nested more than 50 deep"),
        ("a: " + "[" * 100_000, r"line 1: .*nest"),
        ("{a: " * 3_000, r"line 1: .*nest"),
        ("a: " + "9" * 5_000, r"line 1: 9{30} is a number of more than 18 digits; quote it"),
        (f"k: &k '{'x' * 100_000}'\nb: [{'*k, ' * 200}]", r"line 2: there are more than 10000000 characters, aliases"),
        (f"k: &k '{'x' * 900}'\nb: [{'{*k : 1}, ' * 16_000}]", r"line 2: there are more than 10000000 characters"),
        ('a: 1\nb: "x\\0y"', r"line 2: there is a control character in a text"),
        ('a: 1\n"\\e[2J": b', r"line 2: there is a control character in a text"),
        ("a: !!binary aGk=", r"line 1: the tag !!binary is not read"),
        ("a: !!timestamp 2026-11-30", r"line 1: the tag !!timestamp is not read"),
        ("a:\n  !!python/object/apply:os.system [x]", r"line 2: the tag !!python/object/apply:os.system is not read"),
        ("? [a]\n: b", r"line 1: a list or mapping is no key"),
        ("a: &x 1\n*x : 2", r"line 2: only a text is a key"),
        ("<<: 1", r"line 1: `<<` takes a mapping"),
        ("a\n---\nb", r"line 2: a second document begins"),
        ("a: 1\nb: \x07", r"line 2: .*characters are not allowed$"),
        ("a: \udc80", r"line 1: there are bytes that are not UTF-8"),
        ("a: 1\n\tb: 2", r"line 2: "),
        ("a: [1\nb: 2", r"line 2: "),
    ],
    ids=lambda value: value[:24],
)
def test_refusals_name_the_line(text: str, message: str) -> None:
    """Whatever is refused is one kind of error, and says where."""
    with pytest.raises(YamlError, match=f"^{message}"):
        read_yaml(text)


@pytest.mark.parametrize(
    "value", ["1e3", "08", "0x1F", "1:30", "2026-11-30", "yes", "~", "", "<<", "a: b", "Łódź", 5, 1.5, 1e20, True, None]
)
def test_what_is_written_reads_the_same_for_others(value: object) -> None:
    """Here and for readers of YAML 1.1 it is the same value."""
    text = write_yaml({"key": value})
    assert [read_yaml(text), yaml.safe_load(text)] == [{"key": value}] * 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0" * 5_000, 0),
        ("0" * 5_000 + "7", 7),
        ("-00_12", -12),
        ("1" * 500_000 + "x", None),
        ("0." + "1" * 5_000, 1 / 9),
    ],
    ids=["zeros", "zeros before", "sign", "digits before a letter", "decimals"],
)
def test_lengths_of_numbers(text: str, value: float | None) -> None:
    """Zeros before a number count for nothing; what only begins as one is a text, however long, and is soon known."""
    found = read_yaml(text)
    assert found == (text if value is None else value)


def test_a_file_as_it_is_saved_elsewhere(tmp_path: Path) -> None:
    """A mark and carriage returns are no part of it; one of another kind is refused before it is read."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert yaml_file_text(path) == "a: 1\nb: 2\n"
    with path.open("wb") as stream:
        stream.truncate(3 << 30)
    with pytest.raises(UsageError, match=r"mine\.yaml is larger than 10 MB"):
        yaml_file_text(path)

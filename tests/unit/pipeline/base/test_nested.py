"""Nested documents become dotted names."""

from pipeline.base.nested import flatten


def test_mappings_and_lists_of_mappings_are_named() -> None:
    """Lists of numbers and texts, and what is empty, stay whole."""
    document = {"a": {"b": 1, "c": {}}, "d": [{"e": 2}, 3], "f": [4, 5], 6: None}
    expected = [("a.b", 1), ("a.c", {}), ("d.0.e", 2), ("d.1", 3), ("f", [4, 5]), ("6", None)]
    assert list(flatten(document)) == expected

"""Names that were most likely meant."""

import pytest

from pipeline.base.suggestion import suggestion


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("L44", " Did you mean l4?"),
        ("rnu", " Did you mean run?"),
        ("Org/Model-7B-Instuct", " Did you mean org/Model-7B-Instruct?"),
        ("voodoo", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_suggested(given: str, said: str) -> None:
    """Case does not matter, and what is far from every name gets no suggestion."""
    assert suggestion(given, ("l4", "run", "org/Model-7B-Instruct")) == said

"""How much room text takes."""

import pytest

from pipeline.report.render.slides import fit


def test_text_wraps_at_spaces_and_inside_words_that_are_too_wide() -> None:
    """A line holds what is no wider; a word that is wider goes on on the next ones."""
    wide = fit.width_of("word", 10)
    assert fit.lines_of("word word", 10, 2.5 * wide) == 1
    assert fit.lines_of("word word", 10, 1.5 * wide) == 2
    assert fit.lines_of("wordwordword", 10, 1.1 * wide) == 3
    assert fit.lines_of("a\nb\n\nc", 10, wide) == 4
    assert fit.height_of("a\nb", 10, wide) == pytest.approx(24)


def test_bold_and_large_text_is_wider() -> None:
    """As it is drawn."""
    assert fit.width_of("word", 10) < fit.width_of("word", 10, bold=True) < fit.width_of("word", 20)


def test_the_largest_size_that_fits_is_taken() -> None:
    """And the smallest where none does."""
    assert fit.largest("word", (20, 10), 100, 24) == 20
    assert fit.largest("word", (20, 10), 100, 12) == 10
    assert fit.largest("word " * 100, (20, 10), 100, 12) == 10


@pytest.mark.parametrize("text", ["word " * 60, "w" * 400])
def test_shortened_text_fits_and_says_that_it_is(text: str) -> None:
    """With as much of it as there is room for."""
    short = fit.shortened(text, 10, 100, 36)
    assert short.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert text.startswith(short[:-1])
    assert 24 < fit.height_of(short, 10, 100) <= 36
    assert fit.shortened("word", 10, 100, 36) == "word"

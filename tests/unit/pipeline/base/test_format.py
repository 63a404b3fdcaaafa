"""Numbers as they are printed."""

import pytest

from pipeline.base.format import certainty, share_of_time


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        (1, "100 %"),
        (0.99999999, "> 99.9999 %"),
        (0.99995, "99.9950 %"),
        (0.9987, "99.87 %"),
        (0.995, "99.50 %"),
        (0.5, "50.0 %"),
        (0, "0.0 %"),
    ],
)
def test_share_near_one_keeps_what_is_missing(share: float, printed: str) -> None:
    """A level of 99.995 % that was just missed does not print as kept."""
    assert share_of_time(share) == printed


@pytest.mark.parametrize(("level", "printed"), [(0.995, "99.5 %"), (0.9995, "99.95 %"), (0.001, "0.1 %")])
def test_level_is_printed_as_it_was_chosen(level: float, printed: str) -> None:
    """No digit is lost and none is added."""
    assert certainty(level) == printed

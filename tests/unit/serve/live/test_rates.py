"""Tokens per second from counters."""

from serve.live.rates import TokenRates


def test_rate_is_over_the_window() -> None:
    """What lies longer back than the window counts no more."""
    rates = TokenRates(window_s=10)
    assert rates.look(0, {"p1": 100}) == {}
    assert rates.look(5, {"p1": 150}) == {"p1": 10.0}
    assert rates.look(15, {"p1": 350}) == {"p1": 20.0}
    assert rates.look(25, {"p1": 350}) == {"p1": 0.0}


def test_engine_that_was_started_again() -> None:
    """Its counter begins at zero, which is no negative rate."""
    rates = TokenRates()
    rates.look(0, {"p1": 1000})
    assert rates.look(5, {"p1": 20}) == {}
    assert rates.look(10, {"p1": 70}) == {"p1": 10.0}


def test_each_engine_for_itself() -> None:
    """One that tells nothing has no rate, and one that is gone is forgotten."""
    rates = TokenRates()
    rates.look(0, {"p1": 0, "p2": 0})
    assert rates.look(10, {"p1": 10, "p2": None}) == {"p1": 1.0}
    assert rates.look(20, {"p2": 500}) == {}

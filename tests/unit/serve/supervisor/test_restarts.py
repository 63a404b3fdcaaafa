"""When what has died is started again."""

from serve.supervisor.restarts import Restarts


def test_pauses_double_until_it_is_given_up() -> None:
    """Five deaths in ten minutes are a crash loop."""
    restarts = Restarts()
    assert [restarts.died(at, served_s=5.0) for at in (0.0, 10.0, 20.0, 30.0, 40.0)] == [1.0, 2.0, 4.0, 8.0, None]
    assert restarts.count == 4


def test_slow_deaths_are_no_crash_loop() -> None:
    """An engine that loads for three minutes and dies is tried again and again, a minute apart at most."""
    restarts = Restarts()
    pauses = [restarts.died(at * 200.0, served_s=0.0) for at in range(10)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]


def test_long_service_makes_the_pause_short_again() -> None:
    """What had served for ten minutes comes back after a second."""
    restarts = Restarts()
    assert [restarts.died(at, served_s=900.0) for at in (1000.0, 2000.0, 3000.0)] == [1.0, 1.0, 1.0]

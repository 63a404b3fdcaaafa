"""Room for one running engine between two stages."""

import pytest

from pipeline.record.slot import Slot


class Engines:
    """Knows which were stopped."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    def put(self, slot: Slot, name: str) -> None:
        """Put an engine of this name and identity."""
        slot.put(name, name, lambda: self.stopped.append(name))


@pytest.fixture
def engines() -> Engines:
    """None stopped yet."""
    return Engines()


def test_who_takes_an_engine_owns_it(engines: Engines) -> None:
    """It is not there any more, and not stopped by whoever clears the slot."""
    slot = Slot()
    engines.put(slot, "awq")
    assert (slot.holds("awq"), slot.take("awq"), slot.holds("awq")) == (True, "awq", False)
    slot.clear()
    assert (slot.take("awq"), engines.stopped) == (None, [])


def test_another_engine_is_stopped_before_one_starts(engines: Engines) -> None:
    """Asking for one that is not there leaves room for it: never two at once."""
    slot = Slot()
    engines.put(slot, "awq")
    assert (slot.take("baseline"), engines.stopped) == (None, ["awq"])


def test_one_engine_takes_the_place_of_the_other(engines: Engines) -> None:
    """And `clear` stops what is left, once."""
    slot = Slot()
    for name in ("baseline", "awq"):
        engines.put(slot, name)
    assert engines.stopped == ["baseline"]
    slot.clear()
    slot.clear()
    assert engines.stopped == ["baseline", "awq"]


def test_keys_are_made_for_each_run() -> None:
    """And long enough not to be guessed."""
    assert Slot().api_key != Slot().api_key
    assert len(Slot().api_key) >= 32

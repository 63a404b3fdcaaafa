"""Which GPUs an engine gets."""

import pytest

from pipeline.base.errors import EnvironmentLackError
from serve.supervisor.placement import Demand, Devices, shortages, visible_devices

EIGHT = tuple(map(str, range(8)))


def test_engines_get_neighbours() -> None:
    """Groups of one size lie beside each other, and what comes back is lent again."""
    devices = Devices(EIGHT)
    first, second = devices.take(2), devices.take(4)
    assert (first, second) == (("0", "1"), ("4", "5", "6", "7"))
    assert devices.take(2) == ("2", "3")
    assert not devices.has_room(1)
    devices.give_back(first)
    assert devices.has_room(1, 1)
    assert devices.take(1) == ("0",)


def test_neighbours_are_no_condition() -> None:
    """Where only single ones are left, they do."""
    devices = Devices(EIGHT[:4])
    singles = [devices.take(1) for _ in range(4)]
    devices.give_back(singles[0])
    devices.give_back(singles[3])
    assert devices.take(2) == ("0", "3")


def test_too_few_are_told() -> None:
    """The message has both numbers and what to do."""
    devices = Devices(EIGHT[:2])
    devices.take(1)
    with pytest.raises(EnvironmentLackError, match=r"takes 2 of the 2 GPUs here, and 1 are free.*tensor_parallel_size"):
        devices.take(2)


def test_processors_are_shared() -> None:
    """On the CPU every engine fits, and none is given a device."""
    devices = Devices(())
    assert devices.has_room(1, 1, 1)
    assert devices.take(1) == ()


@pytest.mark.parametrize(
    ("visible", "expected"), [(None, ("0", "1")), ("1", ("1",)), ("GPU-a, GPU-b", ("GPU-a", "GPU-b")), ("", ())]
)
def test_environment_says_what_may_be_used(visible: str | None, expected: tuple[str, ...]) -> None:
    """`CUDA_VISIBLE_DEVICES` of the supervisor bounds what it gives to engines."""
    assert visible_devices(2, visible) == expected


ONE, TWO = Demand("one", 1, 2, 6.0), Demand("two", 2, 1, 5.0)


def test_engines_have_to_fit_together() -> None:
    """GPUs are counted, memory on the CPU is summed up, and both are told with the models."""
    assert list(shortages([ONE, TWO], "cuda", 4, 1.0)) == []
    assert list(shortages([ONE, TWO], "cpu", 0, 16.0)) == []
    (few,) = shortages([ONE, TWO], "cuda", 3, 1.0)
    (little,) = shortages([ONE, TWO], "cpu", 0, 15.0)
    assert "(1 of one, 2 of two) need 4 GPUs together, and 3 may be used" in few.message
    assert "at least 16.0 GiB" in little.message

"""Two that learn at once, each waiting for the other."""

import threading
from pathlib import Path

from pipeline.catalogue.corrections import read_corrections, update_corrections
from pipeline.plan.corrections import Corrections
from tests.unit.pipeline.plan.test_corrections import observation


def test_nothing_is_lost_where_two_learn_at_once(tmp_path: Path) -> None:
    """The second waits, is told for whom, and adds to what the first wrote."""
    file, inside, told = tmp_path / "c.yaml", threading.Event(), threading.Event()
    waited: list[str] = []

    def slow(known: Corrections) -> Corrections:
        inside.set()
        assert told.wait(60)
        return known.with_observations([observation(run="one", samples=("aa",))])

    def waits(holder: str) -> None:
        waited.append(holder)
        told.set()

    first = threading.Thread(target=update_corrections, args=(file, slow, waited.append))
    first.start()
    assert inside.wait(60)
    other = observation(run="other", samples=("bb",))
    update_corrections(file, lambda known: known.with_observations([other]), waits)
    first.join()
    assert [each.run for each in read_corrections(file).observations] == ["one", "other"]
    assert len(waited) == 1

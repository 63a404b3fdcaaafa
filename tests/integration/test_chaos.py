"""The endpoint as `tests/chaos` starts it: the whole command, with scripted engines, and what broke it once."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.chaos.served import Served, Setting, alive
from tests.chaos.traffic import Load, Traffic
from tests.fakes.scripted_answers import DIE
from tests.helpers import wait_for


@pytest.fixture
def served() -> Iterator[Served]:
    """Yield an endpoint with three engines."""
    with Served(Setting(load_s=0.0)) as endpoint:
        yield endpoint


def test_request_that_ends_engines_does_not_go_round(served: Served) -> None:
    """It is tried on a second engine, as a request is whose engine was killed, and on no third."""
    engines = served.engines().values()
    traffic = asyncio.run(Traffic(served.target, Load(1, timeout_s=30), prompt=DIE).run(1))
    assert [answer.status for answer in traffic.answers] == [502]
    wait_for(lambda: any(not alive(engine) for engine in engines), 5)
    assert sum(alive(engine) for engine in engines) >= 1


def test_command_reads_its_recipe_again(served: Served) -> None:
    """A changed setting of the door is taken over while answers go out; what is no recipe any more is said."""
    served.edit_recipe(serve={"queue_timeout_s": 61})
    done = served.awqctl("serve", "reload")
    assert (done.returncode, "lets requests in by the new settings" in done.stdout) == (0, True), done.stderr
    served.edit_recipe(serve={"queue_timeout_s": "soon"})
    refused = served.awqctl("serve", "reload")
    assert (refused.returncode, "queue_timeout_s" in refused.stderr) == (2, True), refused.stderr
    traffic = asyncio.run(Traffic(served.target, Load(20)).run(1))
    assert {answer.verdict for answer in traffic.answers} == {"ok"}

"""What the integration tests share."""

import threading
from collections.abc import Iterator

import pytest

from tests.fakes.hub import FakeHub


@pytest.fixture
def empty_hub() -> Iterator[FakeHub]:
    """A hub without a commit."""
    with FakeHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()

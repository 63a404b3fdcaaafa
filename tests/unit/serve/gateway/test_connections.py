"""The bound on connections, from the files that a process may open."""

import resource

import pytest

from pipeline.base.errors import EnvironmentLackError
from serve.gateway.connections import max_connections, open_files


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every machine has two cores."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})


@pytest.mark.parametrize(("files", "expected"), [(1024, 472), (20_000, 9_960), (20_080, 10_000), (1_048_576, 10_000)])
def test_bound_follows_the_files(files: int, expected: int) -> None:
    """Two files per connection after HAProxy's own, and ten thousand at most."""
    assert max_connections(files) == expected


def test_too_few_files_are_refused() -> None:
    """The message says how to raise the limit."""
    with pytest.raises(EnvironmentLackError, match=r"may open 100 files.*ulimit -Hn.*LimitNOFILE="):
        max_connections(100)


def test_unlimited_is_enough_for_the_largest_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit the bound is the largest."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, resource.RLIM_INFINITY))
    assert max_connections(open_files()) == 10_000

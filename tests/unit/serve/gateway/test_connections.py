"""The bound on connections, from the files that a process may open."""

import resource

import pytest

from pipeline.base.errors import EnvironmentLackError
from serve.gateway.connections import Connections, connections, explained, open_files


@pytest.mark.parametrize(
    ("files", "clients", "engines"),
    [(1024, 472, 472), (8_272, 6_144, 1_024), (20_000, 17_872, 1_024), (1_048_576, 30_000, 1_024)],
)
def test_bounds_follow_the_files(files: int, clients: int, engines: int) -> None:
    """One file per connection after HAProxy's own; beyond what two releases take, all are for clients, who wait."""
    assert connections(files) == Connections(clients, engines)


def test_log_says_why_haproxy_counts_more_files() -> None:
    """Only where HAProxy warns: it wants two files for each connection."""
    assert explained(connections(20_000), 20_000).startswith("awqctl: 17872 connections fit into 20000 files")
    assert explained(connections(1_048_576), 1_048_576) == ""


def test_too_few_files_are_refused() -> None:
    """The message says how to raise the limit."""
    with pytest.raises(EnvironmentLackError, match=r"may open 100 files.*ulimit -Hn.*LimitNOFILE="):
        connections(100)


def test_unlimited_is_enough_for_the_largest_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit the bounds are the largest."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, resource.RLIM_INFINITY))
    assert connections(open_files()) == Connections(30_000, 1_024)

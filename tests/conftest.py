"""Every test has a home of its own; the engine environments of end-to-end tests are the machine's."""

import gc
import signal
from itertools import count

import pytest

# A shell starts background jobs with SIGINT ignored, and so would be every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = ["cuda_contract"]
"""Runs where it is named alone (`make cuda-contract`), because it installs 11 GiB."""

_NUMBERS = count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the end-to-end tests are asked with; pytest reads options before it finds their folder."""
    parser.addoption("--families", action="store_true", help="every model family, not only the chosen eight cases")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the thousands of tests that stay to the end out of every later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the user's configuration, keys and store out of every test but the end-to-end ones.

    A test that has a folder has its home there. The others, thousands, are spared the making of one: the folder that is
    named to them is nobody else's, and is not there.
    """
    has_folder = "tmp_path" in request.fixturenames
    folder = request.getfixturevalue("tmp_path") if has_folder else tmp_path_factory.getbasetemp()
    mark = "" if has_folder else f"-{next(_NUMBERS)}"
    if request.node.get_closest_marker("e2e") is None:
        monkeypatch.setenv("AWQCTL_HOME", str(folder / f"home{mark}"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / f"config{mark}"))
    monkeypatch.delenv("AWQCTL_RUNTIME_VLLM", raising=False)
    for engine in ("AUTOAWQ", "LLMCOMPRESSOR"):
        monkeypatch.delenv(f"AWQCTL_RUNTIME_{engine}", raising=False)

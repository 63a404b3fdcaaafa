"""Every test has a home of its own; the engine environments of end-to-end tests are the machine's."""

import signal
from pathlib import Path

import pytest

# A shell starts background jobs with SIGINT ignored, and so would be every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = ["cuda_contract"]
"""Runs where it is named alone (`make cuda-contract`), because it installs 11 GiB."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the end-to-end tests are asked with; pytest reads options before it finds their folder."""
    parser.addoption("--families", action="store_true", help="every model family, not only the chosen eight cases")


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's configuration, keys and store out of every test but the end-to-end ones."""
    if request.node.get_closest_marker("e2e") is None:
        monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("AWQCTL_RUNTIME_VLLM", raising=False)
    for engine in ("AUTOAWQ", "LLMCOMPRESSOR"):
        monkeypatch.delenv(f"AWQCTL_RUNTIME_{engine}", raising=False)

"""What the integration tests share."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.bench.load.client import LoadClient
from pipeline.base.progress import SilentReporter
from pipeline.recipe.recipe import Recipe
from pipeline.run.tracking import Tracker
from pipeline.runtimes.loadgen import ensure_loadgen
from serve.endpoint import EndpointFolder, endpoint_folder
from tests.endpoints import tiny_recipe
from tests.fakes.calibrations import calibrate_as_known
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


@pytest.fixture
def indexed_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of all dry runs: lm-eval's index of tasks stays in it, which takes seconds to make."""
    folder = tmp_path_factory.getbasetemp() / "dry-run-home"
    monkeypatch.setenv("AWQCTL_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def run_store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow store that exists: its migrations take ten seconds, so all tests of releases share it."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
    Tracker(uri).connect()
    return uri


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the load client and a calibration with a high ceiling, so that no test waits for one."""
    folder = tmp_path_factory.mktemp("home")
    loader = LoadClient(ensure_loadgen(folder, SilentReporter()))
    calibrate_as_known(loader, folder)
    return folder


@pytest.fixture
def client(home: Path) -> LoadClient:
    """The real load client."""
    return LoadClient(ensure_loadgen(home, SilentReporter()))


@pytest.fixture
def recipe() -> Recipe:
    """Return a recipe with the least there can be."""
    return tiny_recipe()


@pytest.fixture
def folder() -> EndpointFolder:
    """Return the endpoint's folder."""
    return endpoint_folder("tiny")

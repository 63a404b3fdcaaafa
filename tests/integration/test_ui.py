"""`awqctl ui`: the real MLflow UI on a fresh store."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from pipeline.run.tracking import Tracker
from tests.helpers import awqctl, command


class Ui:
    """A running UI."""

    def __init__(self, process: subprocess.Popen[str], store: str) -> None:
        self.process = process
        self.store = store
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found, said
        self.url, self.port = found[0], int(found[1])

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Return what the UI answers."""
        return httpx.get(f"{self.url}{path}", timeout=60, trust_env=False, headers=headers)


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """Yield the UI on a store of its own; Ctrl-C ends it with 0."""
    folder = tmp_path_factory.mktemp("ui")
    line = command("ui", "--port", "0")
    with subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Ui(process, f"sqlite:///{folder}/mlruns/mlflow.db")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert [line[20:] for line in said.splitlines()] == ["opening the MLflow store", "starting the MLflow UI"]


def test_it_answers_when_it_says_so(ui: Ui) -> None:
    """The first request after the address was printed gets the page, which leads to the runs with our columns."""
    page = ui.get("/").raise_for_status().text
    assert "MLflow" in page
    assert "/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=awqctl" in page
    assert "mlflow.sharedViewState.awqctl" in Tracker(ui.store).connect().get_experiment("1").tags


def test_it_is_one_process_on_loopback(ui: Ui) -> None:
    """Nothing is started below it, and nothing listens for other machines."""
    process = psutil.Process(ui.process.pid)
    assert process.children(recursive=True) == []
    listening = [one.laddr for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", ui.port)]


def test_no_telemetry_and_no_assistant(ui: Ui) -> None:
    """The page is told to send nothing, and what its assistant would ask is not there."""
    assert ui.get("/ajax-api/3.0/mlflow/ui-telemetry").json()["disable_ui_telemetry"] is True
    assert ui.get("/ajax-api/3.0/mlflow/assistant/config").status_code == 404


def test_foreign_hosts_are_refused(ui: Ui) -> None:
    """A page of somebody else's that names its own host, or its own origin, learns and changes nothing."""
    search = "/ajax-api/2.0/mlflow/experiments/search?max_results=5"
    assert ui.get(search).status_code == 200
    assert ui.get(search, Host="elsewhere.example").status_code == 403
    change = httpx.post(
        f"{ui.url}/ajax-api/2.0/mlflow/experiments/create",
        json={"name": "theirs"},
        headers={"Origin": "https://elsewhere.example"},
        trust_env=False,
    )
    assert change.status_code == 403


def test_a_port_in_use_is_told(ui: Ui, tmp_path: Path) -> None:
    """A second one ends with the next step before it opens a store."""
    answer = awqctl("ui", "--port", str(ui.port), cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.startswith(f"awqctl: Port {ui.port} on 127.0.0.1 is in use.")
    assert "--port N" in answer.stderr
    assert list(tmp_path.iterdir()) == []

"""`awqctl serve slo` on a folder that an endpoint left."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.recipe.serve import ServiceLevels
from serve.endpoint import EndpointFolder, endpoint_folder
from serve.gateway.rules import TEMPORARY
from serve.monitoring.promises import Promises, write_promises
from serve.monitoring.samples import Sample, SampleFile
from tests.helpers import invoke
from tests.operation import audit_line, moment, write_audit


@pytest.fixture
def folder(tmp_path: Path) -> EndpointFolder:
    """The folder of an endpoint that has been ready for the last hour and answered nothing yet."""
    found = endpoint_folder("tiny")
    start = datetime.now(UTC) - timedelta(hours=1)
    write_promises(found, Promises(levels=ServiceLevels(), models=(), at=moment(start=start)))
    file = SampleFile(found.samples)
    for second in range(0, 3610, 10):
        file.append(Sample(at=moment(second, start), ready=True))
    return found


def _requests(folder: EndpointFolder, amount: int, **changes: object) -> None:
    start = datetime.now(UTC) - timedelta(minutes=30)
    write_audit(folder.audit, [audit_line(n, at=moment(n / 10, start), **changes) for n in range(amount)])


def test_kept_is_0(folder: EndpointFolder) -> None:
    """Three thousand answers in time and an hour without a gap show all three levels."""
    _requests(folder, 3000)
    done = invoke("serve", "slo", "--endpoint", "tiny", raises=True)
    assert done.return_value == 0
    assert "kept" in done.output


def test_undecided_is_not_passed(folder: EndpointFolder) -> None:
    """As everywhere: code 3, and what could decide it."""
    _requests(folder, 50)
    done = invoke("serve", "slo", "--json", raises=True)
    assert done.return_value == 3
    found = json.loads(done.output)
    assert found["verdict"] == "undecided"
    assert [level["verdict"] for level in found["levels"]] == ["undecided", "undecided", "kept"]
    assert found["levels"][1]["needed"] == 2995


def test_figures_stand_in_sentences(folder: EndpointFolder) -> None:
    """One request is one, and a share that is known exactly has no bounds."""
    _requests(folder, 1)
    said = " ".join(invoke("serve", "slo").output.split())
    assert "1 request, between 0 % and 95 % of them slower than that" in said
    assert "samples, between 100 %" not in said


def test_what_awqctl_asks_itself_does_not_count(folder: EndpointFolder) -> None:
    """The hostile requests of `awqctl serve audit` are none of a client's."""
    _requests(folder, 3000)
    _requests(folder, 40, key=TEMPORARY, key_id=TEMPORARY, status=503, total_ms=9000)
    found = invoke("serve", "slo", "--json", raises=True)
    requests = json.loads(found.output)["requests"]
    assert (found.return_value, requests["answered"], requests["failed"]) == (0, 3000, 0)


def test_missed_is_3(folder: EndpointFolder) -> None:
    """One level is enough."""
    _requests(folder, 3000, total_ms=5000)
    done = invoke("serve", "slo", raises=True)
    assert done.return_value == 3
    assert "missed" in done.output


def test_requests_before_the_window_do_not_count(folder: EndpointFolder) -> None:
    """They began half an hour ago and took five minutes."""
    _requests(folder, 3000)
    assert json.loads(invoke("serve", "slo", "--window", "10m", "--json").output)["requests"]["answered"] == 0


def test_an_endpoint_that_has_never_run() -> None:
    """It says how to start it."""
    done = invoke("serve", "slo", "--endpoint", "other", raises=False)
    assert done.exit_code != 0
    assert "awqctl serve RECIPE" in str(done.exception) + done.output


@pytest.mark.parametrize("window", ["1", "h", "-1h", "1 week", "99999d", ""])
def test_what_is_no_duration_is_refused(window: str) -> None:
    """With an example of one."""
    assert invoke("serve", "slo", f"--window={window}").exit_code == 2

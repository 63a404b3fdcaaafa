"""`awqctl serve slo` on a folder that an endpoint left."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.recipe.serve import ServiceLevels
from serve.endpoint import EndpointFolder, endpoint_folder
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

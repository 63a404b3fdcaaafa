"""A whole endpoint, watched: requests through the door, and what page, samples and levels say of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.engines.prometheus import Metrics, parse_metrics
from pipeline.recipe.serve import Serve, ServiceLevels
from serve.endpoint import endpoint_folder
from serve.gateway.keys import KeyStore
from serve.monitoring.promises import read_promises
from serve.monitoring.samples import read_samples
from serve.monitoring.slo import slo_report
from serve.supervisor.supervisor import Supervisor
from tests.endpoints import KEY, status_with, supervisor_of, tiny_recipe, tiny_spec, waiting
from tests.helpers import eventually

REQUESTS = 70


def _page(endpoint: Supervisor) -> Metrics:
    url = endpoint.status().metrics_url
    assert url is not None
    return parse_metrics(httpx.get(url, trust_env=False).text)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate keys, certificate and audit."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))


def test_what_goes_through_the_door_is_on_the_page_in_the_samples_and_in_the_levels(tmp_path: Path) -> None:
    """Every request is counted where it belongs, and what the endpoint is held to follows the recipe that it reads."""
    folder, offered = endpoint_folder("tiny"), Serve(metrics_port=0, levels=ServiceLevels(p95_s=30.0))
    spec = replace(tiny_spec(tmp_path, tiny_recipe()), offered=offered)
    began = datetime.now(UTC) - timedelta(minutes=5)
    store = KeyStore(folder.keys)
    key = store.add("client").key
    with supervisor_of(spec, tmp_path, folder=folder, key_store=store) as endpoint, waiting(endpoint):
        assert {status_with(endpoint, key) for _ in range(REQUESTS)} == {200}
        assert status_with(endpoint, KEY + "x") == 401

        def counted() -> bool:
            return _page(endpoint).value("awqctl_requests_total", outcome="answered") == REQUESTS

        assert eventually(counted, 20)
        page = _page(endpoint)
        endpoint.spec = replace(spec, offered=offered.model_copy(update={"levels": ServiceLevels(p95_s=9.0)}))
        assert eventually(lambda: read_promises(folder).levels.p95_s == 9.0, 10)
    assert page.value("awqctl_replica_up", model="tiny") == 1
    assert page.value("vllm:num_requests_running", replica="model-1/place-1") is not None
    assert page.value("haproxy_frontend_http_responses_total", proxy="gateway", code="2xx") == REQUESTS + 1
    assert page.value("awqctl_key_rejections_total", status="401") == 1
    samples = list(read_samples(folder.samples, began, datetime.now(UTC)))
    assert [samples[0].event, samples[-1].event] == ["started", "stopped"]
    found = slo_report(folder, timedelta(minutes=5), datetime.now(UTC))
    assert (found.requests.answered, found.requests.failed, found.requests.unknown_key) == (REQUESTS, 0, 1)
    assert found.levels[0].verdict == "kept"
    assert found.down_s == 0

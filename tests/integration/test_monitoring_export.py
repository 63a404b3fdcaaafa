"""What is exported for Prometheus and Grafana names metrics that the page has, and Prometheus' own tool accepts it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.errors import UsageError
from pipeline.recipe.serve import Serve, ServiceLevels
from pipeline.runtimes.scratch import ScratchFolder
from serve.endpoint import endpoint_folder
from serve.exports.monitoring.files import CONFIG, RULES, monitoring_files, write_monitoring
from serve.gateway.backends import Backend, Place
from serve.gateway.gateway import Gateway
from serve.monitoring.engines import EnginePage
from serve.monitoring.metrics_server import ask
from serve.monitoring.monitoring import Monitoring
from serve.monitoring.promises import Promises, ServedCheckpoint, read_promises
from serve.monitoring.samples import Sample
from tests.fakes.nvml import FakeNvml, healthy, installed
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.helpers import invoke
from tests.operation import audit_line, endpoint_status, moment, write_audit

NAME = re.compile(r"\b(?:awqctl_|vllm:|haproxy_|process_)[a-z0-9_:]+")
PROMTOOL = shutil.which("promtool")
PROMISES = Promises(levels=ServiceLevels(p95_s=1.5, max_error_share=0.002), models=(), metrics_port=9400, at=moment())


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """The page of a running endpoint: the real HAProxy, vLLM's real text, a GPU of a script."""
    folder = endpoint_folder("tiny")
    folder.audit.mkdir(parents=True)
    with ExitStack() as stack:
        scratch = stack.enter_context(ScratchFolder())
        stack.enter_context(installed(FakeNvml(healthy())))
        path = scratch / "p1.sock"
        stack.enter_context(FakeUpstream(path, Behaviour()))
        backend = Backend("model-1", ("tiny",), (path, scratch / "p2.sock"))
        door = Gateway(
            backends=(backend,),
            folder=scratch,
            host="127.0.0.1",
            port=0,
            bundle=None,
            keys=(),
            log=tmp_path / "haproxy.log",
        )
        stack.enter_context(door)
        door.admit(Place("model-1", 1))
        engine = EnginePage(model="tiny", replica="model-1/place-1", release="1", socket=path)
        stack.enter_context(
            Monitoring(
                folder,
                Serve(levels=PROMISES.levels),
                (ServedCheckpoint(model="tiny", release="1", checkpoint="/checkpoint"),),
                status=endpoint_status,
                engines=lambda: (engine,),
                gateway=door.metrics,
                socket_path=scratch / "metrics.sock",
            )
        )
        write_audit(folder.audit, [audit_line(1), audit_line(2, status=429)])
        yield ask(scratch / "metrics.sock", "/metrics")[1]


def _names(page: str) -> set[str]:
    """Return every name of a metric that is on a page, as it can be asked for."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)", page, re.MULTILINE):
        ends = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}.get(kind, ("",))
        names |= {f"{name}{end}" for end in ends}
    return names


def _expressions(files: dict[str, str]) -> list[str]:
    rules = [rule["expr"] for group in yaml.safe_load(files[RULES])["groups"] for rule in group["rules"]]
    boards = [json.loads(text) for name, text in files.items() if name.endswith(".json")]
    return [*rules, *(target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"])]


def test_every_metric_that_is_named_is_on_the_page_of_a_running_endpoint(page: str) -> None:
    """Alerts and panels on names that nobody emits are silent for ever."""
    expressions = _expressions(monitoring_files("tiny", PROMISES))
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert len(named) > 50
    assert named - _names(page) == set()
    bound = 'awqctl_request_duration_seconds_bucket{le="1.5"'
    assert any(bound in expression for expression in expressions)
    assert bound in page


def test_the_endpoint_leaves_what_it_is_held_to_and_its_samples(page: str) -> None:
    """Both are there while it runs; the page tells of the request that came."""
    folder = endpoint_folder("tiny")
    assert read_promises(folder).models[0].checkpoint == "/checkpoint"
    first = Sample.model_validate_json(folder.samples.read_text().splitlines()[0])
    assert first.event == "started"
    assert 'awqctl_key_rejections_total{key="alice",status="429"} 1.0' in page


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus)")
def test_prometheus_accepts_the_files(tmp_path: Path) -> None:
    """Its own tool checks the configuration, and with it the rules."""
    write_monitoring(tmp_path, monitoring_files("tiny", PROMISES))
    for arguments in (("check", "config", CONFIG), ("check", "rules", RULES)):
        done = subprocess.run([str(PROMTOOL), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _case(series: dict[str, str], alert: str, at: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": [{"exp_labels": labels}]}],
    }


_ENGINE = 'model="tiny",replica="model-1/place-1",release="1"'
_CASES = {
    "errors": _case(
        {
            'awqctl_requests_total{instance="a",model="tiny",outcome="answered"}': "0+14x400",
            'awqctl_requests_total{instance="a",model="tiny",outcome="failed"}': "0+1x400",
        },
        "AwqctlErrorsFast",
        "1h",
        {"severity": "critical", "instance": "a"},
    ),
    "hung": _case(
        {
            f"vllm:num_requests_running{{{_ENGINE}}}": "3+0x60",
            f"vllm:iteration_tokens_total_count{{{_ENGINE}}}": "500+0x60",
        },
        "AwqctlEngineHung",
        "5m",
        {"severity": "critical", "model": "tiny", "replica": "model-1/place-1", "release": "1"},
    ),
    "slow": _case(
        {
            'awqctl_request_duration_seconds_bucket{instance="a",le="1.5"}': "0+9x200",
            'awqctl_request_duration_seconds_count{instance="a"}': "0+10x200",
        },
        "AwqctlSlow",
        "30m",
        {"severity": "warning", "instance": "a"},
    ),
}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus)")
@pytest.mark.parametrize("case", _CASES)
def test_alerts_come_when_they_should(tmp_path: Path, case: str) -> None:
    """Prometheus itself evaluates the rules over a course of figures."""
    files = monitoring_files("tiny", PROMISES)
    rules = yaml.safe_load(files[RULES])
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)  # what is compared here are the labels
    (tmp_path / RULES).write_text(yaml.safe_dump(rules))
    document = {"rule_files": [RULES], "evaluation_interval": "15s", "tests": [_CASES[case]]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dashboards_ask_for_their_data_source() -> None:
    """As files for import they may name none that another Grafana does not have; panels do not overlap."""
    for name, text in monitoring_files("tiny", PROMISES).items():
        if not name.endswith(".json"):
            continue
        board = json.loads(text)
        assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        assert len(set(places)) == len(places)


def test_a_page_on_a_socket_alone_cannot_be_scraped() -> None:
    """The message names the key of the recipe; a target that is named serves instead."""
    promises = PROMISES.model_copy(update={"metrics_port": None})
    with pytest.raises(UsageError, match=r"serve\.metrics_port"):
        monitoring_files("tiny", promises)
    assert "gpu1:9400" in monitoring_files("tiny", promises, "gpu1:9400")[CONFIG]


def test_the_command_writes_them(page: str, tmp_path: Path) -> None:
    """From what the endpoint left in its folder when it started."""
    done = invoke("serve", "export", "monitoring", "--out", tmp_path / "m", "--target", "127.0.0.1:1", raises=True)
    assert done.exit_code == 0
    assert {one.name for one in (tmp_path / "m").iterdir()} == {
        "prometheus.yml",
        "awqctl-alerts.yml",
        "awqctl-endpoint.json",
        "awqctl-engines.json",
    }

"""The whole endpoint around a stand-in for vLLM: stage, foreground, smoke test, failures."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pipeline.base.errors import (
    BusyError,
    EngineError,
    EnvironmentLackError,
    Interrupted,
    MissingStageError,
    SourceError,
)
from pipeline.base.progress import SilentReporter
from pipeline.base.results import Gate
from pipeline.base.sentences.stored import ENGLISH
from pipeline.hardware.machine import Machine
from pipeline.models.checksums import sum_files
from pipeline.models.manifest import Manifest, ManifestSource, read_manifest, write_manifest
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.serve import Serve
from pipeline.record.context import RunContext
from pipeline.record.environment import Environment
from pipeline.record.record import RECORD, RunRecord, StageResult, load_record, save_record
from pipeline.run.stages import settings_of, stage_named, upstream_of
from pipeline.runtimes.logs import newest_log
from serve import stage
from serve.checks.smoke import smoke_test
from serve.endpoint import endpoint_folder
from serve.gateway.keys import KeyStore
from serve.result import ServeResult, SmokeCheck
from serve.supervisor.foreground import Serving, serve_forever, usage_lines
from serve.supervisor.spec import ServingSpec, serving_spec
from serve.supervisor.stop import Stop
from tests.endpoints import (
    KEY,
    REPO,
    interpreter,
    living_below,
    status_with,
    supervisor_of,
    tiny_spec,
    waiting,
)
from tests.fakes.upstream import Behaviour, FakeUpstream
from tests.helpers import RecordingReporter, eventually
from tests.results import quantize_result


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Isolate keys, certificate and runtimes."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _failed(checks: tuple[SmokeCheck, ...]) -> set[str]:
    return {check.name for check in checks if not check.passed}


def test_smoke_test_passes_and_nothing_is_left(tmp_path: Path, recipe: Recipe, home: Path) -> None:
    """All checks pass against a good endpoint; keys stay in memory; no process outlives the block."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint:
        checks = smoke_test(endpoint.base_url, KEY, endpoint.spec.models[0].name, endpoint.ca_certificate)
        assert living_below(tmp_path)
    assert [check.name for check in checks if check.passed] == [check.name for check in checks]
    assert len(checks) == 7
    assert living_below(tmp_path) == []
    assert not endpoint_folder("tiny").keys.exists()


def test_smoke_test_fails_against_an_open_server() -> None:
    """A server that lets everyone in to everything fails the three checks of the gateway."""
    with FakeUpstream(("127.0.0.1", 0), Behaviour(model="m")) as server:
        checks = smoke_test(f"http://127.0.0.1:{server.server_address[1]}/v1", KEY, "m", None)
    assert _failed(checks) == {"wrong key refused", "no key refused", "other routes closed"}


def test_smoke_test_fails_with_a_wrong_key(tmp_path: Path, recipe: Recipe) -> None:
    """A key that is refused fails what needs one, with the reason."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint:
        checks = smoke_test(endpoint.base_url, "awq-other", endpoint.spec.models[0].name, endpoint.ca_certificate)
    assert _failed(checks) == {"models", "chat", "completion", "streaming chat"}
    assert all("401" in check.detail for check in checks if not check.passed)


def test_smoke_test_fails_for_another_model(tmp_path: Path, recipe: Recipe) -> None:
    """An endpoint that serves another model than asked for is found out."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint:
        checks = smoke_test(endpoint.base_url, KEY, "other", endpoint.ca_certificate)
    assert "models" in _failed(checks)


def test_smoke_test_of_a_dead_endpoint_fails_everywhere() -> None:
    """A port that nobody listens on fails all checks and raises nothing."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        checks = smoke_test(f"http://127.0.0.1:{holder.getsockname()[1]}/v1", KEY, "m", None)
    assert len(_failed(checks)) == len(checks) == 7


def test_keys_are_followed_while_serving(tmp_path: Path, recipe: Recipe) -> None:
    """A key works seconds after it was made and stops working seconds after it was revoked."""
    store = KeyStore(endpoint_folder("tiny").keys)
    with (
        supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, key_store=store) as endpoint,
        waiting(endpoint) as failures,
    ):
        key = store.add("alice").key
        assert eventually(lambda: status_with(endpoint, key) == 200)
        store.revoke("alice")
        # 429 where it was asked for so often before it was let in that its address is slowed down.
        assert eventually(lambda: status_with(endpoint, key) in {401, 429})
        assert status_with(endpoint, KEY) == 200
    assert failures == []


def test_damaged_key_file_leaves_the_keys_as_they_are(tmp_path: Path, recipe: Recipe) -> None:
    """A key file that cannot be read is one warning, and the keys of before go on working."""
    store, reporter = KeyStore(endpoint_folder("tiny").keys), RecordingReporter()
    key = store.add("alice").key
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path, key_store=store, reporter=reporter) as endpoint:
        store.path.write_text("{")
        endpoint.sync_keys()
        endpoint.sync_keys()
        assert status_with(endpoint, key) == 200
    assert len(reporter.warnings) == 1


def test_readiness_key_is_gone(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key with which the endpoint asks itself does not outlive the start."""
    monkeypatch.setattr("serve.supervisor.supervisor.new_key", lambda: "awq-internal")
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as endpoint:
        assert status_with(endpoint, "awq-internal") == 401


def _asked_in(log: Path) -> list[str]:
    """Return the paths of the requests in the log of a door that is only tried."""
    return [json.loads(line)["path"] for line in log.read_text().splitlines() if line.startswith("{")]


def test_second_endpoint_leaves_the_logs_of_the_first(tmp_path: Path, recipe: Recipe) -> None:
    """While one runs, and after it, another one in the same folder has files of its own."""
    with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as first:
        with supervisor_of(tiny_spec(tmp_path, recipe), tmp_path) as second:
            assert not set(first.logs) & set(second.logs)
        assert status_with(first, KEY) == 200
        assert eventually(lambda: _asked_in(first.logs[-1]) == ["/v1/models", "/v1/completions"], 5)
    assert all(log.exists() for log in (*first.logs, *second.logs))
    assert newest_log(tmp_path / "logs" / "serve-vllm.log") == second.logs[0]


def test_busy_port_is_found_before_the_engine_starts(tmp_path: Path, recipe: Recipe) -> None:
    """No minutes of loading for a port that is taken."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(BusyError, match=f"Port {port} "):
            supervisor_of(tiny_spec(tmp_path, recipe, port=port), tmp_path).__enter__()
    assert not (tmp_path / "logs" / "serve-vllm.log").exists()


def test_engine_that_does_not_start(tmp_path: Path, recipe: Recipe) -> None:
    """The root cause is in the message, and the gateway is gone."""
    with pytest.raises(EngineError, match="ValueError: no such model"):
        supervisor_of(tiny_spec(tmp_path, recipe, program="raise ValueError('no such model')"), tmp_path).__enter__()
    assert living_below(tmp_path) == []


def test_stop_during_the_start(tmp_path: Path, recipe: Recipe) -> None:
    """A signal while the engine loads is heeded at once and leaves nothing."""
    stop = Stop()
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        supervisor_of(tiny_spec(tmp_path, recipe, program="time.sleep(60)"), tmp_path, stop=stop).__enter__()
    assert time.monotonic() - started < 10
    assert living_below(tmp_path) == []


def _record(recipe: Recipe, stages: dict[str, StageResult]) -> RunRecord:
    return RunRecord(recipe=recipe.model_dump(mode="json"), environment=_environment(), stages=stages)


def _environment() -> Environment:
    return Environment(
        awqctl="0",
        python="3",
        accelerator="cpu",
        machine=Machine(cpu="c", cores=1, memory_bytes=2**30, platform="p"),
        awqctl_commit="unknown",
        recipe_commit=None,
        packages={},
    )


def _make_checkpoint(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    origin = ManifestSource(reference="r", commit=None, licence="l", files={})
    write_manifest(Manifest(created_at="t", source=origin, quantize={}, versions={}, files=sum_files(folder)), folder)
    return folder


def _context(tmp_path: Path) -> RunContext:
    out = tmp_path / "out"
    out.mkdir()
    _make_checkpoint(out / "checkpoint")
    return RunContext(out, tmp_path / "home", tmp_path, "cpu", SilentReporter())


def _quantized(folder: Path) -> dict[str, StageResult]:
    digest = read_manifest(folder).digest()
    done = StageResult(
        stage="quantize",
        status="passed",
        inputs={},
        environment=_environment(),
        started_at="t",
        seconds=1.0,
        payload=quantize_result(checkpoint_digest=digest).model_dump(mode="json"),
    )
    return {"quantize": done}


def test_stage(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage reports its checks as payload, metrics and one gate, and leaves nothing running."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(interpreter(tmp_path)))
    outcome = stage.run(recipe, _context(tmp_path), _record(recipe, _quantized(tmp_path / "out" / "checkpoint")))
    result = ServeResult.model_validate(outcome.result.model_dump())
    assert (outcome.gates[0].name, outcome.gates[0].passed) == ("endpoint smoke test", True)
    assert {metric.name: metric.value for metric in outcome.metrics if "smoke" in metric.name} == {
        "serve_smoke_passed": 7,
        "serve_smoke_checks": 7,
    }
    assert (result.tls, result.engine_version) == (True, "0.0.0")
    assert result.despite_gates == ()
    assert all((tmp_path / "out" / path).stat().st_size for path in outcome.artifacts.values())
    assert living_below(tmp_path) == []


def test_stage_fails_its_gate(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that fails fails the gate, which says which and why."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(interpreter(tmp_path)))
    monkeypatch.setattr("serve.checks.smoke._CLOSED", ("/v1/models",))
    gate = stage.run(recipe, _context(tmp_path), _record(recipe, _quantized(tmp_path / "out" / "checkpoint"))).gates[0]
    assert not gate.passed
    assert "6 of 7" in gate.statement
    assert "other routes closed" in gate.statement
    assert ENGLISH.text(gate.said) == gate.statement


def test_stage_needs_a_checkpoint(tmp_path: Path, recipe: Recipe) -> None:
    """Without the stage quantize the message names the command that makes it."""
    with pytest.raises(MissingStageError, match="awqctl quantize RECIPE"):
        stage.run(recipe, _context(tmp_path), _record(recipe, {}))


def test_spec_says_what_the_recipe_says(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and name are the recipe's, the checkpoint is the run's, and a caller's address goes before."""
    python = interpreter(tmp_path)
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(python))
    recipe = recipe.model_copy(update={"serve": Serve(model_name="mine", host="::1", tls=False)})
    context = _context(tmp_path)
    record = _record(recipe, _quantized(tmp_path / "out" / "checkpoint"))
    spec = serving_spec(recipe, context, record)
    assert (spec.models[0].name, spec.host, spec.port, spec.tls) == ("mine", "::1", 8443, False)
    model = spec.models[0]
    assert (model.checkpoint, model.engine, model.replicas) == (tmp_path / "out" / "checkpoint", recipe.engine, 1)
    assert (spec.runtime.python, spec.accelerator, model.trust_remote_code) == (python, "cpu", False)
    asked = serving_spec(recipe, context, record, host="127.0.0.1", port=0, tls=True)
    assert asked == replace(spec, host="127.0.0.1", port=0, tls=True)


def test_spec_of_several_models(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run's own checkpoint and one from elsewhere, each with its engine; no run is needed for the second alone."""
    monkeypatch.setenv("AWQCTL_RUNTIME_VLLM", str(interpreter(tmp_path)))
    context, other = _context(tmp_path), _make_checkpoint(tmp_path / "other")
    monkeypatch.setattr("serve.supervisor.spec.weight_bytes", lambda _: 2**20)
    small = recipe.engine.model_copy(update={"max_num_seqs": 2, "cpu_kv_cache_gib": 1})
    entries = {"own": {"checkpoint": "RUN"}, "second": {"checkpoint": "other", "replicas": 2, "engine": small}}
    both = recipe.model_copy(update={"serve": Serve.model_validate({"models": entries})})
    record = _record(recipe, _quantized(tmp_path / "out" / "checkpoint"))
    own, second = serving_spec(both, context, record).models
    assert (own.name, own.checkpoint, own.replicas) == ("own", tmp_path / "out" / "checkpoint", 1)
    assert (second.name, second.checkpoint, second.replicas, second.engine) == ("second", other, 2, small)
    alone = recipe.model_copy(update={"serve": Serve.model_validate({"models": {"second": entries["second"]}})})
    assert [model.name for model in serving_spec(alone, context, _record(recipe, {})).models] == ["second"]
    with pytest.raises(MissingStageError):
        serving_spec(both, context, _record(recipe, {}))
    (other / "config.json").write_text("{ }")
    with pytest.raises(SourceError, match=r"is not what its manifest says.*serve\.models\.second"):
        serving_spec(alone, context, _record(recipe, {}))


def test_engines_that_do_not_fit_are_refused(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an environment is made, with what to set."""
    monkeypatch.setattr("serve.supervisor.spec.weight_bytes", lambda _: 2**60)
    many = recipe.model_copy(update={"serve": Serve(replicas=2)})
    record = _record(recipe, _quantized(_context(tmp_path).out / "checkpoint"))
    context = RunContext(tmp_path / "out", tmp_path / "home", tmp_path, "cpu", SilentReporter())
    with pytest.raises(EnvironmentLackError, match=r"2 of tiny.*GiB.*fewer replicas"):
        serving_spec(many, context, record)


def test_checkpoint_that_changed_is_not_served(tmp_path: Path, recipe: Recipe) -> None:
    """A file that is not what the manifest says ends it before an environment is made."""
    context, folder = _context(tmp_path), tmp_path / "out" / "checkpoint"
    record = _record(recipe, _quantized(folder))
    (folder / "config.json").write_text("{ }")
    with pytest.raises(SourceError, match=r"is not what its manifest says: config\.json"):
        serving_spec(recipe, context, record)


def _serve(tmp_path: Path, spec: ServingSpec, use: Callable[[Serving], None], **settings: object) -> None:
    """Serve until `use` has been called."""
    stop = Stop()

    def on_ready(serving: Serving) -> None:
        try:
            use(serving)
        finally:
            stop.set()

    options = {
        "logs": tmp_path / "logs",
        "reporter": SilentReporter(),
        "key_store": KeyStore(endpoint_folder("tiny").keys),
    }
    serve_forever(spec, stop=stop, on_ready=on_ready, **{**options, **settings})


def test_printed_lines_work(tmp_path: Path, recipe: Recipe) -> None:
    """The Python and the curl lines, run as printed, get an answer from the endpoint."""
    answers = {}

    def use(serving: Serving) -> None:
        text = usage_lines(serving)
        python = text.index("import os")
        environment = {**os.environ, "AWQCTL_API_KEY": str(serving.new_key)}
        commands = {"python": [sys.executable, "-c", text[python:]]}
        if shutil.which("curl"):
            commands["curl"] = ["sh", "-c", text[text.index("curl ") : python]]
        for name, command in commands.items():
            answers[name] = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    _serve(tmp_path, tiny_spec(tmp_path, recipe), use)
    assert answers["python"].stdout == "Paris it is.\n", answers["python"].stderr
    assert "curl" not in answers or '"Paris it is."' in answers["curl"].stdout, answers["curl"].stderr
    assert living_below(tmp_path / "logs") == []


def test_clear_text_beyond_this_machine_is_warned_of(tmp_path: Path, recipe: Recipe) -> None:
    """Plain HTTP is quiet on loopback and a warning on all interfaces."""
    warnings = []
    for host in ("localhost", "0.0.0.0"):  # noqa: S104 -- what is warned of
        reporter = RecordingReporter()
        _serve(tmp_path, tiny_spec(tmp_path, recipe, host=host, tls=False), lambda _: None, reporter=reporter)
        warnings.append(reporter.warnings)
    assert warnings[0] == []
    assert "clear text" in warnings[1][0]


def test_first_key_is_made_once(tmp_path: Path, recipe: Recipe) -> None:
    """The first start makes the key `default` and shows it; a second start makes none."""
    shown: list[str | None] = []
    for _ in range(2):
        _serve(tmp_path, tiny_spec(tmp_path, recipe), lambda serving: shown.append(serving.new_key))
    assert [key is not None for key in shown] == [True, False]
    assert [key.name for key in KeyStore(endpoint_folder("tiny").keys).ls().keys] == ["default"]


def test_failed_start_makes_no_key(tmp_path: Path, recipe: Recipe) -> None:
    """A key that nobody would see is not made."""
    with pytest.raises(EngineError):
        _serve(tmp_path, tiny_spec(tmp_path, recipe, program="raise ValueError"), lambda _: None)
    assert KeyStore(endpoint_folder("tiny").keys).ls().keys == ()


@contextmanager
def _serve_command(tmp_path: Path, *options: str, gates: tuple[Gate, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
    """Yield `awqctl serve demo --json` on the run of a checkpoint whose evaluation ended with these gates."""
    recipe = load_recipe("demo").recipe
    out = tmp_path / "out"
    out.mkdir()
    results = _quantized(_make_checkpoint(out / "checkpoint"))
    made_from = settings_of(stage_named("quantize"), recipe)
    results["quantize"] = results["quantize"].model_copy(update={"inputs": made_from})
    if gates:
        upstream = upstream_of(stage_named("eval"), recipe, _record(recipe, results))
        evaluated = {"stage": "eval", "status": "gate_failed", "inputs": upstream, "gates": gates, "payload": {}}
        results["eval"] = results["quantize"].model_copy(update=evaluated)
    save_record(_record(recipe, results), out / RECORD)
    command = [sys.executable, "-m", "pipeline.cli", "serve", "demo", "--out", str(out), "--port", "0", "--json"]
    environment = {**os.environ, "AWQCTL_RUNTIME_VLLM": str(interpreter(tmp_path)), "PYTHONPATH": str(REPO)}
    command += ["--set", "engine.accelerator=cpu", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes) as process:
        yield process


def _serving(process: "subprocess.Popen[str]") -> Serving:
    """Return what the command prints once it is up."""
    assert process.stdout is not None
    assert process.stderr is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        text += line
    return Serving.model_validate_json(text)


def test_serve_command(tmp_path: Path) -> None:
    """`awqctl serve` prints how to call the endpoint, answers a key of the store alone, and ends with 0 on SIGTERM."""
    with _serve_command(tmp_path, "--verbose") as process:
        serving = _serving(process)
        context = ssl.create_default_context(cafile=serving.ca_certificate)
        with httpx.Client(verify=context, trust_env=False) as client:
            url = f"{serving.base_url}/models"
            allowed = client.get(url, headers={"Authorization": f"Bearer {serving.new_key}"})
            refused = client.get(url)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (allowed.status_code, refused.status_code, process.returncode) == (200, 401, 0)
    assert allowed.json()["data"][0]["id"] == serving.model == "demo"
    assert str(tmp_path) not in allowed.text
    assert errors.splitlines()[-1].endswith("stopped")
    assert "looking up the release" in errors
    assert "stopping: answers under way may end within 30 s; once more cuts them" in errors
    assert "was not measured" in errors
    assert f"at most {serving.max_connections} connections at once" in " ".join(errors.split())
    assert living_below(tmp_path) == []


FAILED = Gate(name="accuracy of sums", passed=False, verdict="fail", statement="3.1 points lost, 2 allowed.")


def test_serve_command_refuses_a_failed_gate(tmp_path: Path) -> None:
    """Code 3 with the gate, its figure and the way out; no engine is started, nothing recorded."""
    with _serve_command(tmp_path, gates=(FAILED,)) as process:
        _, errors = process.communicate(timeout=60)
    said = " ".join(errors.split())
    assert process.returncode == 3
    assert f"{FAILED.name} (failed): {FAILED.statement}" in said
    assert "--despite-gates" in said
    assert not (tmp_path / "out" / "logs").exists()


def test_serve_command_despite_a_failed_gate(tmp_path: Path) -> None:
    """Asked for, it serves, says so where the endpoint is announced, and writes it into the record."""
    with _serve_command(tmp_path, "--despite-gates", gates=(FAILED,)) as process:
        serving = _serving(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    record = load_record(tmp_path / "out" / RECORD)
    assert record is not None
    assert process.returncode == 0
    assert serving.despite_gates == record.served_despite[0].gates == (f"{FAILED.name} (failed): {FAILED.statement}",)
    assert FAILED.statement in usage_lines(serving)

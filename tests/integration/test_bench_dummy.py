"""`bench` of dummy weights, from the command line to the report, on an engine that starts as vLLM does."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.loaded_engine import interpreter
from tests.helpers import awqctl

SETTINGS = (
    *("bench.concurrency=[1,4]", "bench.requests_per_concurrency=3", "bench.repeats=2", "bench.warmup_requests=1"),
    *("bench.input_tokens=24", "bench.output_tokens=8", "engine.enforce_eager=true"),
    "bench.limits={foreign_cpu_share: null, client_cpu_share: null, ceiling_share: null}",
)


@pytest.fixture(scope="module")
def place(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home that has the load client and its calibration."""
    folder = tmp_path_factory.mktemp("dummy")
    (folder / "home").symlink_to(home)
    return folder


def run(place: Path, *arguments: object, settings: tuple[str, ...] = SETTINGS) -> tuple[int, Any, str]:
    """Return exit code, document and messages of a command with the stand-in."""
    env = {"AWQCTL_HOME": str(place / "home"), "AWQCTL_RUNTIME_VLLM": str(interpreter(place))}
    answer = awqctl(*arguments, "--json", settings=settings, cwd=place, env=env, timeout=300)
    return answer.returncode, json.loads(answer.stdout) if answer.stdout else None, answer.stderr


@pytest.fixture(scope="module")
def bench(place: Path) -> Any:
    """The stage as it is recorded."""
    code, document, messages = run(place, "bench", "llama-0.4b-dummy")
    assert code == 0, messages
    return document


def test_nothing_is_quantized_or_loaded(place: Path, bench: Any) -> None:
    """Both arms are measured from the configuration alone, and the result says so."""
    found = bench["payload"]
    assert [load["arm"] for load in found["arms"]] == ["baseline", "awq"]
    assert found["dummy_weights"]["tokenizer"] == "stand-in"
    assert {load["memory"]["weights_from"] for load in found["arms"]} == {"configuration"}
    out = place / "out" / "llama-0.4b-dummy"
    assert not list(out.rglob("*.safetensors"))
    assert {path.name for path in (out / "dummy").iterdir()} == {"baseline", "awq"}


def test_the_arms_say_what_ran(bench: Any) -> None:
    """Kernel, settings, variables without secrets, and a peak of memory that was really sampled."""
    proof = bench["payload"]["arms"][1]["proof"]
    assert bench["payload"]["arms"][1]["kernel"].startswith("FakeWNA16LinearKernel")
    assert proof["dtype"] == "bfloat16"
    assert "VLLM_API_KEY" not in proof["variables"]
    assert proof["memory"]["peak"]["source"] == "processes"
    assert proof["memory"]["peak"]["gib"] > 0.005


def test_the_report_recommends_nothing(place: Path, bench: Any) -> None:
    """It is of this folder, and names the weights before any figure."""
    assert bench["status"] == "passed"
    code, _, messages = run(place, "report", "llama-0.4b-dummy")
    assert code == 0, messages
    document = json.loads((place / "out/llama-0.4b-dummy/report/report.json").read_text())
    assert document["findings"][0]["headline"] == "Dummy weights: speed and memory only."
    assert document["recommendation"].startswith("No recommendation")


def test_a_profile_is_recorded_apart_from_what_is_timed(place: Path, bench: Any) -> None:
    """On engines of its own; the result of the benchmark stays as it is, and the report has both."""
    out = place / "out" / "llama-0.4b-dummy"
    code, document, messages = run(place, "bench", "llama-0.4b-dummy", "--profile", 4)
    assert code == 0, messages
    found = document["payload"]
    assert (found["concurrency"], found["dummy_weights"]) == (4, True)
    assert [one["profile"]["operations"][0]["name"] for one in found["arms"]] == ["fake::gemm", "fake::gemm"]
    traces = [trace for one in found["arms"] for trace in one["traces"]]
    assert [trace["name"] for trace in traces] == [f"{arm}/rank0.pt.trace.json.gz" for arm in ("baseline", "awq")]
    sums = [hashlib.sha256((out / "profile" / trace["name"]).read_bytes()).hexdigest() for trace in traces]
    assert sums == [trace["sha256"] for trace in traces]
    assert set(document["artifacts"].values()) >= {f"profile/{trace['name']}" for trace in traces}
    record = json.loads((out / "record.json").read_text())
    assert record["stages"]["bench"]["payload"] == bench["payload"]
    code, again, messages = run(place, "bench", "llama-0.4b-dummy", "--profile", 4)
    assert (code, again["started_at"]) == (0, document["started_at"]), messages
    code, _, messages = run(place, "report", "llama-0.4b-dummy", settings=(*SETTINGS, "profile.concurrency=4"))
    assert code == 0, messages
    report = json.loads((out / "report" / "report.json").read_text())
    assert {"speed", "memory", "profile"} <= {section["id"] for section in report["sections"]}


def test_a_soak_is_asked_for_on_the_command_line(place: Path) -> None:
    """Of so many minutes, with all else as recipes have it."""
    settings = (*SETTINGS, "bench.arms=[awq]")
    command = ("bench", "llama-0.4b-dummy", "--out", place / "held", "--soak", "--minutes", 0.06)
    code, document, messages = run(place, *command, settings=settings)
    assert document, messages
    (held,) = document["payload"]["soaks"]
    assert (held["minutes"], held["arm"], held["input_tokens"]["high"] > 64) == (0.06, "awq", True)
    assert code == (3 if held["void"] else 0), messages


@pytest.mark.parametrize("stage", ["quantize", "eval", "roi", "serve"])
def test_other_stages_refuse_by_name(place: Path, stage: str) -> None:
    """With 2, before anything is looked at."""
    code, _, messages = run(place, stage, "demo", settings=("bench.dummy_weights=true",))
    assert code == 2
    assert "dummy weights (bench.dummy_weights)" in " ".join(messages.split())


def test_the_option_leaves_the_run_of_real_weights_alone(place: Path) -> None:
    """A recipe that has everything is measured as a dummy in a folder of its own."""
    code, document, messages = run(place, "bench", "demo", "--dummy-weights")
    assert code == 0, messages
    assert document["payload"]["dummy_weights"] == {
        "model": "packaged:demo",
        "commit": None,
        "configuration": "config.json",
        "tokenizer": "own",
        "group_size": 128,
        "zero_point": True,
    }
    assert (place / "out" / "demo-dummy" / "record.json").is_file()
    assert not (place / "out" / "demo").exists()

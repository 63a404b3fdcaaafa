"""A run delivered: whole or not at all, verified by two tools, without secrets, and honest about its gates."""

import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import GateError, SourceError, UsageError
from pipeline.base.results import Gate
from pipeline.deliver.delivery import require_same_run
from pipeline.deliver.manifest import delivery_problems, read_delivery
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, load_record
from pipeline.run.gates import gates_not_passed
from pipeline.verification.chain import verify_report
from tests.helpers import invoke

HOME = "/home/alice/models/tiny"
TOKEN = "hf_" + "MadeUpTokenForTheseTests1234567890"[:34]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Draw no charts, and keep the checksums of whoever runs the tests out of it."""
    monkeypatch.setattr("pipeline.report.render.html.svg_of", lambda _chart: "<svg></svg>")
    monkeypatch.setattr("pipeline.report.stage.svg_file", lambda _chart: "<svg></svg>")
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def deliver(finished_run: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that delivers the run with further options, and returns the folder."""

    def delivered(*options: str, run: Path = finished_run) -> Path:
        out = tmp_path / "delivery"
        invoke("deliver", run, "--out", out, "-q", *options, raises=True)
        return out

    return delivered


def texts(folder: Path) -> dict[str, str]:
    """Return what stands in every file, compressed ones included."""
    read = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        path.relative_to(folder).as_posix(): (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        for path, data in read.items()
    }


def test_both_tools_verify_it(deliver: Callable[..., Path]) -> None:
    """`awqctl verify`, `sha256sum -c` and the chain of its report, with everything a client keeps."""
    folder = deliver()
    names = set(texts(folder))
    assert names >= {
        *("README.md", "recipe.yaml", "record.json", "delivery.json", "SHA256SUMS", "eval/results.json"),
        *("checkpoint/model.safetensors", "checkpoint/awqctl-manifest.json", "report/report.html"),
        *("report/evidence.json", "bench/awq/concurrency-4.json.gz", "eval/awq/lines.samples.jsonl"),
    }
    assert invoke("verify", folder, "-q", raises=True).return_value == 0
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == len(names) - 1
    assert verify_report(folder).problems == ()
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".delivery")]


def test_formats_are_chosen(deliver: Callable[..., Path]) -> None:
    """Those that are named, and no other."""
    folder = deliver("--format", "md")
    assert [path.name for path in (folder / "report").glob("report.*")] == ["report.md"]
    assert read_delivery(folder).formats == ("md",)


def test_what_a_run_has_beside_its_results_comes_along(finished_run: Path, deliver: Callable[..., Path]) -> None:
    """The gates as JUnit XML, which has no path of the machine in it."""
    gates = (finished_run / "report" / "gates.xml").read_text()
    folder = deliver()
    assert (folder / "report" / "gates.xml").read_text() == gates
    assert str(finished_run) not in gates
    assert "JUnit" in (folder / "README.md").read_text()


@pytest.mark.parametrize("name", ["eval/awq/lines.samples.jsonl", "report/report.html", "README.md", "recipe.yaml"])
def test_changed_and_further_files_are_named(deliver: Callable[..., Path], name: str) -> None:
    """By the manifest, whichever file it is; the manifest itself is sealed."""
    folder = deliver()
    (folder / name).write_text("changed")
    (folder / "more").write_text("more")
    assert delivery_problems(folder) == ["more: not in delivery.json", f"{name}: contents changed"]
    assert invoke("verify", folder, "-q", raises=True).return_value == 3
    (folder / "delivery.json").write_text((folder / "delivery.json").read_text().replace('"demo"', '"other"'))
    with pytest.raises(SourceError, match="damaged"):
        delivery_problems(folder)


def test_no_path_and_no_user_leaves(
    write_finished_run: Callable[..., RunRecord], deliver: Callable[..., Path], tmp_path: Path
) -> None:
    """Planted in the recipe, the record, lm-eval's results, samples and a compressed file: gone, and sums follow."""
    run = tmp_path / "bob" / "run"
    run.mkdir(parents=True)
    record = write_finished_run(
        run,
        sections={"model": {"source": HOME}},
        quantize={"source": HOME, "source_path": HOME},
        recipe_origin=f"{tmp_path}/bob/mine.yaml",
    )
    raw = run / "bench" / "awq" / "concurrency-1.json.gz"
    planted = json.loads(gzip.decompress(raw.read_bytes())) | {"tokenizer_id": f"{run}/checkpoint"}
    results = run / "eval" / "awq" / "bits.results.json"
    scored = json.loads(results.read_text()) | {"config": {"tokenizer": f"{HOME}/tokenizer"}}
    changed(run, raw, gzip.compress(json.dumps(planted).encode(), mtime=0))
    changed(run, results, json.dumps(scored).encode())
    folder = deliver(run=run)
    found = texts(folder)
    assert [name for name, text in found.items() if "/home/" in text or "alice" in text or str(tmp_path) in text] == []
    assert "tiny" in found["record.json"]
    assert set(read_delivery(folder).redacted) >= {"bench/awq/concurrency-1.json.gz", "eval/awq/bits.results.json"}
    assert verify_report(folder).problems == ()
    assert invoke("verify", folder, "-q", raises=True).return_value == 0
    assert record.stages.keys() == load_of(folder).stages.keys()


def changed(run: Path, path: Path, data: bytes) -> None:
    """Write a file as if the run had written it so: its sum in the record and in the results follows."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(data)
    for name in ("bench/results.json", "record.json"):
        old = hashlib.sha256((run / name).read_bytes()).hexdigest()
        text = (run / name).read_text().replace(before, hashlib.sha256(data).hexdigest())
        (run / name).write_text(text)
        record = (run / "record.json").read_text().replace(old, hashlib.sha256(text.encode()).hexdigest())
        (run / "record.json").write_text(record)


def load_of(folder: Path) -> RunRecord:
    """Return the record in a folder."""
    record = load_record(folder / "record.json")
    assert record is not None
    return record


def test_results_still_belong_together(deliver: Callable[..., Path], finished_run: Path) -> None:
    """What was made from which results is known of the delivered record, too, so that gates count there."""
    before, after = load_of(finished_run), load_of(deliver())
    for name, stage in before.stages.items():
        assert stage.inputs.keys() == after.stages[name].inputs.keys()
    assert gates_not_passed(Recipe.model_validate(after.recipe), after) == ()


@pytest.mark.parametrize("secret", [TOKEN, "awq-" + "xX" * 21 + "x", "the value of a variable"])
def test_secret_is_refused(
    finished_run: Path, deliver: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str
) -> None:
    """A hub token, a key of the gateway, or what a variable of this process holds; nothing is left behind."""
    monkeypatch.setenv("SERVICE_API_KEY", "the value of a variable")
    path = finished_run / "eval" / "awq" / "lines.samples.jsonl"
    changed(finished_run, path, path.read_text().replace("question 1", secret).encode())
    with pytest.raises(SourceError, match=r"eval/awq/lines\.samples\.jsonl: holds what looks like a token"):
        deliver()
    assert not [one for one in tmp_path.iterdir() if "delivery" in one.name]


def test_folder_that_is_there_stays(deliver: Callable[..., Path], tmp_path: Path) -> None:
    """Whatever it holds; an earlier delivery goes with --force, and anything else never."""
    folder = deliver()
    (folder / "recipe.yaml").write_text("changed")
    with pytest.raises(UsageError, match="--force"):
        deliver()
    assert delivery_problems(deliver("--force")) == []
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "mine").write_text("mine")
    with pytest.raises(UsageError, match="no delivery"):
        deliver("--force")
    assert [path.name for path in (tmp_path / "delivery").iterdir()] == ["mine"]


def test_changed_run_is_not_delivered(finished_run: Path, deliver: Callable[..., Path]) -> None:
    """Neither with a raw file nor with weights that are not as they were written."""
    raw = finished_run / "eval" / "awq" / "lines.samples.jsonl"
    kept = raw.read_bytes()
    raw.write_bytes(kept + b"\n")
    with pytest.raises(SourceError, match=r"lines\.samples\.jsonl is not as it was written"):
        deliver()
    raw.write_bytes(kept)
    (finished_run / "checkpoint" / "model.safetensors").write_text("others!")
    with pytest.raises(SourceError, match="not what its manifest says"):
        deliver()


def test_gate_that_was_not_passed_is_said(
    write_finished_run: Callable[..., RunRecord], deliver: Callable[..., Path], tmp_path: Path
) -> None:
    """Refused with 3, or delivered on request with the statement in the README and the manifest."""
    run = tmp_path / "failed"
    run.mkdir()
    gate = Gate(name="accuracy lines", passed=False, verdict="fail", statement="It lost too much.")
    write_finished_run(run, gates=(gate,))
    with pytest.raises(GateError, match="It lost too much") as refused:
        deliver(run=run)
    assert refused.value.exit_code == 3
    folder = deliver("--despite-gates", run=run)
    assert "## Gates that were not passed" in (folder / "README.md").read_text()
    assert read_delivery(folder).gates_not_passed == ("accuracy lines (failed): It lost too much.",)
    assert [one.name for one in gates_not_passed(Recipe.model_validate(load_of(folder).recipe), load_of(folder))] == [
        "accuracy lines"
    ]


def test_upload_goes_on_with_a_delivery_of_the_same_run_alone(
    deliver: Callable[..., Path], finished_run: Path, write_finished_run: Callable[..., RunRecord], tmp_path: Path
) -> None:
    """Results that were made since, and another run, want a delivery of their own."""
    folder, record = deliver(), load_of(finished_run)
    require_same_run(folder, Recipe.model_validate(record.recipe), record)
    other = tmp_path / "other"
    other.mkdir()
    another = write_finished_run(other, name="another")
    with pytest.raises(UsageError, match="of another run"):
        require_same_run(folder, Recipe.model_validate(another.recipe), another)


def test_json_says_what_was_made(finished_run: Path, tmp_path: Path) -> None:
    """Folder, files, bytes, formats and gates."""
    answer = invoke("deliver", finished_run, "--out", tmp_path / "delivery", "--json", "-q", raises=True)
    document: dict[str, Any] = json.loads(answer.stdout)
    assert document["out"] == str(tmp_path / "delivery")
    assert document["files"] == len(read_delivery(tmp_path / "delivery").files)
    assert document["gates_not_passed"] == []

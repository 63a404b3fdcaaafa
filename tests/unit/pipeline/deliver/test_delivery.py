"""A run delivered: whole or not at all, verified by two tools, without secrets, and honest about its gates."""

import gzip
import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import GateError, SourceError, UsageError
from pipeline.base.results import Gate
from pipeline.deliver.contents import require_clean
from pipeline.deliver.delivery import require_same_run
from pipeline.deliver.manifest import delivery_problems, read_delivery
from pipeline.deliver.redaction import Redactor
from pipeline.recipe.acceptance_file import read_acceptance
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import AcceptanceVersion, RunRecord, load_record
from pipeline.run.gates import gates_not_passed
from pipeline.verification.chain import verify_report
from tests.helpers import invoke

pytestmark = pytest.mark.whole

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


def test_folders_beside_a_delivery_are_left_alone(deliver: Callable[..., Path], tmp_path: Path) -> None:
    """An earlier delivery that somebody moved to `DIR.old` is theirs, on the first delivery and on a replacement."""
    kept = [tmp_path / "delivery.old" / "ours", tmp_path / "delivery.old.gone" / "ours"]
    for path in kept:
        path.parent.mkdir()
        path.write_text("ours")
    deliver()
    deliver("--force")
    assert [path.read_text() for path in kept] == ["ours", "ours"]


def test_earlier_delivery_is_put_back_after_a_kill(deliver: Callable[..., Path]) -> None:
    """Killed between the two moves of a replacement: the next command finds it where it was."""
    folder = deliver()
    scratch = folder.with_name(".delivery.partial")
    (scratch / "delivery").mkdir(parents=True)
    folder.rename(scratch / "delivery.old")
    with pytest.raises(UsageError, match="earlier delivery"):
        deliver()
    assert delivery_problems(folder) == []
    deliver("--force")
    assert not scratch.exists()


@pytest.mark.parametrize("name", [".", "report/delivery", "delivery"])
def test_no_delivery_lies_in_the_run(finished_run: Path, name: str) -> None:
    """The next report would remove it with the folder that it lies in."""
    with pytest.raises(UsageError, match="lie in one another"):
        invoke("deliver", finished_run, "--out", finished_run / name, "-q", raises=True)
    assert not (finished_run / "report" / "delivery").exists()


TERMS = "signed_off: {name: Jane Doe, date: 2026-01-01}\nclauses:\n  - {id: up, kind: uptime, min_share: 0.9}\n"


def agreed_run(write: Callable[..., RunRecord], folder: Path, terms: str) -> Path:
    """Return a run whose terms stood in a file beside its recipe."""
    run = folder / "agreed"
    run.mkdir()
    (folder / "kpis.yaml").write_text(terms, encoding="utf-8")
    found = read_acceptance(folder / "kpis.yaml")
    version = AcceptanceVersion(
        recorded_at="2026-01-02T00:00:00+00:00",
        source=found.source,
        sha256=found.sha256,
        terms=found.terms.model_dump(mode="json"),
    )
    write(run, acceptance=(version,), sections={"acceptance": "kpis.yaml"}, recipe_origin=str(folder / "mine.yaml"))
    (folder / "mine.yaml").write_text("name: mine\n", encoding="utf-8")
    return run


def test_terms_are_delivered_as_agreed(
    write_finished_run: Callable[..., RunRecord], deliver: Callable[..., Path], tmp_path: Path
) -> None:
    """The file as it was; one that was changed since is not taken for it, and the terms of the record stand."""
    run = agreed_run(write_finished_run, tmp_path, TERMS)
    assert (deliver(run=run) / "acceptance.yaml").read_text() == TERMS
    (tmp_path / "kpis.yaml").write_text(TERMS.replace("0.9", "0.1"), encoding="utf-8")
    assert read_acceptance(deliver("--force", run=run) / "acceptance.yaml").terms.clauses[0].min_share == 0.9


def test_clause_that_stops_a_run_stops_its_delivery(
    write_finished_run: Callable[..., RunRecord], deliver: Callable[..., Path], tmp_path: Path
) -> None:
    """Exit code 3 as of the run, unless it is asked for; the README names the clause then."""
    run = agreed_run(write_finished_run, tmp_path, f"strict: true\n{TERMS}")
    with pytest.raises(GateError, match="clause up"):
        deliver(run=run)
    folder = deliver("--despite-gates", run=run)
    assert "clause up" in (folder / "README.md").read_text()
    assert verify_report(folder).problems == ()
    assert "`awqctl serve demo`" in (folder / "report" / "report.md").read_text()


def test_secret_in_no_utf8_and_path_in_a_header_are_found(tmp_path: Path) -> None:
    """In a file of another encoding, in a part of an Office file, and in the header of weights."""
    redactor = Redactor({HOME: "tiny"})
    (tmp_path / "notes.txt").write_bytes(f"\xff {TOKEN}".encode("latin-1"))
    with pytest.raises(SourceError, match=r"notes\.txt"):
        require_clean(tmp_path, redactor)
    (tmp_path / "notes.txt").unlink()
    with zipfile.ZipFile(tmp_path / "report.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<t>{HOME}</t>")
    header = json.dumps({"__metadata__": {"source": HOME}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(99))
    with pytest.raises(SourceError, match=r"model\.safetensors, report\.xlsx"):
        require_clean(tmp_path, redactor)


def test_link_to_a_folder_is_no_part_of_a_delivery(deliver: Callable[..., Path], tmp_path: Path) -> None:
    """As a link to a file is none."""
    folder = deliver()
    (folder / "more").symlink_to(tmp_path)
    assert delivery_problems(folder) == ["more: not in delivery.json"]


def test_link_is_delivered_to_where_it_leads(deliver: Callable[..., Path], tmp_path: Path) -> None:
    """The link stays, and nothing is left beside it."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "delivery").symlink_to("disk")
    assert delivery_problems(deliver()) == []
    assert (tmp_path / "delivery").is_symlink()
    assert (tmp_path / "disk" / "delivery.json").is_file()
    assert not list(tmp_path.glob(".*.partial"))

"""The chain from a report back to raw files: what holds passes, and what was tampered with is named."""

import gzip
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pptx import Presentation

from pipeline.base.errors import SourceError
from pipeline.record.record import RunRecord
from pipeline.report.document import ReportDocument
from pipeline.report.render.pptx import to_pptx
from pipeline.report.render.xlsx import to_xlsx
from pipeline.verification.chain import verify_report
from pipeline.verification.result import Problem
from tests.helpers import invoke

pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("undrawn")]

REPORTS = ("report.html", "report.md", "report.json")


def change(path: Path, before: str, after: str) -> None:
    """Replace a text that is there, once."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def of(kind: str, problems: tuple[Problem, ...]) -> list[Problem]:
    """Return the problems of one kind."""
    return [one for one in problems if one.kind == kind]


@pytest.mark.parametrize("name", [*(f"report/{one}" for one in REPORTS), "report/evidence.json", "report", "."])
def test_unchanged_report_passes(run_as_written: Path, name: str) -> None:
    """Whichever file is named: figures, keys and files hold, and speeds and scores are made again."""
    found = verify_report(run_as_written / name)
    assert found.problems == ()
    assert found.intact
    assert found.figures > 100
    assert found.keys > 100
    assert [one.figures > 20 for one in found.recomputed] == [True, True]


def test_moved_folder_still_verifies(finished_run: Path, tmp_path: Path) -> None:
    """Nothing in the evidence is a path of the machine; a report elsewhere is held against a run that is named."""
    moved = tmp_path / "elsewhere" / "delivered"
    moved.parent.mkdir()
    finished_run.rename(moved)
    assert verify_report(moved).intact
    assert str(tmp_path) not in (moved / "report" / "evidence.json").read_text(encoding="utf-8")
    mailed = Path(shutil.copy(moved / "report" / "report.html", tmp_path / "from the mail.html"))
    assert verify_report(mailed, moved).intact


@pytest.mark.parametrize("name", REPORTS)
def test_figure_typed_by_hand_is_named(finished_run: Path, name: str) -> None:
    """Where it stands in the report, what stands there, and what should."""
    evidence = json.loads((finished_run / "report" / "evidence.json").read_text(encoding="utf-8"))
    figure = evidence["figures"]["throughput/1/2"]
    place = {
        "report.html": f'data-figure="throughput/1/2" class="num">{figure["text"]}<',
        "report.md": f" {figure['text']} |",
        "report.json": f'"text": "{figure["text"]}"',
    }[name]
    change(finished_run / "report" / name, place, place.replace(figure["text"], "9,999"))
    found = verify_report(finished_run / "report" / name)
    assert not found.intact
    assert of("report", found.problems)
    typed = [one for one in of("figure", found.problems) if one.found == "9,999"]
    assert [one.expected for one in typed] == [figure["text"]]
    assert name in typed[0].where
    assert "row" in typed[0].where


def test_unrounded_figure_of_json_is_held_too(finished_run: Path) -> None:
    """The printed text may stand while the value beside it was changed."""
    path = finished_run / "report" / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    cell = next(t for s in report["sections"] for t in s["tables"] if t["id"] == "throughput")["rows"][0][1]
    cell["value"] += 0.001
    path.write_text(json.dumps(report), encoding="utf-8")
    assert any("unrounded" in one.where for one in of("figure", verify_report(path).problems))


def test_sentence_changed_by_hand_is_named(finished_run: Path) -> None:
    """Figures stand in sentences, too."""
    path = finished_run / "report" / "report.md"
    change(path, ".**\n\n**", ".**\n\n**Surely ")
    assert any((one.found or "").startswith("**Surely") for one in of("figure", verify_report(path).problems))


def test_tampered_raw_file_of_a_load_is_named(finished_run: Path) -> None:
    """Its hash, and the speeds that it gives now, which are not those of the result."""
    raw = finished_run / "bench" / "awq" / "concurrency-4.json.gz"
    document = json.loads(gzip.decompress(raw.read_bytes()))
    document["itls"] = [[gap / 2 for gap in gaps] for gaps in document["itls"]]
    raw.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    found = verify_report(finished_run)
    assert [one.where for one in of("file", found.problems)] == ["bench/awq/concurrency-4.json.gz"]
    wrong = [one.where for one in of("result", found.problems)]
    assert any(where.endswith("(arm 'awq', concurrency 4), output_tokens_per_s") for where in wrong)
    assert not any("concurrency 1)" in where for where in wrong)


def test_tampered_samples_are_named(finished_run: Path) -> None:
    """The scores that they give are no longer those of the result."""
    samples = finished_run / "eval" / "awq" / "lines.samples.jsonl"
    change(samples, '"acc": 1.0', '"acc": 0.0')
    found = verify_report(finished_run / "report" / "report.html")
    assert [one.where for one in of("file", found.problems)] == ["eval/awq/lines.samples.jsonl"]
    assert of("result", found.problems)


def test_result_changed_in_record_and_file_alike_is_caught_by_its_raw_files(finished_run: Path) -> None:
    """Whoever changes the result in both places is contradicted by the raw files and by the report."""
    result = json.loads((finished_run / "bench" / "results.json").read_text(encoding="utf-8"))
    speed = result["arms"][1]["points"][0]["output_tokens_per_s"]
    for name in ("record.json", "bench/results.json"):
        text = (finished_run / name).read_text(encoding="utf-8")
        (finished_run / name).write_text(text.replace(str(speed), str(speed * 2)), encoding="utf-8")
    kinds = {one.kind for one in verify_report(finished_run).problems}
    assert kinds >= {"run", "figure", "file", "result"}


def test_key_must_lead_to_the_figure(finished_run: Path) -> None:
    """A file of results that says something else than the record is named by the key."""
    result = finished_run / "bench" / "results.json"
    document = json.loads(result.read_text(encoding="utf-8"))
    document["arms"][0]["start_seconds"] = 1.5
    result.write_text(json.dumps(document), encoding="utf-8")
    keys = of("key", verify_report(finished_run).problems)
    assert [one.found for one in keys if "start_seconds" in one.where] == ["1.5"]


def test_missing_file_is_named(finished_run: Path) -> None:
    """A raw file that is gone is said by name, and so is what cannot be made again without it."""
    (finished_run / "bench" / "baseline" / "concurrency-1.json.gz").unlink()
    problems = verify_report(finished_run).problems
    assert [one.where for one in of("file", problems)] == ["bench/baseline/concurrency-1.json.gz"]
    assert "cannot be read" in of("result", problems)[0].detail


@pytest.mark.parametrize("name", ["demo", "another"])
def test_report_of_another_run_is_named(
    finished_run: Path, write_finished_run: Callable[..., RunRecord], tmp_path: Path, name: str
) -> None:
    """Alone or with its whole folder, of the same recipe or another one."""
    other = tmp_path / "other"
    other.mkdir()
    write_finished_run(other, name=name, mlflow_run_id="another", sections={"description": "another run"})
    shutil.copy(other / "report" / "report.html", finished_run / "report" / "report.html")
    alone = verify_report(finished_run / "report" / "report.html")
    assert "another run" in of("run", alone.problems)[0].detail
    shutil.rmtree(finished_run / "report")
    shutil.copytree(other / "report", finished_run / "report")
    whole = verify_report(finished_run)
    assert "another run" in of("run", whole.problems)[0].detail


def test_command_says_what_and_ends_with_three(finished_run: Path) -> None:
    """0 and a line per link where all holds; 3 and a line per fault where not; JSON has the same."""
    whole = invoke("report", "verify", finished_run, raises=True)
    assert whole.return_value == 0
    assert "made again: speeds" in whole.stdout
    change(finished_run / "report" / "report.md", "**", "**9 ")
    broken = invoke("report", "verify", finished_run / "report" / "report.md", "--json", raises=True)
    assert broken.return_value == 3
    assert not json.loads(broken.stdout)["intact"]
    with pytest.raises(SourceError, match=r"no .*nothing\.html"):
        invoke("report", "verify", finished_run / "nothing.html", raises=True)


def vouched(run: Path, name: str) -> Path:
    """Write the sum of a changed report into the evidence, as somebody would who smuggles a figure; return the file."""
    path = run / "report" / name
    evidence = json.loads((run / "report" / "evidence.json").read_text(encoding="utf-8"))
    evidence["reports"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "report" / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param("report.html", "<h2", "<p>9,999 tok/s</p><h2", id="a sentence of its own"),
        pytest.param("report.html", '<p class="label">', '<p class="label">3 times ', id="the label of a key figure"),
        pytest.param("report.html", "</td>", '<span class="mark">9,999</span></td>', id="a mark in a cell"),
        pytest.param("report.html", "<svg>", "<svg><text>9,999</text>", id="a text in a chart"),
        pytest.param("report.html", "<svg>", '<svg><image href="data:,"></image>', id="a picture in a chart"),
        pytest.param("report.html", "</style>", "td::after { content: '9' }</style>", id="a text in a style"),
        pytest.param("report.html", "<h1>", '<h1 title="9,999">', id="an attribute"),
        pytest.param("report.md", " |\n", " | 9,999\n", id="a cell without its border"),
        pytest.param("report.json", '"decision": "', '"decision": "deploy_awq", "was": "', id="the decision"),
        pytest.param("report.json", "{\n", '{\n  "recommendation": "9,999",\n', id="a name that stands twice"),
    ],
)
def test_text_beside_the_figures_is_held_too(finished_run: Path, name: str, before: str, after: str) -> None:
    """Also where the sum in the evidence was made to fit: all that a page shows is what the record gives."""
    change(finished_run / "report" / name, before, after)
    found = verify_report(vouched(finished_run, name))
    assert not found.intact
    assert {one.kind for one in found.problems} <= {"figure", "report"}


def test_cell_typed_into_a_workbook_is_named(finished_run: Path) -> None:
    """And so are a comment on a cell and a picture over it."""
    report = ReportDocument.model_validate_json((finished_run / "report" / "report.json").read_bytes())
    path = finished_run / "report" / "report.xlsx"
    path.write_bytes(to_xlsx(report))
    assert [one.kind for one in verify_report(path).problems] == ["report"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/comments1.xml", "<comments><t>9,999</t></comments>")
    assert [one.where for one in of("figure", verify_report(path).problems)] == ["report.xlsx: xl/comments1.xml"]


def test_another_file_of_the_report_is_no_pdf(finished_run: Path) -> None:
    """That the evidence knows its bytes says nothing for them under this name."""
    shutil.copy(finished_run / "report" / "report.md", finished_run / "report" / "report.pdf")
    found = verify_report(finished_run / "report" / "report.pdf")
    assert [one.detail for one in of("report", found.problems)] == ["evidence.json does not know it (SHA-256)"]


@pytest.mark.parametrize("name", ["eval/awq/lines.samples.jsonl", "bench/results.json"])
def test_evidence_must_vouch_for_every_file(finished_run: Path, name: str) -> None:
    """One that is taken out of the evidence, so that its change is not seen, is missed."""
    path = finished_run / "report" / "evidence.json"
    evidence = json.loads(path.read_text(encoding="utf-8"))
    del evidence["files"][name]
    path.write_text(json.dumps(evidence), encoding="utf-8")
    assert [one.where for one in of("file", verify_report(finished_run).problems)] == [name]


def test_result_and_its_file_say_the_same(finished_run: Path) -> None:
    """Also fields that no figure of the report is printed from."""
    result = finished_run / "eval" / "results.json"
    document = json.loads(result.read_text(encoding="utf-8"))
    document["recalled"]["awq"] = 7
    result.write_text(json.dumps(document), encoding="utf-8")
    assert "eval/results.json" in [one.where for one in of("result", verify_report(finished_run).problems)]


def test_gate_that_was_turned_is_named(finished_run: Path) -> None:
    """A verdict typed into the record is not what the scores come to."""
    path = finished_run / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    gate = record["stages"]["eval"]["gates"][0]
    turned = gate["verdict"] != "pass"
    gate |= {"passed": turned, "verdict": "pass" if turned else "fail"}
    path.write_text(json.dumps(record), encoding="utf-8")
    where = [one.where for one in of("result", verify_report(finished_run).problems)]
    assert where == [f"record.json, the gate '{gate['name']}'"]


@pytest.mark.parametrize("field", ["failed", "figures"])
def test_figures_of_a_single_run_are_made_again(finished_run: Path, field: str) -> None:
    """Acceptance goes by them, and by the requests that failed."""
    for name in ("record.json", "bench/results.json"):
        document = json.loads((finished_run / name).read_text(encoding="utf-8"))
        load = document["stages"]["bench"]["payload"] if name == "record.json" else document
        run = load["arms"][1]["points"][0]["runs"][0]
        if field == "failed":
            run["failed"] += 1
        else:
            run["figures"]["e2e_ms"]["p50"] /= 2
        (finished_run / name).write_text(json.dumps(document), encoding="utf-8")
    assert any(f"run 1, {field}" in one.where for one in of("result", verify_report(finished_run).problems))


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data[:40] + b"\0" * 40 + data[80:]])
def test_damaged_raw_file_is_no_crash(finished_run: Path, damage: Callable[[bytes], bytes]) -> None:
    """Cut off or overwritten: said of the file."""
    raw = finished_run / "bench" / "awq" / "concurrency-4.json.gz"
    raw.write_bytes(damage(raw.read_bytes()))
    assert any("cannot be read" in one.detail for one in of("result", verify_report(finished_run).problems))


def test_slides_on_a_clients_template_verify(finished_run: Path) -> None:
    """The layouts are taken from the slides themselves, as the template need not be there."""
    made = io.BytesIO()
    empty = Presentation()
    empty.slide_width //= 2
    empty.save(made)
    report = ReportDocument.model_validate_json((finished_run / "report" / "report.json").read_bytes())
    path = finished_run / "report" / "report.pptx"
    path.write_bytes(to_pptx(report, made.getvalue()))
    named = finished_run / "record.json"
    change(named, '"pptx_template": null', '"pptx_template": "client.pptx"')
    assert of("figure", verify_report(path).problems) == []

"""`awqctl compare` on files that somebody else made."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from eval.samples.result import CompareResult
from pipeline.base.errors import SourceError, UsageError, VoidMeasurementError
from pipeline.cli.compare import compare
from tests.helpers import invoke

Sample = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


def run(*arguments: object) -> Result:
    """Run the command; errors of ours come out as they are."""
    return invoke(*arguments, of=compare, raises=True)


def document(*arguments: object) -> CompareResult:
    """Return what `--json` prints."""
    return CompareResult.model_validate_json(run(*arguments, "--json").output)


@pytest.fixture
def pair(tmp_path: Path, sample: Sample, write_run: WriteRun) -> Callable[..., tuple[Path, Path]]:
    """Return a function that writes two models: of every 10 items the candidate loses one and gains none."""

    def write(items: int = 200, results: tuple[dict, dict] | None = None, metric: str = "acc") -> tuple[Path, Path]:
        folders = []
        for arm, lost in (("baseline", 0), ("candidate", 1)):
            rows = [sample(number, {metric: float(number % 10 >= 3 + lost)}) for number in range(items)]
            score = sum(row[metric] for row in rows) / items
            whole = {"results": {"arc": {f"{metric},none": score}}, "n-samples": {"arc": {"original": items}}}
            more = results[lost] if results else {}
            folders.append(write_run(tmp_path / arm, {"arc": rows}, results={**whole, **more}))
        return folders[0], folders[1]

    return write


def test_real_files_are_compared(real_runs: dict[str, Path]) -> None:
    """Every task and both groups of lm-eval's own output, with the metric that lm-eval lists first."""
    found = document(*real_runs.values(), "--draws", 1000)
    rows = {task.task: task for task in found.tasks}
    assert {name: row.metric for name, row in rows.items()} == {
        "echo": "bleu,whole",
        "labels": "f1",
        "pages": "word_perplexity",
        "words": "perplexity",
        "even": "acc",
        "sized": "acc",
    }
    assert all(row.paired for row in rows.values())
    assert not rows["words"].higher_is_better
    assert (rows["sized"].items, rows["sized"].clusters) == (32, None)
    assert rows["sized"].flips_to_wrong is not None
    assert all(row.only_baseline == row.only_candidate == 0 for row in rows.values())


def test_scores_are_lm_evals(real_runs: dict[str, Path]) -> None:
    """Both columns agree with the results files of both runs."""
    found = document(*real_runs.values(), "--draws", 1000)
    for arm, side in (("baseline", "baseline"), ("candidate", "candidate")):
        stated = json.loads(next(real_runs[arm].rglob("results_*.json")).read_text())["results"]
        for task in found.tasks:
            name = task.metric if "," in task.metric else f"{task.metric},none"
            assert getattr(task, side).value == pytest.approx(stated[task.task][name], rel=1e-6)


def test_a_model_against_itself(real_runs: dict[str, Path]) -> None:
    """No difference anywhere, and every margin passes."""
    found = document(real_runs["baseline"], real_runs["baseline"], "--draws", 1000, "--min-recovery", 0.5)
    assert {task.delta for task in found.tasks} == {0.0}
    assert {task.p_difference for task in found.tasks} == {1.0}


def test_metric_and_task_can_be_chosen(real_runs: dict[str, Path]) -> None:
    """A part of a group, with another metric than the first."""
    found = document(*real_runs.values(), "--task", "even_many", "--metric", "acc_norm")
    (task,) = found.tasks
    assert (task.task, task.metric, task.items) == ("even_many", "acc_norm", 25)


def test_samples_without_results_are_enough(real_runs: dict[str, Path], tmp_path: Path) -> None:
    """Groups that one side names are found on the other side as well; what is not stated is said."""
    shutil.copytree(real_runs["candidate"], tmp_path / "bare")
    next((tmp_path / "bare").rglob("results_*.json")).unlink()
    options = ("--task", "sized", "--task", "words", "--draws", 1000)
    whole, bare = (
        document(real_runs["baseline"], path, *options) for path in (real_runs["candidate"], tmp_path / "bare")
    )
    figures = [[(task.task, task.delta, task.interval) for task in found.tasks] for found in (whole, bare)]
    assert figures[0] == figures[1]
    assert "number of few-shot examples" in " ".join(bare.notes)


@pytest.mark.parametrize(
    ("options", "code", "verdict"),
    [
        ((), 0, None),
        (("--margin", 0.2), 0, "pass"),
        (("--margin", 0.02), 3, "fail"),
        (("--margin", 0.1), 3, "inconclusive"),
        (("--min-recovery", 0.7), 0, "pass"),
    ],
    ids=["no margin", "within", "beyond", "near", "recovery"],
)
def test_exit_code_follows_the_verdict(
    pair: Callable[..., tuple[Path, Path]], options: tuple[object, ...], code: int, verdict: str | None
) -> None:
    """The candidate loses 10 points on 200 items."""
    answer = run(*pair(), *options, "--json")
    found = CompareResult.model_validate_json(answer.output)
    (task,) = found.tasks
    assert (answer.return_value, task.verdict) == (code, verdict)
    assert (found.complete, found.passed) == (True, None if verdict is None else verdict == "pass")
    assert (task.flips_to_wrong, task.flips_to_right, task.loss) == (20, 0, pytest.approx(0.1))


def test_the_table_fits_80_columns(pair: Callable[..., tuple[Path, Path]]) -> None:
    """Everything that the verdict rests on stands beside it."""
    lines = run(*pair(), "--margin", 0.13).output.splitlines()
    assert max(len(line) for line in lines[2:]) <= 80  # the first two are paths, which nobody should cut
    text = " ".join(" ".join(lines).split())
    for part in (
        "arc",
        "acc",
        "200",
        "0.7000",
        "0.6000",
        "85.71%",
        "+0.1000",
        "20",
        "10.00%",
        "inconclusive",
        "0.1300",
    ):
        assert part in text
    assert "items needed" in text
    assert "Method: Tango score interval, exact McNemar test." in text


def test_unmatched_items_are_counted_and_named(pair: Callable[..., tuple[Path, Path]], tmp_path: Path) -> None:
    """A limit on one side: the others are left out, and the first of them named."""
    baseline, candidate = pair()
    path = next(candidate.glob("samples_*"))
    path.write_text("\n".join(path.read_text().splitlines()[:150]) + "\n")
    (task,) = document(baseline, candidate).tasks
    assert (task.items, task.only_baseline, task.only_candidate) == (150, 50, 0)
    assert task.unmatched_examples[0] == "item 150, baseline only"
    text = " ".join(run(baseline, candidate).output.split())
    assert "arc: 50 items of the baseline alone and 0 of the candidate alone were left out: item 150, baseline" in text


def shortened(path: Path) -> None:
    """Take the last 50 of 200 items from a file of samples."""
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:150]))


def without_common_documents(path: Path) -> None:
    """Replace all documents, so that the task has no item in common with the other side."""
    path.write_text(path.read_text().replace('"document ', '"another document '))


@pytest.mark.parametrize("change", [Path.unlink, shortened, without_common_documents])
def test_what_was_not_compared_is_no_pass(
    tmp_path: Path, sample: Sample, write_run: WriteRun, change: Callable[[Path], None]
) -> None:
    """A task that one side has not scored to the end may be the one that broke; it passes where that is allowed."""
    rows = [sample(number, {"acc": 1.0}) for number in range(200)]
    folders = [write_run(tmp_path / side, {"arc": rows, "piqa": rows}) for side in ("a", "b")]
    assert run(*folders, "--margin", 0.05).return_value == 0
    change(next(folders[1].glob("samples_piqa_*")))
    answer = run(*folders, "--margin", 0.05)
    assert answer.return_value == 3
    assert "this is no pass. Score the rest, or give --allow-partial." in " ".join(answer.output.split())
    assert document(*folders, "--margin", 0.05).passed is False
    allowed = document(*folders, "--margin", 0.05, "--allow-partial")
    assert (allowed.complete, allowed.passed) == (False, True)
    assert run(*folders, "--margin", 0.05, "--task", "arc").return_value == 0
    assert run(*folders).return_value == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"acc": float("nan"), "metrics": ["acc"]},
            r"Task 'arc': acc of item 7 of arc in .*candidate/samples_arc_.* is nan, not a finite number",
        ),
        ({"acc": float("-inf"), "metrics": ["acc"]}, "is -inf, not a finite number"),
    ],
)
def test_values_that_are_no_numbers_are_refused(
    pair: Callable[..., tuple[Path, Path]], change: dict, message: str
) -> None:
    """One of them would spoil every figure of all tasks; task, file and item are named."""
    baseline, candidate = pair()
    path = next(candidate.glob("samples_*"))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[7] |= change
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(VoidMeasurementError, match=message):
        run(baseline, candidate, "--json")


def test_a_score_that_is_no_number_is_refused(pair: Callable[..., tuple[Path, Path]]) -> None:
    """Also where no item shows it."""
    broken = {"results": {"arc": {"acc,none": float("nan")}}}
    with pytest.raises(VoidMeasurementError, match="Task 'arc': lm-eval states acc as nan"):
        run(*pair(results=({}, broken)))


@pytest.mark.parametrize(
    "option", ["--margin=nan", "--margin=inf", "--min-recovery=nan", "--confidence=nan"], ids=lambda text: text[2:]
)
def test_margins_are_finite(pair: Callable[..., tuple[Path, Path]], option: str) -> None:
    """Nothing can be held against an infinite one."""
    answer = invoke(*pair(), option, of=compare)
    assert answer.exit_code == 2
    assert f"{option.partition('=')[2]} is not a finite number" in answer.output


def test_names_are_printed_literally(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """Brackets in folders and tasks are no markup."""
    rows = [sample(number, {"acc": 1.0}) for number in range(30)]
    folders = [write_run(tmp_path / name / "b", {"[red]arc": rows}) for name in ("[x]a[", "[bold]c")]
    more = [write_run(folders[0], {"[blue]piqa": rows}, stamp="2026-11-01T13-00-00.000000")]
    text = " ".join(run(more[0], folders[1]).output.split())
    for part in ("[x]a[/b", "[bold]c/b", "[red]arc", "Only one side has '[blue]piqa'"):
        assert part in text


def test_half_a_surrogate_pair_is_compared(tmp_path: Path, sample: Sample) -> None:
    """JSON can say it, so a model's answer and a document may; files without hashes are hashed as they are."""
    for side, value in (("a", 1.0), ("b", 0.0)):
        rows = [sample(number, {"acc_bytes": value}, doc={"q": f"\ud83d {number}"}) for number in range(30)]
        rows = [{key: row[key] for key in row if not key.endswith("_hash")} | {"target": "\ude00"} for row in rows]
        for row in rows:
            row["arguments"] = [["\ud83d", " right"], ["\ud83d", " \ud83d"]]
            row["filtered_resps"] = [["-4.0", "False"], ["-2.0", "False"]]
        (tmp_path / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (task,) = document(tmp_path / "a.jsonl", tmp_path / "b.jsonl").tasks
    assert (task.items, task.flips_to_wrong) == (30, 30)
    example = task.examples_to_wrong[0]
    assert (example.question, example.expected, example.baseline_answer) == ("?", "?", "?")


@pytest.mark.parametrize(
    "line", ['{"doc_id": ' + "9" * 5000 + "}", '{"doc": ' + "[" * 100_000], ids=["digits", "depth"]
)
def test_what_python_refuses_is_named_by_line(pair: Callable[..., tuple[Path, Path]], line: str) -> None:
    """Its limits on digits and depth are faults of the file."""
    baseline, candidate = pair()
    path = next(candidate.glob("samples_*"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(SourceError, match=r"samples_arc_.*, line 201 is damaged"):
        run(baseline, candidate)


def test_two_files_of_the_first_versions(tmp_path: Path, sample: Sample) -> None:
    """Their names say the model, not the task: two single files are taken for the same task."""
    for name, value in (("pretrained__org__a_arc.jsonl", 1.0), ("pretrained__org__b_arc.jsonl", 0.0)):
        (tmp_path / name).write_text(json.dumps([sample(number, {"acc": value}) for number in range(30)]))
    (task,) = document(*sorted(tmp_path.iterdir())).tasks
    assert (task.items, task.delta) == (30, -1.0)


def test_a_task_of_one_side_is_named(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """What is not compared is not silently left out."""
    rows = [sample(number, {"acc": 1.0}) for number in range(3)]
    baseline = write_run(tmp_path / "a", {"arc": rows, "piqa": rows})
    assert (
        "Only one side has 'piqa'; not compared." in document(baseline, write_run(tmp_path / "b", {"arc": rows})).notes
    )


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"n-shot": {"arc": 5}}, {"n-shot": {"arc": 0}}, "another number of few-shot examples: 5 and 0"),
        ({"max_length": 2048}, {"max_length": 4096}, "another longest sequence: 2048 and 4096"),
        (
            {"config": {"gen_kwargs": None}, "configs": {"arc": {"generation_kwargs": {"temperature": 0}}}},
            {"config": {"gen_kwargs": None}, "configs": {"arc": {"generation_kwargs": {"temperature": 1}}}},
            "another generation settings",
        ),
        (
            {"config": {"model_args": "pretrained=a,max_length=512"}},
            {"config": {"model_args": {"pretrained": "b", "max_length": 1024}}},
            'another longest sequence asked for: "512" and "1024"',
        ),
    ],
    ids=["few-shot", "length", "generation", "arguments"],
)
def test_other_settings_are_refused(
    pair: Callable[..., tuple[Path, Path]], first: dict, second: dict, message: str
) -> None:
    """Scores under other settings are answers to other questions."""
    with pytest.raises(VoidMeasurementError, match=message):
        run(*pair(results=(first, second)))


def test_other_versions_are_remarked(pair: Callable[..., tuple[Path, Path]]) -> None:
    """They change no prompt, or it would have been seen; a limit only decides how many items there are."""
    sides = tuple(
        {"lm_eval_version": version, "config": {"limit": limit}} for version, limit in (("0.4.3", 9), ("0.4.9", 8))
    )
    notes = document(*pair(results=sides)).notes
    assert 'Other versions of lm-eval on both sides: "0.4.3" and "0.4.9".' in notes
    assert "Other limits on both sides: 9 and 8." in notes


def test_unknown_direction_is_asked_for(pair: Callable[..., tuple[Path, Path]]) -> None:
    """Nothing says whether more `weirdness` is better, until the user does."""
    folders = pair(metric="weirdness")
    with pytest.raises(UsageError, match="--higher-is-better or --lower-is-better"):
        run(*folders)
    (task,) = document(*folders, "--lower-is-better").tasks
    assert task.loss == pytest.approx(-0.1)


@pytest.mark.parametrize(
    "stated",
    [
        {"higher_is_better": {"arc": {"weirdness": False}}},
        {"configs": {"arc": {"metric_list": [{"metric": "weirdness", "higher_is_better": False}]}}},
    ],
    ids=["results", "task"],
)
def test_direction_is_read_from_the_results(pair: Callable[..., tuple[Path, Path]], stated: dict) -> None:
    """Newer versions list it, older ones have it in the task's configuration."""
    (task,) = document(*pair(metric="weirdness", results=(stated, stated))).tasks
    assert not task.higher_is_better


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--task", "nosuch"), "No task 'nosuch' on both sides. Those of both are: arc"),
        (("--metric", "f1"), "it has acc,none"),
    ],
)
def test_unknown_names_are_refused(
    pair: Callable[..., tuple[Path, Path]], options: tuple[str, ...], message: str
) -> None:
    """With the names that are known."""
    with pytest.raises(SourceError, match=message):
        run(*pair(), *options)


def test_nothing_in_common(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """Other tasks, or other documents."""
    arc = write_run(tmp_path / "a", {"arc": [sample(0, {"acc": 1.0})]})
    with pytest.raises(SourceError, match="no task in common: arc and piqa"):
        run(arc, write_run(tmp_path / "b", {"piqa": [sample(0, {"acc": 1.0})]}))
    with pytest.raises(SourceError, match="no item in common"):
        run(arc, write_run(tmp_path / "c", {"arc": [sample(1, {"acc": 1.0})]}))


def test_two_margins_are_refused(pair: Callable[..., tuple[Path, Path]]) -> None:
    """One agreed loss, in one unit."""
    answer = invoke(*pair(), "--margin", "1", "--min-recovery", "1", of=compare)
    assert answer.exit_code == 2
    assert "either --margin or --min-recovery" in answer.output

"""Finding sample files, whichever version of lm-eval wrote them."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.comparison.rows import read_document, read_rows, requests_of
from eval.samples.files import SampleFiles, find_sample_files
from eval.samples.sets import read_tasks, tasks_to_compare
from pipeline.base.errors import SourceError

Sample = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]
HASHES = ("doc_hash", "prompt_hash", "target_hash")
RESULTS = {"results": {"arc_easy": {"acc,none": 1.0}}}


def tasks_of(found: SampleFiles) -> list[str]:
    """Return the names of the tasks."""
    return [file.task for file in found.files]


def samples_in(folder: Path) -> list[Path]:
    """Return the sample files below a folder."""
    return sorted(folder.rglob("samples_*.jsonl"))


def test_what_lm_eval_writes_is_found(real_runs: dict[str, Path]) -> None:
    """The folder given as --output_path holds one per model, with a file per task and the results beside them."""
    found = find_sample_files(real_runs["baseline"])
    assert sorted(tasks_of(found)) == sorted(
        ["sized_few", "sized_many", "even_few", "even_many", "labels", "words", "pages", "echo"]
    )
    assert {file.model for file in found.files} == {"org/model"}
    assert sorted(tasks_to_compare(read_tasks(found))) == ["echo", "even", "labels", "pages", "sized", "words"]


def test_a_single_file_brings_its_results(real_runs: dict[str, Path]) -> None:
    """One file of the folder can be given; the scores are those beside it."""
    path = next(path for path in samples_in(real_runs["baseline"]) if "labels" in path.name)
    (file,) = find_sample_files(path).files
    assert (file.task, "f1,none" in file.results["results"]["labels"]) == ("labels", True)


def test_hashes_that_old_versions_did_not_write(real_runs: dict[str, Path], tmp_path: Path) -> None:
    """What is computed from document, prompt and target is what lm-eval 0.4.13 wrote itself."""
    for path in samples_in(real_runs["baseline"]):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        bare = [{key: value for key, value in row.items() if key not in HASHES} for row in rows]
        (tmp_path / path.name).write_text("".join(json.dumps(row) + "\n" for row in bare))
        for row, original in zip(read_rows(tmp_path / path.name, "task"), rows, strict=True):
            assert [row.doc_hash, row.prompt_hash, row.target_hash] == [original[name] for name in HASHES]


def test_files_of_the_first_versions(tmp_path: Path, sample: Sample) -> None:
    """0.4.0 wrote an indented array without hashes, metrics and filters, named after the model's arguments."""
    rows = [
        {key: value for key, value in sample(number, {"acc": 1.0}).items() if key not in (*HASHES, "metrics", "filter")}
        for number in range(2)
    ]
    path = tmp_path / "pretrained__org__model_arc_easy.jsonl"
    path.write_text(json.dumps(rows, indent=2))
    (tmp_path / "results.json").write_text(json.dumps({"results": {"easy": {}, **RESULTS["results"]}}))
    found = find_sample_files(tmp_path)
    assert tasks_of(found) == ["arc_easy"]
    last = read_tasks(found)["arc_easy"].rows[1]
    assert (last.values, last.filter, last.place) == ({"acc": 1.0}, None, 1)
    assert requests_of(read_document(last))[0] == ["Question 1?", " wrong"]


def test_filters_that_old_versions_did_not_write(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """GSM8K had two rows per item, in the order of the filters, which only the results name."""
    rows = [sample(number, {"exact_match": value}, filter=None) for value in (0.0, 1.0) for number in range(3)]
    values = {"exact_match,strict-match": 0.0, "exact_match,flexible-extract": 1.0}
    named = write_run(tmp_path / "a", {"gsm8k": rows}, results={"results": {"gsm8k": values}})
    found = read_tasks(find_sample_files(named))["gsm8k"]
    assert found.scores("exact_match,flexible-extract", higher_is_better=True).score.value == 1.0
    assert found.scores("exact_match,strict-match", higher_is_better=True).items == 3
    bare = read_tasks(find_sample_files(write_run(tmp_path / "b", {"gsm8k": rows})))["gsm8k"]
    assert bare.metrics == ["exact_match,filter 1", "exact_match,filter 2"]


def test_the_newest_evaluation_counts(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """Two in one folder: each with its own results; the older one is named in a note."""
    for value, stamp in ((0.0, "2026-10-01T00-00-00.5"), (1.0, "2026-11-01T00-00-00.25")):
        results = {"results": {"arc": {"acc,none": value}}}
        write_run(tmp_path, {"arc": [sample(0, {"acc": value})]}, results=results, stamp=stamp)
    found = find_sample_files(tmp_path)
    (file,) = found.files
    assert (file.time, file.results["results"]["arc"]["acc,none"]) == ("2026-11-01T00-00-00.25", 1.0)
    assert found.notes == (f"{tmp_path} has several evaluations of arc; the newest of each is compared.",)


def test_several_models_are_refused(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """The message lists the folders."""
    for name in ("org__one", "org__two"):
        write_run(tmp_path / name, {"arc": [sample(0, {"acc": 1.0})]})
    with pytest.raises(SourceError, match=r"several models or runs(.|\n)*org__one\n(.|\n)*org__two"):
        find_sample_files(tmp_path)


def test_arms_of_awqctl_eval_are_several_models(tmp_path: Path, sample: Sample) -> None:
    """All arms are served under one name, so that only their folders tell them apart."""
    for arm in ("baseline", "awq"):
        (tmp_path / arm).mkdir()
        (tmp_path / arm / "arc.samples.jsonl").write_text(json.dumps(sample(0, {"acc": 1.0}, task="arc")) + "\n")
        (tmp_path / arm / "arc.results.json").write_text(json.dumps({**RESULTS, "model_name": "model"}))
    with pytest.raises(SourceError, match="several models"):
        find_sample_files(tmp_path)
    (file,) = find_sample_files(tmp_path / "awq").files
    assert (file.task, file.results["results"]) == ("arc", RESULTS["results"])


def test_groups_that_awqctl_eval_wrote(tmp_path: Path, sample: Sample) -> None:
    """One file holds the whole group; its lines name the subtasks."""
    rows = [sample(number, {"acc": 1.0}, task=f"part_{number}") for number in range(2)]
    (tmp_path / "mmlu.samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_tasks(find_sample_files(tmp_path))["mmlu"].subtasks == ("part_0", "part_1")


def test_a_folder_per_task_is_one_model(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """Tasks that were scored one by one, into folders of their own."""
    for task in ("arc", "piqa"):
        results = {"results": {task: {"acc,none": 1.0}}, "model_name": "org/model"}
        write_run(tmp_path / task / "org__model", {task: [sample(0, {"acc": 1.0})]}, results=results)
    assert sorted(tasks_of(find_sample_files(tmp_path))) == ["arc", "piqa"]


def test_groups_within_groups(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """MMLU's fields are groups of their own: they can be asked for, and are part of the whole otherwise."""
    tasks = {name: [sample(0, {"acc": 1.0})] for name in ("algebra", "physics", "law", "piqa")}
    children = {"mmlu": ["mmlu_stem", "mmlu_law"], "mmlu_stem": ["algebra", "physics"], "mmlu_law": ["law"], "piqa": []}
    results = {"results": {name: {"acc,none": 1.0} for name in (*children, *tasks)}, "group_subtasks": children}
    found = read_tasks(find_sample_files(write_run(tmp_path, tasks, results=results)))
    assert sorted(tasks_to_compare(found)) == ["mmlu", "piqa"]
    assert found["mmlu"].subtasks == ("algebra", "physics", "law")
    assert found["mmlu_stem"].subtasks == ("algebra", "physics")


def test_incomplete_groups_are_left_to_their_tasks(real_runs: dict[str, Path], tmp_path: Path) -> None:
    """A group whose samples are not all there has no score of its own."""
    shutil.copytree(real_runs["baseline"], tmp_path / "run")
    next(path for path in samples_in(tmp_path) if "sized_many" in path.name).unlink()
    tasks = read_tasks(find_sample_files(tmp_path))
    assert "even" in tasks
    assert "sized" not in tasks
    assert "sized_few" in tasks_to_compare(tasks)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"doc_id": 1, "doc": {"a"', r"samples_arc\.jsonl, line 2 is damaged.*Copy the file again"),
        ('{"prompt": "a"}', r"samples_arc\.jsonl, line 2 is not a sample of lm-eval"),
        ("[1]", "line 2 is not a sample"),
    ],
    ids=["cut off", "other keys", "no object"],
)
def test_damaged_lines_are_named(tmp_path: Path, sample: Sample, line: str, message: str) -> None:
    """File, line and what to do."""
    path = tmp_path / "samples_arc.jsonl"
    path.write_text(json.dumps(sample(0, {"acc": 1.0})) + "\n" + line + "\n")
    with pytest.raises(SourceError, match=message):
        read_tasks(find_sample_files(path))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("results_2026-11-01T00-00-00.json", "{}", "has no sample files"),
        ("samples_arc.jsonl", "", "is empty"),
        ("samples_arc.json", "[{", "is damaged"),
    ],
)
def test_folders_without_samples(tmp_path: Path, name: str, text: str, message: str) -> None:
    """Nothing there, nothing in it, or not JSON."""
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=message):
        read_tasks(find_sample_files(tmp_path))


def test_results_alone_are_no_samples(real_runs: dict[str, Path]) -> None:
    """The message says which file is wanted."""
    path = next(real_runs["baseline"].rglob("results_*.json"))
    with pytest.raises(SourceError, match=r"only results. Give the samples_\*\.jsonl"):
        find_sample_files(path)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(SourceError, match=r"no file or folder .*nothing"):
        find_sample_files(tmp_path / "nothing")


def test_a_line_that_is_cut_off_has_one_number(tmp_path: Path, sample: Sample) -> None:
    """That of the file; the parser counts lines within the line, and its end is always the next one's first column."""
    path = tmp_path / "samples_arc.jsonl"
    path.write_text(json.dumps(sample(0, {"acc": 1.0})) + '\n{"doc_id": 1,\n')
    with pytest.raises(SourceError) as caught:
        read_tasks(find_sample_files(path))
    assert "line 2 is damaged: Expecting property name enclosed in double quotes. Copy" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"configs": None}, "configs"),
        ({"configs": {"arc": []}}, "configs.arc"),
        ({"configs": {"arc": {"metric_list": 1}}}, "configs.arc.metric_list"),
        ({"configs": {"arc": {"metric_list": ["acc"]}}}, "configs.arc.metric_list.0"),
        ({"higher_is_better": 3}, "higher_is_better"),
        ({"higher_is_better": {"arc": True}}, "higher_is_better.arc"),
        ({"n-samples": "x"}, "n-samples"),
        ({"n-samples": {"arc": 5}}, "n-samples.arc"),
        ({"n-samples": {"arc": {"original": "x"}}}, "n-samples.arc.original"),
        ({"n-shot": [0]}, "n-shot"),
        ({"versions": 1}, "versions"),
        ({"config": "x"}, "config"),
        ({"config": {"model_args": 1}}, "config.model_args"),
        ({"results": {"arc": []}}, "results.arc"),
        ({"group_subtasks": ["arc"]}, "group_subtasks"),
        ({"group_subtasks": {"mmlu": "arc"}}, "group_subtasks.mmlu"),
        ({"group_subtasks": {"mmlu": [1]}}, "group_subtasks.mmlu.0"),
    ],
    ids=str,
)
def test_parts_of_results_are_what_they_must_be(
    tmp_path: Path, sample: Sample, write_run: WriteRun, part: dict[str, Any], place: str
) -> None:
    """Everything that is read of them later is checked at once; the message names the place."""
    write_run(tmp_path, {"arc": [sample(0, {"acc": 1.0})]}, results={"results": {"arc": {"acc,none": 1.0}}, **part})
    with pytest.raises(SourceError, match=rf"is damaged: `{re.escape(place)}` is not .*remove it"):
        find_sample_files(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"results": 1}'])
def test_damaged_results_are_refused(tmp_path: Path, sample: Sample, write_run: WriteRun, text: str) -> None:
    """They may be removed, but not ignored."""
    write_run(tmp_path, {"arc": [sample(0, {"acc": 1.0})]}, results={"results": {}})
    next(tmp_path.glob("results_*")).write_text(text)
    with pytest.raises(SourceError, match=r"[Rr]emove it"):
        find_sample_files(tmp_path)

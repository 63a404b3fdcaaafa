"""Folders and files of several models: what is refused leads to what works."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.files import find_sample_files
from eval.samples.result import Request
from pipeline.base.errors import SourceError

Write = Callable[..., Path]
ITEMS = [1.0, 0.0] * 30
LATER = "2026-12-01T12-00-00.000000"


def refusal(folder: Path) -> str:
    """Return why a folder is refused."""
    with pytest.raises(SourceError, match="samples of several models or runs") as caught:
        find_sample_files(folder)
    return str(caught.value)


@pytest.mark.parametrize("named", ["model_name", "text", "arguments"])
def test_two_models_in_one_folder_are_named_with_their_files(
    tmp_path: Path, write_evaluation: Write, named: str
) -> None:
    """The folder itself is no way out; the files by name are."""
    for model, stamp in (("first", "2026-11-01T12-00-00.000000"), ("second", LATER)):
        arguments = {"text": f"pretrained={model}", "arguments": {"pretrained": model}}.get(named)
        said = {"config": {"model_args": arguments}} if arguments else {"model_name": model}
        write_evaluation(tmp_path, {"t": ITEMS, "u": ITEMS}, stamp=stamp, **said)
    text = refusal(tmp_path)
    for part in ("first: ", "second: ", f"samples_t_{LATER}", "move the files of one into a folder of its own"):
        assert part in text
    assert f"\n  {tmp_path}\n" not in f"{text}\n"
    first, second = sorted(tmp_path.glob("samples_t_*"))
    assert compare_samples(first, second, Request()).tasks[0].items == len(ITEMS)


def test_runs_in_a_folder_and_below_it(tmp_path: Path, write_evaluation: Write) -> None:
    """The lower one can be given; the upper one holds both."""
    for folder in (tmp_path, tmp_path / "again"):
        write_evaluation(folder, {"t": ITEMS}, model_name="m")
    lines = refusal(tmp_path).splitlines()[1:]
    assert lines[1] == f"  {tmp_path / 'again'}"
    assert lines[0].startswith(f"  {tmp_path}: {tmp_path}/samples_t_")


def test_two_models_of_the_first_versions_in_one_folder(tmp_path: Path, sample: Any) -> None:
    """Their names say the model, and nothing which is newer."""
    for model in ("a", "b"):
        path = tmp_path / f"pretrained__{model}_arc.jsonl"
        path.write_text(json.dumps([sample(number, {"acc": 1.0}) for number in range(3)]))
    (tmp_path / "results.json").write_text(json.dumps({"results": {"arc": {"acc,none": 1.0}}}))
    assert "\n  pretrained__a: " in refusal(tmp_path)


def test_a_model_whose_results_are_missing_for_a_task(tmp_path: Path, write_evaluation: Write) -> None:
    """Samples without results are those of their folder's model."""
    write_evaluation(tmp_path, {"t": ITEMS}, model_name="org/m")
    write_evaluation(tmp_path, {"u": ITEMS}, stamp=LATER)
    next(tmp_path.glob(f"results_{LATER}*")).unlink()
    assert [file.task for file in find_sample_files(tmp_path).files] == ["t", "u"]


@pytest.mark.parametrize(
    "names",
    [
        ("base.jsonl", "awq.jsonl"),
        ("samples_base.jsonl", "samples_awq.jsonl"),
        ("base.samples.jsonl", "awq.samples.jsonl"),
        ("base.jsonl", "samples_arc_2026-11-01T12-00-00.jsonl"),
        ("samples_arc.jsonl", "arc.samples.jsonl"),
        ("base.samples.jsonl", "awq.jsonl"),
    ],
)
@pytest.mark.parametrize("task", [None, "arc"], ids=["rows without task", "rows with task"])
@pytest.mark.parametrize("places", [("", ""), ("x", "y")], ids=["one folder", "two folders"])
def test_two_files_by_name_are_compared(
    tmp_path: Path, sample: Any, names: tuple[str, str], places: tuple[str, str], task: str | None
) -> None:
    """Whatever they are called; the note says what they were taken for."""
    files = [tmp_path / place / name for place, name in zip(places, names, strict=True)]
    for path, value in zip(files, (1.0, 0.0), strict=True):
        path.parent.mkdir(exist_ok=True)
        more = {"task": task} if task else {}
        path.write_text("".join(json.dumps(sample(n, {"acc": value}, **more)) + "\n" for n in range(30)))
    found = compare_samples(files[0], files[1], Request())
    assert [(row.items, row.delta) for row in found.tasks] == [(30, -1.0)]
    same = Path(names[0]).stem.removeprefix("samples_") == Path(names[1]).stem.removesuffix(".samples")
    assert same or any("were taken for samples of one task" in note for note in found.notes)


def test_two_files_with_results_keep_them(tmp_path: Path, write_evaluation: Write) -> None:
    """Scores and settings are those that each one's own results state."""
    for name, task in (("x", "arc"), ("y", "arc_awq")):
        write_evaluation(tmp_path / name, {task: ITEMS}, **{"n-shot": {task: 5}})
    for path in (tmp_path / "y").iterdir():
        path.write_text(path.read_text().replace('"arc_awq ', '"arc '))
    files = [next((tmp_path / name).glob("samples_*")) for name in "xy"]
    found = compare_samples(files[0], files[1], Request())
    assert found.tasks[0].items == len(ITEMS)
    assert not any("few-shot examples," in note for note in found.notes)


def test_two_files_of_other_tasks_have_nothing_in_common(tmp_path: Path, write_evaluation: Write) -> None:
    """The documents decide; the message says what the files were taken for."""
    folder = write_evaluation(tmp_path, {"arc": ITEMS, "piqa": ITEMS})
    with pytest.raises(SourceError, match=r"no item in common.*taken for samples of one task"):
        compare_samples(*sorted(folder.glob("samples_*")), Request())

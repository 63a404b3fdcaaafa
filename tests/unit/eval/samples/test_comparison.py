"""What `awqctl compare` makes of two sides whose files contradict each other, or the command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.samples.comparison import compare_samples
from eval.samples.result import CompareResult, Request
from eval.statistics import Margin
from pipeline.base.errors import SourceError, UsageError, VoidMeasurementError
from pipeline.cli.compare import compare
from tests.helpers import invoke

Sample = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]
MARGIN = Margin(absolute=0.01)


@pytest.fixture
def sides(tmp_path: Path, sample: Sample, write_run: WriteRun) -> Callable[..., tuple[Path, Path]]:
    """Return a function that writes two models with one task, of which the candidate loses half of the items."""

    def write(metric: str, first: dict | None = None, second: dict | None = None, best: float = 1.0) -> Any:
        for name, lost, results in (("a", 0, first), ("b", 50, second)):
            rows = [sample(number, {metric: best * (number >= lost)}) for number in range(100)]
            write_run(tmp_path / name, {"arc": rows}, results=results and {"results": {"arc": {}}, **results})
        return tmp_path / "a", tmp_path / "b"

    return write


def directed(metric: str, *, higher: bool) -> dict[str, Any]:
    """Return what results say about a direction."""
    return {"higher_is_better": {"arc": {metric: higher}}}


def verdict(folders: tuple[Path, Path], *, told: bool | None = None) -> bool | None:
    """Return whether the candidate passes."""
    return compare_samples(*folders, Request(higher_is_better=told, margin=MARGIN)).passed


@pytest.mark.parametrize("stating", [(True, True), (True, False), (False, True)], ids=["both", "first", "second"])
def test_a_direction_that_files_state_cannot_be_overridden(
    sides: Callable[..., Any], stating: tuple[bool, bool]
) -> None:
    """A model that loses half of its answers would pass, the loss being a gain."""
    folders = sides("weird", *(directed("weird", higher=True) if states else None for states in stating))
    with pytest.raises(
        UsageError, match=r"results state that a higher 'weird' is better .*so --lower-is-better cannot"
    ):
        verdict(folders, told=False)
    assert verdict(folders, told=True) is False
    assert verdict(folders) is False


def test_a_direction_that_the_name_says_cannot_be_overridden(sides: Callable[..., Any]) -> None:
    """Samples alone do not state it, but nobody calls anything else `acc`; the command ends with 2."""
    with pytest.raises(UsageError, match="name says that a higher 'acc' is better") as caught:
        invoke(*sides("acc"), "--lower-is-better", of=compare, raises=True)
    assert caught.value.exit_code == 2


def test_a_direction_that_nothing_states_is_taken_from_the_command(sides: Callable[..., Any]) -> None:
    """Both ways."""
    folders = sides("weird")
    assert (verdict(folders, told=True), verdict(folders, told=False)) == (False, True)


def test_opposite_directions_are_refused(sides: Callable[..., Any]) -> None:
    """Whatever the command says: both were not scored with the same task."""
    folders = sides("weird", directed("weird", higher=True), directed("weird", higher=False))
    for told in (None, True, False):
        with pytest.raises(VoidMeasurementError, match="opposite directions of 'weird' in task 'arc'"):
            verdict(folders, told=told)


def test_results_that_contradict_their_items_are_refused(sides: Callable[..., Any]) -> None:
    """A stated 0.9 against items that give 0.5 would be a pass."""
    stated = ({"results": {"arc": {"acc,none": value, "acc_stderr,none": 0.01}}} for value in (1.0, 0.99))
    with pytest.raises(VoidMeasurementError, match=r"items in .*b/samples_arc_.* give acc 0\.5, .*state 0\.99"):
        verdict(sides("acc", *stated))


def test_items_that_were_not_paired_are_noted(sides: Callable[..., Any]) -> None:
    """Other values may make up a score in other ways; the note says which side, and both figures."""
    stated = ({"results": {"arc": {"acc,none": value, "acc_stderr,none": 0.01}}} for value in (0.7, 0.6))
    found = compare_samples(*sides("acc", *stated, best=0.7), Request())
    assert found.tasks[0].paired is False
    assert found.notes[0] == (
        "'arc' was compared by its scores alone, as of independent items: of the candidate, "
        "the items give 0.35, not lm-eval's 0.6, so they are not paired."
    )


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed"])
@pytest.mark.parametrize("side", [0, 1])
def test_a_line_without_the_metric_is_no_missing_item(sides: Callable[..., Any], side: int, *, listed: bool) -> None:
    """The item is there: it is not left out as one that the other side alone has."""
    folders = sides("acc")
    path = next(folders[side].glob("samples_*"))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    del rows[7]["acc"]
    rows[7]["metrics"] = ["acc"] if listed else ["f1"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(SourceError, match=r"Item 7 of arc in .*samples_arc_.* has no number for acc"):
        compare_samples(*folders, Request(allow_partial=True))


def test_tasks_without_the_metric_are_told_apart(tmp_path: Path, sample: Sample, write_run: WriteRun) -> None:
    """The message names the tasks that have it."""
    tasks = {
        name: [sample(number, {metric: float(number)}) for number in range(2)]
        for name, metric in (("gsm8k", "exact_match"), ("arc", "acc"), ("piqa", "acc"))
    }
    folders = [write_run(tmp_path / side, tasks) for side in ("a", "b")]
    with pytest.raises(SourceError) as caught:
        compare_samples(folders[0], folders[1], Request(metric="acc"))
    assert str(caught.value) == (
        "Task 'gsm8k' has no metric 'acc'; it has exact_match,none. Compare those that have it: --task arc --task piqa."
    )
    found: CompareResult = compare_samples(folders[0], folders[1], Request(metric="acc", tasks=("arc", "piqa")))
    assert [task.task for task in found.tasks] == ["arc", "piqa"]


def test_draws_are_explained_for_grouped_tasks() -> None:
    """They serve the permutation test there as well."""
    text = " ".join(invoke("--help", of=compare).output.split())
    assert "for the permutation test of right-or-wrong tasks whose items come in groups" in text

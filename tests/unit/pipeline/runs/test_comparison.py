"""Runs side by side: what differs, what may be compared, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.bench.result import BenchResult
from pipeline.base.errors import SourceError, UsageError
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import AcceptanceVersion, RunRecord
from pipeline.runs.comparison import compare_runs
from pipeline.runs.result import FigureRow, RunFigure, RunsComparison
from tests.helpers import invoke
from tests.unit.pipeline.report.conftest import ROI

Run = Callable[..., RunRecord]
Bench = Callable[..., BenchResult]
Folder = Callable[..., Path]
FAST = {1: 100.0, 4: 300.0, 16: 400.0}


def row(found: RunsComparison, name: str) -> FigureRow:
    """Return one figure of all runs."""
    return next(one for one in found.figures if one.name == name)


def second(found: RunsComparison, name: str) -> RunFigure:
    """Return a figure of the second run."""
    return list(row(found, name).runs.values())[1]


def refused(found: RunsComparison, topic: str) -> str:
    """Return why figures of a topic are not compared."""
    return " ".join(f"{one.what}: {one.why}" for one in found.refused if one.topic == topic)


def test_speed_against_the_first_run(make_run: Run, make_bench: Bench, write_folder: Folder) -> None:
    """With intervals of the ratio, and a verdict that follows from them."""
    before = write_folder("before", make_run())
    after = write_folder("after", make_run(bench=make_bench(awq=FAST)))
    found = compare_runs([before, after])
    assert [run.name for run in found.runs] == ["before", "after"]
    assert found.settings == ()
    fast = second(found, "awq, output throughput at 4")
    assert (fast.verdict, fast.against_first) == ("higher", pytest.approx(300 / 171.3))
    assert fast.against_first_interval is not None
    low, high = fast.against_first_interval
    assert 1 < low < 300 / 171.3 < high
    assert second(found, "baseline, output throughput at 4").verdict == "not decided"
    assert second(found, "awq, TPOT p50 at 4").verdict == "lower"
    assert row(found, "awq, TTFT p50 at 1").runs["before"].verdict is None
    assert refused(found, "speed") == ""


def test_one_repeat_decides_nothing(make_run: Run, make_bench: Bench, write_folder: Folder) -> None:
    """A single run on either side is no comparison."""
    before = write_folder("before", make_run(bench=make_bench(repeats=1)))
    after = write_folder("after", make_run(bench=make_bench(awq=FAST, repeats=1)))
    fast = second(compare_runs([before, after]), "awq, output throughput at 4")
    assert (fast.verdict, fast.interval, fast.against_first_interval) == ("not repeated", None, None)


def test_another_load_is_refused_and_named(make_run: Run, make_bench: Bench, write_folder: Folder) -> None:
    """As a ranking would; the other topics stand."""
    before, longer = (
        make_run(),
        make_run(bench=make_bench().model_copy(update={"engine_arguments": ("--dtype", "half")})),
    )
    found = compare_runs([write_folder("a", before), write_folder("b", longer)])
    assert "load or engine differ in engine max-model-len: 512 (a); none (b)" in refused(found, "speed")
    assert {one.topic for one in found.figures} == {"accuracy", "cost"}
    (engine,) = [group for group in found.settings if group.name == "engine"]
    assert [one.name for one in engine.differences] == ["arguments"]


def test_void_levels_and_those_that_one_lacks_are_left_out(
    make_run: Run, make_bench: Bench, with_void: Bench, write_folder: Folder
) -> None:
    """Each with its reason; the others are compared."""
    less = {1: 41.2, 4: 118.0}
    fewer = write_folder("fewer", make_run(bench=make_bench(baseline=less)))
    found = compare_runs([write_folder("void", make_run(bench=with_void(4))), fewer])
    why = refused(found, "speed")
    assert "awq at concurrency 4: void is void: the reason" in why
    assert "baseline at concurrency 16: not measured by fewer" in why
    assert "awq, output throughput at 16" in {one.name for one in found.figures}


def test_accuracy_is_paired_on_the_items(make_run: Run, write_folder: Folder) -> None:
    """The difference points upwards where the score rose, and so does its interval."""
    worse, better = make_run(), make_run()
    found = compare_runs([write_folder("a", worse), write_folder("b", better, (1, 1) * 20)])
    figure = second(found, "awq, lines (acc, 40 items)")
    assert (figure.verdict, figure.against_first) == ("higher", pytest.approx(0.5))
    assert figure.against_first_interval is not None
    assert 0 < figure.against_first_interval[0] < 0.5 < figure.against_first_interval[1]
    back = second(compare_runs([found_folder(found, 1), found_folder(found, 0)]), "awq, lines (acc, 40 items)")
    assert (back.verdict, back.against_first) == ("lower", pytest.approx(-0.5))


def found_folder(found: RunsComparison, place: int) -> Path:
    """Return the folder of a run that was compared."""
    return Path(found.runs[place].folder)


def test_three_runs_stand_in_one_row(make_run: Run, write_folder: Folder) -> None:
    """All against the first."""
    runs = [write_folder(name, make_run(), (1, value) * 20) for name, value in (("a", 0), ("b", 1), ("c", 0))]
    figures = row(compare_runs(runs), "awq, lines (acc, 40 items)").runs
    assert list(figures) == ["a", "b", "c"]
    assert [one.verdict for one in figures.values()] == [None, "higher", "not decided"]


def test_other_prices_are_refused_and_other_recipes_named(
    make_run: Run, make_recipe: Callable[..., Recipe], write_folder: Folder
) -> None:
    """What differs comes first, and the cost is not held against another price."""
    dear = make_recipe(roi=ROI | {"hourly": {"usd": 2, "origin": "quoted", "source": "another list"}})
    first, other = make_run(), make_run(recipe=dear)
    stages = {
        name: {**one.stages, "roi": one.stages["roi"].model_copy(update={"inputs": {"recipe.roi": one.recipe["roi"]}})}
        for name, one in (("first", first), ("other", other))
    }
    found = compare_runs(
        [
            write_folder("first", first.model_copy(update={"stages": stages["first"]})),
            write_folder("other", other.model_copy(update={"stages": stages["other"]})),
        ]
    )
    (group,) = found.settings
    assert [str(one) for one in group.differences] == [
        "roi.hourly.usd: 0.5 (first); 2.0 (other)",
        "roi.hourly.source: price list of the provider, 2026-11 (first); another list (other)",
    ]
    assert "load or prices differ in hourly.usd: 0.5 (first); 2.0 (other)" in refused(found, "cost")
    assert any("Several things differ" in note for note in found.notes)


def test_costs_are_decided_where_their_ranges_are_apart(make_run: Run, make_bench: Bench, write_folder: Folder) -> None:
    """Ranges that overlap leave it open; more machines, however the repeats fall, cost more."""
    slow = dict.fromkeys((1, 4, 16), 20.0)
    runs = [write_folder("a", make_run()), write_folder("b", make_run(bench=make_bench(awq=slow)))]
    found = compare_runs(runs)
    assert second(found, "awq, cost a month").verdict == "higher"
    assert row(found, "awq, cost a month").origin == "assumed"  # as its weakest input
    assert second(found, "baseline, cost a month").verdict == "not decided"


def test_runs_without_results_are_refused(make_run: Run, write_folder: Folder) -> None:
    """Each topic says whose results it lacks; with none left the command ends with 2."""
    empty = make_run().model_copy(update={"stages": {}})
    folders = write_folder("a", make_run()), write_folder("b", empty)
    found = compare_runs(folders)
    assert found.figures == ()
    assert refused(found, "speed") == "all figures: b has no benchmark"
    answer = invoke("runs", "compare", *folders, raises=True)
    assert answer.return_value == 2
    assert "no figure that can be compared" in answer.stderr


def test_what_is_no_run_is_refused(tmp_path: Path, make_run: Run, write_folder: Folder) -> None:
    """A folder without a record, one run alone, and one run twice."""
    run = write_folder("a", make_run())
    with pytest.raises(UsageError, match="two runs or more"):
        compare_runs([run])
    with pytest.raises(UsageError, match="each once"):
        compare_runs([run, run])
    with pytest.raises(SourceError, match="There is no run"):
        compare_runs([run, tmp_path])


def test_commands_list_show_and_compare(
    tmp_path: Path, make_run: Run, write_folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the terminal, as JSON, and as a page that loads nothing."""
    monkeypatch.chdir(tmp_path)
    clause: dict[str, Any] = {"id": "up", "kind": "uptime", "min_share": 0.9}
    terms = AcceptanceVersion(
        recorded_at="2026-11-01T00:00:00+00:00", source="k.yaml", sha256="a", terms={"clauses": [clause]}
    )
    agreed = make_run().model_copy(update={"acceptance": (terms,), "mlflow_run_id": "1234"})
    write_folder("first", agreed)
    write_folder("other", make_run())
    (tmp_path / "other" / "record.json").rename(tmp_path / "other" / "record.json.bak")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "record.json").write_text("{}", encoding="utf-8")
    listed = invoke("runs", "ls", "--out", ".", "--json")
    assert [one["name"] for one in json.loads(listed.stdout)] == ["first"]
    assert "broken is left out" in listed.stderr
    (one,) = json.loads(listed.stdout)
    assert (one["gates"], one["acceptance"], one["clauses"]) == ("passed", "not measured", {"up": "not measured"})
    (tmp_path / "other" / "record.json.bak").rename(tmp_path / "other" / "record.json")
    shown = invoke("runs", "show", "first").stdout
    assert "eval: accuracy demo_sums" in shown
    assert "1234" in shown
    assert json.loads(invoke("runs", "show", "first", "--json").stdout)["mlflow_run_id"] == "1234"
    answer = invoke("runs", "compare", "first", "other", "--html", "page.html", raises=True)
    assert answer.return_value == 0
    assert "awq, output throughput at 16" in " ".join(answer.stdout.split())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "awq, output throughput at 16, tokens/s" in page
    assert "http" not in page
    assert "src=" not in page
    assert json.loads(invoke("runs", "compare", "first", "other", "--json").stdout)["schema_version"] == 1
    assert "No runs." in invoke("runs", "ls").stdout
    assert "There is no run gone" in invoke("runs", "show", "gone").exception.args[0]  # type: ignore[union-attr]

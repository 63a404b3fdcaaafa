"""The table of stages: which of them a recipe has everything for."""

from collections.abc import Callable

import pytest

from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult
from pipeline.run.stages import stage_named, stages_for, upstream_of
from tests.results import quantize_result


@pytest.mark.parametrize(
    ("lacking", "chosen"),
    [
        ((), ["quantize", "eval", "bench", "roi", "serve", "report"]),
        (("roi",), ["quantize", "eval", "bench", "serve", "report"]),
        (("eval", "roi"), ["quantize", "bench", "serve", "report"]),
    ],
    ids=["whole", "no prices", "no tasks"],
)
def test_run_ends_with_a_report_of_what_there_is(
    make_recipe: Callable[..., Recipe], lacking: tuple[str, ...], chosen: list[str]
) -> None:
    """A recipe without a section leaves its stage out, and says so; the report comes all the same."""
    stages, notes = stages_for(make_recipe(**dict.fromkeys(lacking)))

    assert [stage.name for stage in stages] == chosen
    assert [note.split(" ", 1)[0] for note in notes] == [name for name in ("eval", "roi") if name in lacking]


def test_result_of_a_section_that_was_taken_out_does_not_count(
    make_recipe: Callable[..., Recipe],
    make_stage: Callable[..., StageResult],
    make_record: Callable[..., RunRecord],
) -> None:
    """The report depends on a result only while the recipe has its section."""
    recipe = make_recipe()
    record = make_record(recipe, quantize=make_stage("quantize", quantize_result()))
    report = stage_named("report")

    assert list(upstream_of(report, recipe, record)) == ["the result of 'quantize'"]
    assert upstream_of(report, make_recipe(quantize=None), record) == {}

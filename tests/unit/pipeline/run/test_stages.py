"""The table of stages: what a recipe has everything for, and what is said of the rest."""

from collections.abc import Callable

import pytest

from pipeline.base.errors import RecipeError
from pipeline.base.identity import document_identity
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord, StageResult
from pipeline.run.stages import STAGES, check_sections, settings_of, stage_named, stages_for, upstream_of


def without(recipe: Recipe, *names: str) -> Recipe:
    """Return the recipe without some of its sections."""
    document = recipe.model_dump(mode="json")
    return Recipe.model_validate({name: section for name, section in document.items() if name not in names})


def test_a_whole_recipe_runs_every_stage(make_recipe: Callable[..., Recipe]) -> None:
    """In the order of the table, with nothing to say; a profile is made where it is asked for."""
    assert stages_for(make_recipe()) == (tuple(stage for stage in STAGES if stage.name != "profile"), ())
    assert stages_for(make_recipe(profile={"concurrency": 4})) == (STAGES, ())


@pytest.mark.parametrize(
    ("left_out", "runs", "said"),
    [
        (
            ("roi",),
            ["quantize", "eval", "bench", "serve", "report"],
            "roi is left out: the recipe has no section `roi`",
        ),
        (("eval",), ["quantize", "bench", "roi", "serve", "report"], "eval is left out: the recipe has no section"),
    ],
)
def test_what_a_recipe_leaves_out_is_said(
    make_recipe: Callable[..., Recipe], left_out: tuple[str, ...], runs: list[str], said: str
) -> None:
    """The other stages run; the report is of what there is."""
    stages, notes = stages_for(without(make_recipe(), *left_out))
    assert [stage.name for stage in stages] == runs
    assert [said in note for note in notes] == [True]


def test_bench_alone_needs_no_prices(make_recipe: Callable[..., Recipe]) -> None:
    """Nor tasks; a stage that needs the section which is missing names it."""
    recipe = without(make_recipe(), "roi", "eval")
    check_sections(stage_named("bench"), recipe)
    assert settings_of(stage_named("bench"), recipe) == settings_of(stage_named("bench"), make_recipe())
    with pytest.raises(RecipeError, match="has no section `roi`, and `awqctl roi` needs it"):
        check_sections(stage_named("roi"), recipe)


def test_dummy_weights_are_benchmarked_and_reported_alone(make_recipe: Callable[..., Recipe]) -> None:
    """Whatever sections the recipe has: there is nothing to quantize, score, price or serve."""
    recipe = make_recipe()
    dummy = recipe.model_copy(update={"bench": recipe.bench.model_copy(update={"dummy_weights": True})})
    stages, notes = stages_for(dummy)
    assert [stage.name for stage in stages] == ["bench", "report"]
    assert [note.partition(" ")[0] for note in notes] == ["quantize", "eval", "roi", "serve"]
    assert all("dummy weights (bench.dummy_weights)" in note for note in notes)


@pytest.mark.parametrize("name", ["quantize", "eval", "roi", "serve"])
def test_who_wants_real_weights_refuses_dummies_by_name(make_recipe: Callable[..., Recipe], name: str) -> None:
    """Also as a single command, before anything is started."""
    recipe = make_recipe()
    dummy = recipe.model_copy(update={"bench": recipe.bench.model_copy(update={"dummy_weights": True})})
    with pytest.raises(RecipeError, match=f"`awqctl {name}` has nothing to work with: the recipe has dummy weights"):
        check_sections(stage_named(name), dummy)


def test_a_benchmark_of_real_weights_needs_a_checkpoint(make_recipe: Callable[..., Recipe]) -> None:
    """One of dummy weights does not."""
    recipe = make_recipe()
    dummy = recipe.model_copy(update={"bench": recipe.bench.model_copy(update={"dummy_weights": True})})
    bench = stage_named("bench")
    assert [need.stage for need in bench.reads(recipe)] == ["quantize"]
    assert bench.reads(dummy) == ()


@pytest.mark.parametrize(("arms", "missing"), [(["baseline"], "awq"), (["awq"], "baseline")])
def test_one_arm_alone_has_no_report(make_recipe: Callable[..., Recipe], arms: list[str], missing: str) -> None:
    """That is said before anything starts, and not after hours."""
    stages, notes = stages_for(make_recipe(bench={"arms": arms}))
    assert "report" not in [stage.name for stage in stages]
    assert notes == (f"report is left out: it compares baseline and awq, and bench.arms has no {missing}",)


def test_what_a_later_version_knows_besides_changes_nothing(
    make_recipe: Callable[..., Recipe],
    make_record: Callable[..., RunRecord],
    make_stage: Callable[..., StageResult],
    make_quantized: Callable[..., QuantizeResult],
) -> None:
    """A result of before it had a field holds for what was made from it, read again from its file, too."""
    recipe, made = make_recipe(), make_stage("quantize", make_quantized())
    stored = {name: value for name, value in made.payload.items() if name != "peak_gpu_memory_gib"}
    record = make_record(recipe, quantize=made.model_copy(update={"payload": stored}))
    read = RunRecord.model_validate_json(record.model_dump_json())
    assert read.result(QuantizeResult).peak_gpu_memory_gib is None
    found = upstream_of(stage_named("report"), recipe, read)
    assert found == {"the result of 'quantize'": document_identity(stored)}

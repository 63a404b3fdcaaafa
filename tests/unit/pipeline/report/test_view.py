"""The cover: what the model is called, which checkpoint it is, and what the figures hold for."""

from collections.abc import Callable

from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from tests.unit.pipeline.report.documents import report_of
from tests.unit.pipeline.report.test_partial import only

Run = Callable[..., RunRecord]


def cover(record: RunRecord) -> dict[str, str]:
    """Return the facts of the cover."""
    return {fact.label: fact.text for fact in report_of(record).cover.facts}


def test_a_path_is_no_name(
    make_run: Run, make_recipe: Callable[..., Recipe], make_quantized: Callable[..., QuantizeResult]
) -> None:
    """Of a folder its last part stands there, or what its card calls it."""
    path = "/srv/models/support-bot"
    recipe = make_recipe(model={"source": path})
    unnamed = make_quantized(source=path, source_name=None)
    named = make_quantized(source=path, source_name="Support Bot 7B")

    assert cover(make_run(recipe=recipe, made=unnamed))["Model"] == "support-bot"
    assert cover(make_run(recipe=recipe, made=named))["Model"] == "Support Bot 7B"
    assert cover(only(make_run(recipe=recipe), "bench"))["Model"] == "support-bot"


def test_a_hub_model_has_its_commit(make_run: Run, make_quantized: Callable[..., QuantizeResult]) -> None:
    """A branch moves, a commit does not."""
    made = make_quantized(source="org/model", source_commit="a" * 40)

    assert cover(make_run(made=made))["Model"] == f"org/model, commit {'a' * 40}"


def test_checkpoint_and_validity(make_run: Run, make_quantized: Callable[..., QuantizeResult]) -> None:
    """The digest is whole, so that it can be held against what `awqctl verify` says; the load is named."""
    digest = make_quantized().checkpoint_digest
    facts = cover(make_run())

    assert facts["Checkpoint"].endswith(f"SHA-256 {digest}")
    assert "0.11.0, prompts of 256 and answers of 128 tokens" in facts["Holds for"]
    assert "speed was not measured" in cover(only(make_run(), "quantize"))["Holds for"]

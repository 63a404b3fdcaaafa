"""Data control: what leaves the machine, place by place, as the recipe and the record have it."""

from collections.abc import Callable

from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.data_control import places_of
from pipeline.report.document import Section
from serve.result import ServeResult
from tests.unit.pipeline.report.documents import inputs_of

Run = Callable[..., RunRecord]


def places(record: RunRecord) -> dict[str, str]:
    """Return what leaves each place."""
    return {one.name: one.leaving for one in places_of(inputs_of(record))}


def stored(record: RunRecord, store: str) -> RunRecord:
    """Return the record of a run that was logged to a store."""
    return record.model_copy(update={"mlflow_store": store})


def test_nothing_leaves_where_everything_is_here(
    make_run: Run,
    make_recipe: Callable[..., Recipe],
    endpoint: ServeResult,
    section_of: Callable[[RunRecord, str], Section],
) -> None:
    """It is said as a fact of the set-up, with the check that shows it and that nobody watched the traffic."""
    recipe = make_recipe(eval={"tasks": [{"name": "stdlib_bits", "metric": "bits_per_byte", "margin": 0.02}]})
    record = stored(make_run(recipe=recipe, endpoint=endpoint), "sqlite:///mlruns/mlflow.db")
    section = section_of(record, "data-control")

    assert set(places(record).values()) == {"nothing"}
    assert section.paragraphs[0].startswith("By its set-up nothing of yours leaves the machine")
    assert "unshare -rn" in section.paragraphs[1]
    assert "not a measurement" in section.paragraphs[2]


def test_the_hub_is_asked_by_name(
    make_run: Run,
    make_recipe: Callable[..., Recipe],
    make_quantized: Callable[..., QuantizeResult],
    section_of: Callable[[RunRecord, str], Section],
) -> None:
    """A model, a data set and tasks of the hub are requests, not data."""
    recipe = make_recipe(quantize={"calibration": {"source": "org/texts"}})
    made = make_quantized(source="org/model", source_commit="a" * 40)
    record = stored(make_run(recipe=recipe, made=made), "sqlite:///x.db")
    found = places(record)

    assert found["Weights of the model"] == "a request"
    assert found["Calibration text"] == "a request"
    assert found["Tasks of the evaluation"] == "a request"
    assert "Requests to the hub name what is fetched." in section_of(record, "data-control").paragraphs[0]


def test_a_store_elsewhere_and_an_open_door_are_named(
    make_run: Run,
    make_recipe: Callable[..., Recipe],
    endpoint: ServeResult,
    section_of: Callable[[RunRecord, str], Section],
) -> None:
    """What can leave is named before anything else is said."""
    recipe = make_recipe(serve={"host": "10.0.0.5"})
    record = stored(make_run(recipe=recipe, endpoint=endpoint), "https://mlflow.example.org")
    found = places(record)

    assert found["The endpoint"] == found["The store of runs (MLflow)"] == "data"
    assert (
        section_of(record, "data-control")
        .paragraphs[0]
        .endswith("can leave the machine: The endpoint and The store of runs (MLflow).")
    )


def test_what_the_record_does_not_say_is_not_claimed(
    make_run: Run, section_of: Callable[[RunRecord, str], Section]
) -> None:
    """A record of an earlier version does not name its store, and that stands beside the verdict."""
    record = make_run()

    assert places(record)["The store of runs (MLflow)"] == "not recorded"
    assert section_of(record, "data-control").paragraphs[1] == (
        "Of this the record does not tell whether anything leaves: The store of runs (MLflow)."
    )


def test_code_of_the_model_is_not_confined(make_run: Run, make_quantized: Callable[..., QuantizeResult]) -> None:
    """It runs as the user does."""
    found = places(make_run(made=make_quantized(code_digest="b" * 64)))

    assert found["Code that comes with the model"] == "not confined"

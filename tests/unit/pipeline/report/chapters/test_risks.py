"""Risks: each with its fact, what reduces it, and none without."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from eval.accuracy.result import EvalResult, TaskScore
from eval.bench.result import BenchResult
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.record import RunRecord
from pipeline.report.chapters.risks import risks_of
from pipeline.report.chapters.risks_of_costs import quoted_on
from pipeline.report.risk import SEVERITIES, Risk
from serve.result import ServeResult
from tests.unit.pipeline.report.documents import inputs_of
from tests.unit.pipeline.report.test_dummy_weights import DUMMY
from tests.unit.pipeline.report.test_partial import only

Run = Callable[..., RunRecord]


def found(record: RunRecord, words: str) -> list[Risk]:
    """Return the risks that say these words."""
    return [one for one in risks_of(inputs_of(record)) if words in one.text]


def test_the_gravest_come_first_and_each_has_a_fact(make_run: Run) -> None:
    """Every risk names what reduces it, and a place in a file of the run."""
    risks = risks_of(inputs_of(make_run()))
    order = [SEVERITIES.index(one.severity) for one in risks]

    assert order == sorted(order)
    assert all("#/" in one.fact and one.reduced_by for one in risks)
    assert len({one.text for one in risks}) == len(risks)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (("quantize",), "not known what quantization costs in accuracy"),
        (("quantize",), "not known how fast AWQ is"),
        (("quantize",), "not known whether AWQ saves money"),
        (("quantize",), "The endpoint was not tried"),
    ],
)
def test_what_was_not_measured_is_a_risk(make_run: Run, stages: tuple[str, ...], words: str) -> None:
    """With the command that measures it."""
    (risk,) = found(only(make_run(), *stages), words)

    assert "`awqctl " in risk.reduced_by


def test_what_was_measured_is_none(make_run: Run, endpoint: ServeResult) -> None:
    """A tested endpoint and a passed accuracy are no risks."""
    record = make_run(endpoint=endpoint)

    assert found(record, "The endpoint was not tried") == []
    assert found(record, "accuracy.") == []


def test_undecided_and_failed_accuracy_are_high(
    make_run: Run, make_accuracy: Callable[..., EvalResult], make_task: Callable[..., TaskScore]
) -> None:
    """Each with its tasks."""
    open_task = make_task("demo_sums", 0.93, 0.92, 0.012, items=100, stderr=0.02)
    failed = make_task("demo_cloze", 0.93, 0.80, 0.02)
    risks = risks_of(inputs_of(make_run(accuracy=make_accuracy(open_task, failed))))
    high = [one.text for one in risks if one.severity == "high"]

    assert "AWQ loses more than was agreed on demo_cloze." in high
    assert "On demo_sums the loss may be larger than was agreed: the items do not decide it." in high


@pytest.mark.parametrize(("licence", "severity"), [("unknown", "high"), ("mit", "low")])
def test_licence(make_run: Run, make_quantized: Callable[..., QuantizeResult], licence: str, severity: str) -> None:
    """An unknown one is high; of a known one it is not said that it allows anything."""
    (risk,) = [
        one for one in risks_of(inputs_of(make_run(made=make_quantized(licence=licence)))) if "icence" in one.text
    ]

    assert risk.severity == severity


def test_machine_and_load(make_run: Run, make_recipe: Callable[..., Recipe]) -> None:
    """A processor is high, one GPU machine low; made-up prompts and no soak stand either way."""
    recipe = make_recipe(engine={"max_model_len": 512, "kv_cache_dtype": "fp8"})
    gpu = make_run(recipe=recipe, gpus=("NVIDIA H200",))

    assert [one.severity for one in found(make_run(), "without a GPU")] == ["high"]
    assert [one.severity for one in found(gpu, "one machine")] == ["low"]
    assert found(gpu, "without a GPU") == []
    assert len(found(gpu, "made-up prompts (256 tokens, answers 128)")) == 1
    assert len(found(gpu, "never held for minutes")) == 1
    assert len(found(gpu, "The KV cache is stored as fp8")) == 1
    assert found(make_run(), "KV cache") == []


@pytest.mark.parametrize(
    ("source", "day"),
    [
        ("price list of the provider, 2026-11", date(2026, 11, 1)),
        ("offer of 2026-03-14, confirmed 2026-04-02", date(2026, 4, 2)),
        ("offer 17", None),
        ("2026-13", None),
    ],
)
def test_day_of_a_price(source: str, day: date | None) -> None:
    """The latest day that its source names."""
    assert quoted_on(source) == day


@pytest.mark.parametrize(
    ("source", "words"),
    [("list of 2020-01-31", "is of 2020-01-31"), ("offer 17", "names no date")],
)
def test_old_and_undated_prices(make_run: Run, make_recipe: Callable[..., Recipe], source: str, words: str) -> None:
    """Both are said, and an assumed price instead of them."""
    roi = make_recipe().roi
    changed: dict[str, Any] = roi.model_dump(mode="json")
    changed["hourly"] = {"usd": 0.5, "origin": "quoted", "source": source}

    assert len(found(make_run(recipe=make_recipe(roi=changed)), words)) == 1


def test_made_up_weights_are_the_first_risk(make_run: Run, make_bench: Callable[..., BenchResult]) -> None:
    """Costs and endpoint are then not asked for."""
    bench = make_bench().model_copy(update={"dummy_weights": DUMMY})
    record = make_run()
    stage = record.stages["bench"].model_copy(update={"payload": bench.model_dump(mode="json")})
    risks = risks_of(inputs_of(record.model_copy(update={"stages": {"bench": stage}})))

    assert risks[0].text.startswith("The weights were made up by the engine")
    assert not any("saves money" in one.text for one in risks)

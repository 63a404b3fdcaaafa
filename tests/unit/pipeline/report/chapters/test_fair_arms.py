"""What the report says of how arms were compared: order, repeats for a precision, settings and their differences."""

from collections.abc import Callable
from typing import Any

import pytest

from eval.bench.enough import LevelRepeats
from eval.bench.fair_arms import FairArms
from eval.bench.result import BenchResult
from eval.bench.settings_diff import SettingsDifference
from pipeline.record.record import RunRecord
from pipeline.report.document import Section

SETTINGS = {"--dtype": "bfloat16", "dtype": "torch.bfloat16", "compilation_config.mode": "NONE"}
LARGER = SettingsDifference(arm="awq", name="kv_cache_tokens", kind="consequence", reference="1000", value="2000")

pytestmark = pytest.mark.usefixtures("no_charts")


def repeats(*planned: int, limited: bool = False) -> tuple[LevelRepeats, ...]:
    """Return the repeats of levels 1, 4 and 16."""
    return tuple(
        LevelRepeats(concurrency=level, needed=99 if limited else made, planned=made, limited_by=limit)
        for level, made, limit in zip((1, 4, 16), planned, ["max_repeats" if limited else None] * 3, strict=True)
    )


@pytest.fixture
def section(
    make_bench: Callable[..., BenchResult],
    make_run: Callable[..., RunRecord],
    section_of: Callable[[RunRecord, str], Section],
) -> Callable[..., Section]:
    """Return a function that writes a chapter, by default that on the method; keywords go to `FairArms`."""

    def write(name: str = "method", **fair: Any) -> Section:
        facts = {"order": "blocks", "seed": 7, "drawn": ("awq", "baseline"), "first_repeats": 3, **fair}
        bench = make_bench()
        arms = tuple(arm.model_copy(update={"settings": SETTINGS}) for arm in bench.arms)
        found = FairArms(reference="baseline", **facts)
        return section_of(make_run(bench=bench.model_copy(update={"arms": arms, "fair": found})), name)

    return write


def said(section: Section) -> str:
    """Return all bullets as one text."""
    return " ".join(section.bullets)


def test_order_and_settings_are_told(section: Callable[..., Section]) -> None:
    """Which arm came first and why, and how many settings were held against each other."""
    text = said(section())

    assert "Order of the arms, drawn by seed 7: AWQ, then baseline." in text
    assert "one start of its engine, in rounds over all concurrencies" in text
    assert "Engine settings: 3 of each arm" in text
    assert "No setting differs." in text
    assert "Stein" not in text


def test_alternating_arms_leave_no_limit_of_one_start(section: Callable[..., Section]) -> None:
    """Each repeat has a start of its own, so other starts were measured."""
    text = said(section(order="alternate"))
    limits = {order: said(section("not-measured", order=order)) for order in ("blocks", "alternate")}

    assert "The arms alternated, in an order drawn by seed 7: AWQ, then baseline, and the other way round" in text
    assert "Another start of the engines" in limits["blocks"]
    assert "Another start of the engines" not in limits["alternate"]


def test_a_precision_that_was_reached(section: Callable[..., Section]) -> None:
    """Runs 3 % apart of which three decide: the ratios are known within 30 %."""
    text = said(section(precision=0.3, repeats={"awq": repeats(3, 5, 8), "baseline": repeats(3, 3, 3)}))

    assert "3 runs of every point first" in text
    assert "at most ± 30 % (Stein's two stages)" in text
    assert "AWQ: 3, 5 and 8 at concurrency 1, 4 and 16." in text
    assert "The precision was reached at concurrency 1, 4 and 16." in text
    assert "not reached" not in text


def test_a_precision_that_a_limit_prevented(section: Callable[..., Section]) -> None:
    """What ended the repeats is named, and how wide the interval stayed."""
    found = {"awq": repeats(3, 3, 3, limited=True), "baseline": repeats(3, 3, 3)}
    text = said(section(precision=0.01, repeats=found))

    assert "It was not reached at concurrency 1 (± " in text
    assert text.count("was not reached") == 1
    assert "because of the most repeats (`bench.max_repeats`)." in text
    assert "The precision was reached" not in text


def test_intervals_with_a_precision_say_what_they_are_by(section: Callable[..., Section]) -> None:
    """In the chapter on throughput, the first runs alone tell the spread."""
    fixed, adapted = (section("speed", **facts).paragraphs[0] for facts in ({}, {"precision": 0.05}))

    assert "geometric mean of 3 runs;" in fixed
    assert "(Welch's t on logarithms)" in fixed
    assert "geometric mean of 3 runs or more;" in adapted
    assert "(Student's t on logarithms, by how far the first 3 runs differ)" in adapted


def test_differences_have_a_table(
    section: Callable[..., Section], cells_of: Callable[[Section, str], list[list[str]]]
) -> None:
    """Each with both values and what it is; and the settings that were compared, the nested ones counted."""
    found = section(differences=(LARGER,))

    assert cells_of(found, "settings-differences") == [
        ["kv_cache_tokens", "AWQ", "2000", "1000", "follows from the weights"]
    ]
    assert cells_of(found, "settings-compared") == [["--dtype", "bfloat16"], ["dtype", "torch.bfloat16"]]
    assert "No setting differs." not in said(found)


def test_results_of_earlier_versions_say_nothing_of_it(
    make_run: Callable[..., RunRecord], section_of: Callable[[RunRecord, str], Section]
) -> None:
    """There was no order to speak of."""
    assert "Order of the arms" not in said(section_of(make_run(), "method"))

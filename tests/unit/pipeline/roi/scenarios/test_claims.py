"""What a computed figure makes of a claim."""

from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.base.errors import UsageError
from pipeline.roi.scenarios.claims import verdict_of
from pipeline.roi.scenarios.figures import FIGURES
from pipeline.roi.scenarios.forms import ScenarioFile
from pipeline.roi.scenarios.outcome import answer_of, estimate_of, lacking, number_of, range_of
from pipeline.roi.scenarios.scenario import result_of

README = Path(__file__).parents[5] / "recipes" / "scenarios" / "README.md"
EXACT = number_of(Fraction(1229, 20), "", "")


@pytest.mark.parametrize(
    ("says", "verdict"), [(61.45, "confirmed"), (61.5, "confirmed"), (61.41, "refuted"), ((61, 62), "confirmed")]
)
def test_a_number_has_to_round_to_what_is_said(says: float | tuple[float, float], verdict: str) -> None:
    """To the places that the claim is written with; or lie in the range that is claimed."""
    assert verdict_of(says, EXACT) == verdict


def test_a_range_that_is_the_answer_has_to_be_the_same() -> None:
    """4 to 8 is not 2.4 to 4, and not 6 either."""
    outcome = range_of(Fraction(4), Fraction(8), "", "")
    assert verdict_of((4, 8), outcome) == "confirmed"
    assert verdict_of((2.4, 4), outcome) == "refuted"
    assert verdict_of(6, outcome) == "refuted"


def test_an_estimate_decides_only_what_it_can() -> None:
    """Claims around it stand, claims beside it fall, claims within it wait for a measurement."""
    outcome = estimate_of(Fraction(100), Fraction(200), "", "")
    assert verdict_of((50, 300), outcome) == "confirmed"
    assert verdict_of((201, 300), outcome) == "refuted"
    assert verdict_of((150, 300), outcome) == "not decidable"
    assert verdict_of(150, outcome) == "not decidable"
    assert verdict_of(99, outcome) == "refuted"


def test_answers_and_what_is_missing() -> None:
    """Yes and no are compared; what is missing decides nothing, whatever was computed."""
    assert verdict_of(True, answer_of(True, "")) == "confirmed"  # noqa: FBT003 -- the answer
    assert verdict_of(True, answer_of(False, "")) == "refuted"  # noqa: FBT003 -- the answer
    assert verdict_of(5, lacking("a load")) == "not decidable"
    assert verdict_of(5, answer_of(True, "")) == "not decidable"  # noqa: FBT003 -- the answer


def judged(figure: str, of: dict[str, object], says: object = 1) -> str:
    """Return the reason of a claim in a scenario that has nothing else."""
    claim = {"claim": "something", "says": says, "figure": figure, "of": of}
    scenario = ScenarioFile.model_validate({"scenario": "a", "title": "A", "claims": [claim]})
    return result_of(scenario, "a.yaml").claims[0].why


def test_a_figure_that_is_none_is_refused_with_the_nearest() -> None:
    """A slip of the pen is answered with what was meant."""
    with pytest.raises(UsageError, match="Did you mean saving_usd"):
        judged("savings_usd", {})


def test_what_does_not_fit_a_figure_is_refused() -> None:
    """A parameter that is missing, unknown, or of another kind is named."""
    with pytest.raises(UsageError, match=r"of\.usd_each"):
        judged("tflops_per_1000_usd", {"tflops": 1})
    with pytest.raises(UsageError, match=r"of\.colour"):
        judged("bandwidth_gb_s", {"gpu": "l4", "colour": "blue"})
    with pytest.raises(UsageError, match=r"of\.billion_parameters"):
        judged("four_bit_fits", {"gpu": "l4", "billion_parameters": "many"})


def test_a_claim_of_a_variant_that_is_not_there_is_refused() -> None:
    """Rents are of variants of the scenario."""
    with pytest.raises(UsageError, match="the variant 'mine'"):
        judged("rent_usd", {"variant": "mine"})


def test_energy_of_a_card_without_a_known_power_is_not_decidable() -> None:
    """It is said which card."""
    ranges = {"load": [0.3, 0.9], "pue": [1.2, 1.6], "usd_per_kwh": [0.1, 0.3]}
    assert "the power of h20-141" in judged("energy_usd_per_year", {"cards": [[1, "h20-141"]], **ranges})


def test_what_a_plan_does_not_know_is_refused() -> None:
    """A claim that the file of `awqctl plan claims` has not, and a figure that it does not state."""
    with pytest.raises(UsageError, match="no claim called '8 B'"):
        judged("as_planned", {"file": "sizing", "name": "8 B"})
    with pytest.raises(UsageError, match="states weights_gb, sequences"):
        judged("as_planned", {"file": "sizing", "name": "7 B", "stated": "price"})


def test_every_figure_is_in_the_documentation() -> None:
    """The README of the scenarios lists them all, and no other."""
    table = README.read_text(encoding="utf-8").partition("| `figure` |")[2].partition("\n\n")[0]
    named = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(named) == sorted(FIGURES)

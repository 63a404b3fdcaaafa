"""The one recommendation: which combination of facts gives which."""

from itertools import product
from typing import Any, get_args

import pytest

from pipeline.report.decision import ArmFacts, Better, Choice, Ground, Standing, decide

FIT: dict[str, Any] = {"accuracy": "passed", "speed": "compared", "money": "pays"}
ARMS: dict[Standing, ArmFacts] = {
    "fit": ArmFacts(**FIT),
    "unfit": ArmFacts(**{**FIT, "money": "does not pay"}),
    "open": ArmFacts(**{**FIT, "money": "not decided"}),
}


def arm(**changes: Any) -> ArmFacts:
    """Return an arm that is fit but for the changes."""
    return ArmFacts(**{**FIT, **changes})


@pytest.mark.parametrize(
    ("changes", "choice", "because"),
    [
        ({}, "deploy AWQ", ("costs",)),
        ({"endpoint": "passed"}, "deploy AWQ", ("costs",)),
        ({"acceptance": ("passed", "passed")}, "deploy AWQ", ("costs",)),
        ({"money": "does not pay"}, "stay on 16 bit", ("costs",)),
        ({"accuracy": "failed"}, "stay on 16 bit", ("accuracy",)),
        ({"accuracy": "failed", "money": "not priced", "speed": "not measured"}, "stay on 16 bit", ("accuracy",)),
        ({"checkpoint": "failed", "accuracy": "not decided"}, "stay on 16 bit", ("checkpoint",)),
        ({"acceptance": ("passed", "failed", "not measured")}, "stay on 16 bit", ("acceptance",)),
        ({"accuracy": "not decided"}, "not decided", ("accuracy",)),
        ({"accuracy": "not decided", "money": "does not pay"}, "not decided", ("accuracy",)),
        ({"accuracy": "not measured"}, "not decided", ("accuracy",)),
        ({"money": "not decided"}, "not decided", ("costs",)),
        ({"money": "not priced"}, "not decided", ("costs",)),
        ({"speed": "void", "money": "not priced"}, "not decided", ("speed", "costs")),
        ({"speed": "void"}, "not decided", ("speed",)),
        ({"speed": "not measured"}, "not decided", ("speed",)),
        ({"endpoint": "failed"}, "not decided", ("endpoint",)),
        ({"acceptance": ("passed", "not measured")}, "not decided", ("acceptance",)),
        ({"acceptance": ("not decided",)}, "not decided", ("acceptance",)),
    ],
)
def test_awq_alone(changes: dict[str, Any], choice: Choice, because: tuple[Ground, ...]) -> None:
    """Undecided accuracy or money and void speed are not decided; what failed is no matter of money."""
    found = decide(arm(**changes))

    assert (found.choice, found.because) == (choice, because)


@pytest.mark.parametrize(
    ("awq", "fp8", "choice"),
    [
        ("fit", "unfit", "deploy AWQ"),
        ("fit", "open", "deploy AWQ"),
        ("unfit", "fit", "deploy FP8"),
        ("open", "fit", "deploy FP8"),
        ("unfit", "open", "not decided"),
        ("open", "unfit", "not decided"),
        ("open", "open", "not decided"),
        ("unfit", "unfit", "stay on 16 bit"),
    ],
)
def test_awq_beside_fp8(awq: Standing, fp8: Standing, choice: Choice) -> None:
    """Whichever is shown to be fit goes before one that is not, AWQ or FP8."""
    assert decide(ARMS[awq], ARMS[fp8]).choice == choice


@pytest.mark.parametrize(
    ("better", "choice"), [("AWQ", "deploy AWQ"), ("FP8", "deploy FP8"), ("not decided", "not decided")]
)
def test_both_are_fit(better: Better, choice: Choice) -> None:
    """Then the better one is recommended, where one is shown to be."""
    found = decide(ARMS["fit"], ARMS["fit"], better)

    assert (found.choice, found.because) == (choice, ("AWQ or FP8",))


def test_made_up_weights_decide_nothing() -> None:
    """However fast and cheap."""
    assert decide(ARMS["fit"], ARMS["fit"], "AWQ", dummy=True).choice == "not decided"


def test_nothing_is_deployed_that_is_not_shown() -> None:
    """Over every combination: AWQ is recommended only where its accuracy passed, its speed stands and it pays."""
    outcomes = ("passed", "failed", "not decided", "not measured")
    money = ("pays", "does not pay", "not decided", "not priced")
    speeds = ("compared", "void", "not measured")
    for accuracy, speed, costs, checkpoint, endpoint, clause in product(
        outcomes, speeds, money, ("passed", "failed"), outcomes, outcomes
    ):
        one = ArmFacts(accuracy, speed, costs, checkpoint, endpoint, (clause,))  # type: ignore[arg-type]
        shown = (accuracy, speed, costs, checkpoint, clause) == ("passed", "compared", "pays", "passed", "passed")
        found = decide(one)

        assert (found.choice == "deploy AWQ") == (shown and endpoint != "failed")
        assert found.choice in get_args(Choice)
        assert found.because

"""The one recommendation of a report, decided from what is known of each arm. Pure.

An arm is *fit* where all that a deployment takes is shown, *unfit* where something is shown against it, and *open*
where neither is. AWQ and FP8 are held to the same; whichever is shown to be fit is recommended over one that is not:

| AWQ | FP8 | recommendation |
|---|---|---|
| fit | not measured, unfit or open | deploy AWQ |
| fit | fit | the one that is shown to be better; not decided where neither is |
| unfit | fit | deploy FP8 |
| unfit | open | not decided |
| unfit | not measured or unfit | stay on 16 bit |
| open | fit | deploy FP8 |
| open | not measured, unfit or open | not decided |

Weights that the engine made up decide nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Choice = Literal["deploy AWQ", "deploy FP8", "stay on 16 bit", "not decided"]
Outcome = Literal["passed", "failed", "not decided", "not measured"]
"""Of a check, a clause of the acceptance, or the verdict on accuracy."""
Speed = Literal["compared", "void", "not measured"]
"""`void`: nothing stands of an arm, or it was measured in overload alone."""
Money = Literal["pays", "does not pay", "not decided", "not priced"]
Standing = Literal["fit", "unfit", "open"]
Ground = Literal["checkpoint", "accuracy", "acceptance", "speed", "endpoint", "costs", "dummy weights", "AWQ or FP8"]
"""What a decision rests on, or what it waits for."""
Better = Literal["AWQ", "FP8", "not decided"]


@dataclass(frozen=True)
class ArmFacts:
    """What is known of an arm that would replace the 16-bit baseline."""

    accuracy: Outcome
    speed: Speed
    money: Money
    checkpoint: Outcome = "passed"
    """The audit of its weights; an arm without files of its own has none to fail."""
    endpoint: Outcome = "not measured"
    """Its smoke test, which holds a deployment back only where it failed."""
    acceptance: tuple[Outcome, ...] = ()
    """Of each clause that was signed off before the run; empty where none was."""

    @property
    def against(self) -> tuple[Ground, ...]:
        """Return what is shown against it."""
        failed: tuple[tuple[Ground, bool], ...] = (
            ("checkpoint", self.checkpoint == "failed"),
            ("accuracy", self.accuracy == "failed"),
            ("acceptance", "failed" in self.acceptance),
        )
        return tuple(ground for ground, found in failed if found)

    @property
    def waits_for(self) -> tuple[Ground, ...]:
        """Return what is not shown either way."""
        missing: tuple[tuple[Ground, bool], ...] = (
            ("accuracy", self.accuracy in ("not decided", "not measured")),
            ("speed", self.speed != "compared"),
            ("costs", self.money in ("not decided", "not priced")),
            ("endpoint", self.endpoint == "failed"),
            ("acceptance", bool({"not decided", "not measured"} & set(self.acceptance))),
        )
        return tuple(ground for ground, found in missing if found)

    @property
    def standing(self) -> Standing:
        """Return whether it is shown to be fit, or unfit; money counts only once everything else is known."""
        if self.against:
            return "unfit"
        if self.waits_for:
            return "open"
        return "fit" if self.money == "pays" else "unfit"

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """Return what its standing rests on."""
        return self.against or self.waits_for or ("costs",)


@dataclass(frozen=True)
class Decided:
    """The recommendation, and what it rests on; of one that is not decided, what it waits for."""

    choice: Choice
    because: tuple[Ground, ...]


def decide(
    awq: ArmFacts, fp8: ArmFacts | None = None, better: Better = "not decided", *, dummy: bool = False
) -> Decided:
    """Return the one recommendation.

    Args:
        awq: what is known of AWQ.
        fp8: what is known of FP8; None where it was not measured.
        better: which of both is shown to be better; asked only where both are fit.
        dummy: whether the weights were made up.
    """
    if dummy:
        return Decided("not decided", ("dummy weights",))
    other = fp8.standing if fp8 is not None else None
    if awq.standing == "fit" and other == "fit":
        return _of_both(better)
    if awq.standing == "fit":
        return Decided("deploy AWQ", awq.grounds)
    if fp8 is not None and other == "fit":
        return Decided("deploy FP8", fp8.grounds)
    if "open" in (awq.standing, other):
        opened = [arm for arm in (awq, fp8) if arm is not None and arm.standing == "open"]
        return Decided("not decided", _each_once(ground for arm in opened for ground in arm.grounds))
    return Decided("stay on 16 bit", awq.grounds)


def _of_both(better: Better) -> Decided:
    choices: dict[Better, Choice] = {"AWQ": "deploy AWQ", "FP8": "deploy FP8", "not decided": "not decided"}
    return Decided(choices[better], ("AWQ or FP8",))


def _each_once(grounds: Iterable[Ground]) -> tuple[Ground, ...]:
    return tuple(dict.fromkeys(grounds))

"""The policy of a change of release, over a rollout that does what a test says and a clock that stands still."""

from dataclasses import dataclass, field

import pytest

from pipeline.base.errors import EngineError, EnvironmentLackError
from pipeline.recipe.serve import Canary
from serve.releases.promotion import Promotion, Smoke
from serve.releases.rollout import Observed
from tests.fakes.rollout import Clock, ScriptedRollout, seen

CANARY = Canary(share=0.1, seconds=10, requests=20, wait_s=30, p95_ratio=1.2)


@dataclass
class World:
    """A promotion and all it touches."""

    rollout: ScriptedRollout
    smoke: Smoke = field(default_factory=lambda: Smoke(passed=True, said=("smoke test: 4 of 4 checks passed.",)))
    exposed: Smoke = field(default_factory=lambda: Smoke(passed=True, said=()))
    settled: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unsettled: Exception | None = None

    def promotion(self, *, agreed: bool = False) -> Promotion:
        """Return the promotion, not begun."""

        def settle() -> None:
            if self.unsettled:
                raise self.unsettled
            self.settled.append("production")
            self.rollout.done.append("settle")

        return Promotion(
            rollout=self.rollout,
            canary=CANARY,
            max_error_share=0.001,
            smoke=lambda _: self.smoke,
            settle=settle,
            note=self.notes.append,
            clock=lambda: self.rollout.clock.now,
            sleep=self.rollout.clock.sleep,
            agreed=agreed,
            exposed=lambda: self.exposed,
        )


@pytest.fixture
def world() -> World:
    """Return a world in which all goes well."""
    return World(ScriptedRollout(Clock()))


def test_good_release_goes_all_the_way(world: World) -> None:
    """Start, smoke, a tenth, everything, and only then production and the end of the old engines."""
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "share 10", "share 100", "settle", "finish"]
    assert (outcome.outcome, outcome.start_seconds, outcome.drain_seconds) == ("promoted", 30.0, 5.0)
    assert (outcome.interruption_seconds, outcome.agreed) == (None, False)
    assert (outcome.new, outcome.old) == world.rollout.canary
    assert world.rollout.clock.now == 30 + 10 + 10 + 5


def test_engine_that_does_not_start(world: World) -> None:
    """The old one never lost a request; the root cause is what is said."""
    world.rollout.breaks["start"] = EngineError("vLLM ended unexpectedly: out of memory.")
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "abort"]
    assert (outcome.outcome, outcome.said) == ("aborted", ("vLLM ended unexpectedly: out of memory.",))
    assert world.settled == []


def test_self_audit_that_fails(world: World) -> None:
    """A release under which something is open to the outside goes back, although it has all requests already."""
    world.exposed = Smoke(passed=False, said=("self-audit: routes: GET /new is open.",))
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "share 10", "share 100", "abort"]
    assert (outcome.outcome, outcome.said[-1]) == ("aborted", "self-audit: routes: GET /new is open.")
    assert world.settled == []


def test_smoke_that_fails(world: World) -> None:
    """An engine that answers wrongly gets no request."""
    world.smoke = Smoke(passed=False, said=("accuracy smoke: 1 of 8 items.",))
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "abort"]
    assert outcome.said == ("accuracy smoke: 1 of 8 items.",)


@pytest.mark.parametrize("canary", [(seen(20, 20), seen(180)), (seen(60, p95_ms=200), seen(540))])
def test_canary_that_fails(world: World, canary: tuple[Observed, Observed]) -> None:
    """Errors or slowness give everything back; production is what it was."""
    world.rollout.canary = canary
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "share 10", "abort"]
    assert (outcome.outcome, world.settled) == ("aborted", [])
    assert outcome.new == canary[0]


def test_door_that_breaks_during_the_canary(world: World) -> None:
    """Whatever goes wrong, the old release is what is known to work."""
    world.rollout.breaks["share 10"] = EngineError("HAProxy does not answer.")
    assert world.promotion().beside().outcome == "aborted"
    assert world.rollout.done[-1] == "abort"


def test_failure_after_the_shift_goes_back_by_itself(world: World) -> None:
    """The old engines are warm until the new ones have had everything for a while."""
    world.rollout.alone = (seen(100, 30), seen(0, p95_ms=None))
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "share 10", "share 100", "abort"]
    assert (outcome.outcome, world.settled) == ("aborted", [])


def test_registry_that_cannot_be_written(world: World) -> None:
    """What is not production in the registry does not stay served: a restart would serve another one."""
    world.unsettled = EnvironmentLackError("The MLflow store cannot be used.")
    outcome = world.promotion().beside()
    assert world.rollout.done == ["start", "share 10", "share 100", "abort"]
    assert outcome.said[-1] == "The MLflow store cannot be used."


def test_old_engine_that_does_not_stop(world: World) -> None:
    """The new one is production and answers; that the old one lingers is said."""
    world.rollout.breaks["finish"] = EngineError("It lives.")
    outcome = world.promotion().beside()
    assert (outcome.outcome, outcome.drain_seconds) == ("promoted", None)
    assert outcome.said[-1] == "The old engines did not end as they should: It lives."


def test_abort_that_fails_is_said(world: World) -> None:
    """Nobody is told that all is as before when it is not."""
    world.rollout.breaks |= {"start": EngineError("No."), "abort": EngineError("HAProxy is gone.")}
    outcome = world.promotion().beside()
    assert outcome.outcome == "aborted"
    assert outcome.said == ("No.", "The old release could not be brought back whole: HAProxy is gone.")


def test_too_few_requests_wait_for_a_decision(world: World) -> None:
    """Undecided, the canary keeps its share; agreed to, it goes on to the end, which is recorded as such."""
    world.rollout.canary = (seen(3, p95_ms=None), seen(27, p95_ms=None))
    promotion = world.promotion()
    outcome = promotion.beside()
    assert (outcome.outcome, outcome.agreed) == ("undecided", False)
    assert world.rollout.done == ["start", "share 10"]
    assert world.rollout.clock.now == 30 + CANARY.wait_s
    outcome = promotion.decide(shift=True, why="Shifted all the same.")
    assert (outcome.outcome, outcome.agreed) == ("promoted", True)
    assert world.rollout.done == ["start", "share 10", "share 100", "settle", "finish"]
    assert "Shifted all the same." in outcome.said


def test_undecided_and_given_up(world: World) -> None:
    """Decided against, or by nobody, everything goes back."""
    world.rollout.canary = (seen(3, p95_ms=None), seen(27, p95_ms=None))
    promotion = world.promotion()
    promotion.beside()
    outcome = promotion.decide(shift=False, why="Nobody decided within 30 s.")
    assert (outcome.outcome, outcome.agreed, outcome.said[-1]) == ("aborted", False, "Nobody decided within 30 s.")
    assert world.rollout.done[-1] == "abort"


def test_agreed_beforehand(world: World) -> None:
    """With --yes nobody waits for requests that do not come, only for the canary's own time."""
    world.rollout.canary = (seen(3, p95_ms=None), seen(27, p95_ms=None))
    outcome = world.promotion(agreed=True).beside()
    assert (outcome.outcome, outcome.agreed) == ("promoted", True)
    assert world.rollout.clock.now == 30 + 10 + 10 + 5


def test_agreement_does_not_pass_a_failure(world: World) -> None:
    """--yes is about what is undecided; errors beyond chance go back all the same."""
    world.rollout.canary = (seen(12, 12, None), seen(108))
    outcome = world.promotion(agreed=True).beside()
    assert (outcome.outcome, outcome.agreed) == ("aborted", False)


def test_agreement_that_was_not_needed(world: World) -> None:
    """A canary that passed is recorded as one."""
    assert world.promotion(agreed=True).beside().agreed is False


def test_without_room_for_both(world: World) -> None:
    """The old one stops, the new one starts, is tried, and takes all; the time without either is measured."""
    outcome = world.promotion().instead()
    assert world.rollout.done == ["swap", "share 100", "settle", "finish"]
    assert (outcome.outcome, outcome.interruption_seconds, outcome.start_seconds) == ("promoted", 70.0, None)


@pytest.mark.parametrize("step", ["swap", "share 100"])
def test_swap_that_fails_swaps_back(world: World, step: str) -> None:
    """The old engines start again, and the whole time without any is said."""
    world.rollout.breaks[step] = EngineError("No.")
    outcome = world.promotion().instead()
    assert world.rollout.done[-1] == "abort"
    assert (outcome.outcome, outcome.interruption_seconds) == ("aborted", 110.0)


def test_smoke_that_fails_after_a_swap(world: World) -> None:
    """It gets no request; the old one comes back."""
    world.smoke = Smoke(passed=False, said=("smoke test: 0 of 4.",))
    outcome = world.promotion().instead()
    assert world.rollout.done == ["swap", "abort"]
    assert outcome.interruption_seconds == 110.0


def test_watch_after_a_swap(world: World) -> None:
    """Errors beyond what is promised bring the old one back, which interrupts once more."""
    world.rollout.alone = (seen(100, 30), seen(0, p95_ms=None))
    outcome = world.promotion().instead()
    assert world.rollout.done == ["swap", "share 100", "abort"]
    assert (outcome.outcome, outcome.interruption_seconds) == ("aborted", 110.0)


def test_bug_gives_everything_back(world: World) -> None:
    """An error that nobody foresaw is not swallowed, and leaves the old release serving."""
    world.rollout.breaks["share 100"] = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        world.promotion().beside()
    assert world.rollout.done[-1] == "abort"

"""How one release takes the place of another: verify, start, smoke, canary, shift, watch, drain the old.

The order is what makes it safe: the new engines answer checks before they get a request, a share before they get all,
and the old ones stay warm until the new ones have taken all of them for a while. Until then any gate that fails gives
everything back. Only after that the registry says that the new release is production.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from pipeline.base.errors import AwqctlError
from pipeline.base.results import Result
from pipeline.engines.engine import Engine
from pipeline.recipe.serve import Canary
from serve.releases.canary import Verdict, judge, judge_alone
from serve.releases.rollout import Observed, Rollout

_POLL_S = 1.0
_NOTHING_SEEN = Observed(requests=0, errors=0, p95_ms=None)
_ALL = 100.0


class Smoke(Result):
    """What a new engine answered before it got requests."""

    passed: bool
    said: tuple[str, ...]


class Outcome(Result):
    """How a promotion ended, or that somebody has to decide."""

    outcome: Literal["promoted", "aborted", "undecided"]
    said: tuple[str, ...]
    agreed: bool = False
    """Somebody had all requests shifted although the canary decided nothing."""
    start_seconds: float | None = None
    drain_seconds: float | None = None
    interruption_seconds: float | None = None
    new: Observed | None = None
    old: Observed | None = None


@dataclass
class Promotion:
    """One change of release, with what it needs of the world passed in.

    Attributes:
        rollout: the engines.
        canary: what the recipe asks for.
        max_error_share: what the endpoint promises.
        smoke: asks a new engine.
        exposed: looks at the endpoint from outside once the new engines have all requests; None where nobody does.
        settle: tells the registry that the new release is production.
        note: told how far it is.
        clock: seconds that only grow.
        sleep: waits for so many of them.
        agreed: shift although the canary decides nothing.
    """

    rollout: Rollout
    canary: Canary
    max_error_share: float
    smoke: Callable[[Engine], Smoke]
    settle: Callable[[], None]
    note: Callable[[str], None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    agreed: bool = False
    exposed: Callable[[], Smoke] | None = None
    _said: list[str] = field(default_factory=list)
    _start_s: float | None = None
    _interruption_s: float | None = None
    _unserved_since: float | None = None
    """Since when neither release takes requests; None while one does."""
    _new: Observed | None = None
    _old: Observed | None = None
    _overruled: bool = False

    def beside(self) -> Outcome:
        """Change while both releases have room; undecided it leaves the canary its share, for `decide`."""
        return self._guarded(self._beside)

    def instead(self) -> Outcome:
        """Change where only one has room: the old engines stop before the new ones start."""
        return self._guarded(self._instead)

    def decide(self, *, shift: bool, why: str) -> Outcome:
        """End an undecided canary: with all requests, or with none."""
        self._said.append(why)
        if not shift:
            return self._abort()
        self._overruled = True
        return self._guarded(self._shift)

    def _guarded(self, change: Callable[[], Outcome]) -> Outcome:
        """Give everything back whatever goes wrong; the old release is what is known to work."""
        with ExitStack() as undo:
            undo.callback(self.rollout.abort)
            try:
                outcome = change()
            except AwqctlError as problem:
                self._said.append(str(problem))
                outcome = self._abort()
            undo.pop_all()
        return outcome

    def _beside(self) -> Outcome:
        self.note("starting the new engines, out of rotation")
        self._start_s = self.rollout.start()
        self.note(f"started and warm after {self._start_s:.0f} s")
        if not self._smoke_passed():
            return self._abort()
        percent = self.canary.share * 100
        self.note(f"canary: {percent:g} % of the requests for at least {self.canary.seconds} s")
        self.rollout.share(percent)
        verdict = self._watched(self._canary_verdict)
        self._say(verdict)
        if verdict.outcome == "failed":
            return self._abort()
        self._overruled = verdict.outcome == "undecided"
        if self._overruled and not self.agreed:
            return self._ended("undecided")
        return self._shift()

    def _instead(self) -> Outcome:
        self.note("there is no room for both: the old engines stop, the new ones start, and nothing is served between")
        self._unserved_since = self.clock()
        self.rollout.swap()
        if not self._smoke_passed():
            return self._abort()
        self.rollout.share(_ALL)
        self._serves_again()
        self.note(f"served again after {self._interruption_s:.0f} s")
        return self._watched_alone()

    def _shift(self) -> Outcome:
        self.note("all requests go to the new engines; the old ones stay warm")
        self.rollout.share(_ALL)
        return self._watched_alone()

    def _watched_alone(self) -> Outcome:
        """Watch the new release under all of the load; only then it is production, and the old engines drain."""
        if self.exposed is not None and not self._passed(self.exposed()):
            return self._abort()
        self.note(f"watched for {self.canary.seconds} s; one that fails by then goes back")
        verdict = self._watched(self._lone_verdict)
        self._say(verdict)
        if verdict.outcome == "failed":
            return self._abort()
        self.settle()
        self.note("production; draining the old engines")
        try:
            drained = self.rollout.finish()
        except AwqctlError as problem:  # it is production already, and answers
            self._said.append(f"The old engines did not end as they should: {problem}")
            return self._ended("promoted")
        return self._ended("promoted", drain_seconds=drained)

    def _smoke_passed(self) -> bool:
        return self._passed(self.smoke(self.rollout.engine()))

    def _passed(self, found: Smoke) -> bool:
        self._said += found.said
        for said in found.said:
            self.note(said)
        return found.passed

    def _watched(self, verdict_after: Callable[[float], Verdict]) -> Verdict:
        """Return the first verdict that ends the wait."""
        began = self.clock()
        while (verdict := verdict_after(self.clock() - began)).outcome == "waiting":
            self.sleep(_POLL_S)
        return verdict

    def _canary_verdict(self, elapsed_s: float) -> Verdict:
        self._new, self._old = self.rollout.observed()
        # Who has agreed beforehand does not wait for requests that do not come.
        canary = self.canary.model_copy(update={"wait_s": self.canary.seconds}) if self.agreed else self.canary
        return judge(self._new, self._old, canary, elapsed_s=elapsed_s, max_error_share=self.max_error_share)

    def _lone_verdict(self, elapsed_s: float) -> Verdict:
        new, _ = self.rollout.observed()
        ended = elapsed_s >= self.canary.seconds
        return judge_alone(new, self._old or _NOTHING_SEEN, ended=ended, max_error_share=self.max_error_share)

    def _say(self, verdict: Verdict) -> None:
        self._said += verdict.said
        for said in verdict.said:
            self.note(said)

    def _abort(self) -> Outcome:
        self.note("back to the old release")
        if self._interruption_s is not None:
            self._unserved_since = self.clock()  # after a swap the way back is one, too
        try:
            self.rollout.abort()
        except AwqctlError as problem:
            self._said.append(f"The old release could not be brought back whole: {problem}")
        self._serves_again()
        return self._ended("aborted")

    def _serves_again(self) -> None:
        if self._unserved_since is not None:
            self._interruption_s = (self._interruption_s or 0.0) + self.clock() - self._unserved_since
            self._unserved_since = None

    def _ended(
        self, outcome: Literal["promoted", "aborted", "undecided"], *, drain_seconds: float | None = None
    ) -> Outcome:
        return Outcome(
            outcome=outcome,
            said=tuple(self._said),
            agreed=self._overruled and outcome == "promoted",
            start_seconds=self._start_s,
            drain_seconds=drain_seconds,
            interruption_seconds=self._interruption_s,
            new=self._new,
            old=self._old,
        )

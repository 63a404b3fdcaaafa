"""`promote` and `rollback` of a running endpoint, as its supervisor carries them out."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from pipeline.base.errors import AwqctlError, BusyError, Interrupted, UsageError
from pipeline.base.progress import Reporter
from pipeline.base.results import Result
from pipeline.engines.engine import Engine
from pipeline.recipe.serve import Serve
from serve.checks.engine_smoke import engine_smoke_test
from serve.releases.answers import StoredItem, accuracy_smoke, all_of
from serve.releases.changes import Change, Kind, interruption_forecast, keep_change, now
from serve.releases.location import verified
from serve.releases.promotion import Outcome, Promotion, Smoke
from serve.releases.registry import Registry
from serve.releases.release import Release
from serve.releases.rollout import Rollout

Note = Callable[[str], None]
_BROKEN = "It ended unexpectedly; the log of the endpoint has the reason. What was served before is served."


class Asked(Result):
    """The arguments of both commands."""

    version: int
    digest: str
    """Of the release that is meant: another store has another one under the same number."""
    yes: bool = False
    """Shift although the canary decides nothing."""
    interrupt: bool = False
    """Change although nothing is served meanwhile."""
    shift: bool | None = None
    """Ends an undecided canary: with all requests, or with none."""


class ReleaseCommands:
    """Changes of release, one at a time.

    Args:
        registry: of the endpoint.
        offered: the recipe's section `serve`.
        serving: what is served; None for what is no release.
        exposed: looks at the endpoint from outside; None where nobody does.
        rollout: makes the engines of a release whose folder was verified, not started.
        event: writes into the audit.
        reporter: told what the client is told.
        stop: set when the endpoint ends, which ends a change, too.
        clock: seconds that only grow.
        sleep: waits for so many of them; default until `stop` is set.
    """

    def __init__(
        self,
        registry: Registry,
        offered: Serve,
        serving: Release | None,
        *,
        rollout: Callable[[Release], Rollout],
        event: Callable[[str], None],
        reporter: Reporter,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        exposed: Callable[[], Smoke] | None = None,
    ) -> None:
        self.serving = serving
        self._registry = registry
        self._offered = offered
        self._rollout = rollout
        self._event = event
        self._exposed = exposed
        self._reporter = reporter
        self._clock = clock
        self._stop = stop
        self._sleep = sleep or self._wait
        self._changing = threading.Lock()
        self._pending: tuple[Release, Kind, Promotion] | None = None
        """An undecided canary, which keeps its share until somebody decides or its time is over."""

    def promote(self, arguments: dict[str, Any], note: Note) -> Change:
        """Let a release take the place of the one that is served."""
        return self._change("promote", Asked.model_validate(arguments), note)

    def rollback(self, arguments: dict[str, Any], note: Note) -> Change:
        """Go back to a release."""
        return self._change("rollback", Asked.model_validate(arguments), note)

    def _change(self, kind: Kind, asked: Asked, note: Note) -> Change:
        if not self._changing.acquire(blocking=False):
            raise BusyError("A change of release is under way. `awqctl release ls` says which; wait for its end.")
        try:
            if self._pending is not None:
                return self._decided(asked, self._told(note))
            return self._begun(kind, asked, self._told(note))
        finally:
            self._changing.release()

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Interrupted("The endpoint is stopped. Its next start serves what is production.")

    def _told(self, note: Note) -> Note:
        def tell(text: str) -> None:
            self._reporter.note(text, head="release")
            note(text)

        return tell

    def _begun(self, kind: Kind, asked: Asked, note: Note) -> Change:
        if asked.shift is not None:
            raise UsageError("No canary is undecided any more. `awqctl release ls` says how it ended.")
        release = self._release(asked)
        if self.serving is not None and self.serving.version == release.version:
            raise UsageError(f"{release.label} is what is served already. `awqctl release ls` lists the others.")
        note(f"verifying {release.label}, every file of {release.checkpoint}")
        folder = verified(release, self._reporter)
        release = release.model_copy(update={"checkpoint": str(folder)})
        rollout = self._rollout(release)
        room = rollout.room_for_both()
        if not room and not asked.interrupt:
            forecast = interruption_forecast(self._registry.folder, release)
            return self._as_change(kind, release, "interruption", (forecast,))
        self._mark(kind, release)
        promotion = self._promotion(kind, release, rollout, note, agreed=asked.yes)
        with ExitStack() as broken:
            broken.callback(self._write_down, self._as_change(kind, release, "aborted", (_BROKEN,)))
            outcome = promotion.beside() if room else promotion.instead()
            broken.pop_all()
        return self._ended(kind, release, promotion, outcome)

    def _decided(self, asked: Asked, note: Note) -> Change:
        """End the undecided canary as asked; a command that is not about it is refused."""
        release, kind, promotion = self._pending or (None, None, None)
        if release is None or kind is None or promotion is None:
            raise UsageError("No canary is undecided any more. `awqctl release ls` says how it ended.")
        if asked.version != release.version or (asked.shift is None and not asked.yes):
            raise BusyError(
                f"The canary of {release.label} is undecided and keeps its share. `awqctl release promote "
                f"{release.version} --yes` gives it all requests; it ends by itself otherwise."
            )
        self._pending = None
        promotion.note = note
        shift = asked.shift is not False
        why = "Shifted all the same, as somebody decided." if shift else "Given up, as somebody decided."
        return self._ended(kind, release, promotion, promotion.decide(shift=shift, why=why))

    def _release(self, asked: Asked) -> Release:
        release = self._registry.release(asked.version)
        if release.digest != asked.digest:
            raise UsageError(
                f"Release {asked.version} is another one in the store of the running endpoint, {self._registry.store}. "
                f"Name that store with --store."
            )
        return release

    def _promotion(self, kind: Kind, release: Release, rollout: Rollout, note: Note, *, agreed: bool) -> Promotion:
        items = self._items(release, note)

        def smoke(engine: Engine) -> Smoke:
            checks = engine_smoke_test(engine)
            failed = [f"{check.name} ({check.detail})" for check in checks if not check.passed]
            said = f"smoke test: {len(checks) - len(failed)} of {len(checks)} checks passed"
            tried = Smoke(passed=not failed, said=(f"{said}{': ' if failed else ''}{'; '.join(failed)}.",))
            return all_of((tried, accuracy_smoke(engine, items))) if tried.passed else tried

        return Promotion(
            rollout=rollout,
            canary=self._offered.canary,
            max_error_share=self._offered.levels.max_error_share,
            smoke=smoke,
            settle=lambda: self._registry.promote(release, back=kind == "rollback"),
            note=note,
            clock=self._clock,
            sleep=self._sleep,
            agreed=agreed,
            exposed=self._exposed,
        )

    def _items(self, release: Release, note: Note) -> tuple[StoredItem, ...]:
        try:
            return self._registry.items(release)
        except (AwqctlError, OSError, ValueError) as problem:
            note(f"the answers that were stored with {release.label} cannot be read: {problem}")
            return ()

    def _mark(self, kind: Kind, release: Release) -> None:
        begun = self._as_change(kind, release, "under way", ()).model_copy(update={"pid": os.getpid()})
        keep_change(self._registry.folder, begun)
        self._event(f"{kind} to {release.label} (digest {release.digest[:12]}) begun, {self._served()} served.")

    def _ended(self, kind: Kind, release: Release, promotion: Promotion, outcome: Outcome) -> Change:
        """Write down how it ended, everywhere it is looked for; what cannot be written is said and loses nothing."""
        facts = outcome.model_dump(exclude={"outcome", "said"})
        facts["pid"] = os.getpid() if outcome.outcome == "undecided" else None
        change = self._as_change(kind, release, outcome.outcome, outcome.said)
        change = Change.model_validate({**change.model_dump(), **facts})
        if outcome.outcome == "promoted":
            self.serving = release
        if outcome.outcome == "undecided":
            self._hold(release, kind, promotion)
        self._write_down(change)
        reason = f" {' '.join(outcome.said)}" if outcome.outcome != "promoted" else ""
        self._event(f"{kind} to {release.label}: {outcome.outcome}.{reason}")
        return change

    def _write_down(self, change: Change) -> None:
        for keep in (partial(keep_change, self._registry.folder), self._registry.keep):
            try:
                keep(change)
            except (AwqctlError, OSError) as problem:
                self._reporter.warn(f"The change of release could not be written down: {problem}")

    def _hold(self, release: Release, kind: Kind, promotion: Promotion) -> None:
        self._pending = (release, kind, promotion)
        timer = threading.Timer(self._offered.canary.wait_s, self._expire, (promotion,))
        timer.daemon = True
        timer.start()

    def _expire(self, promotion: Promotion) -> None:
        """Give up a canary that nobody decided on."""
        with self._changing:
            if self._pending is None or self._pending[2] is not promotion:
                return
            release, kind, _ = self._pending
            self._pending = None
            promotion.note = self._told(lambda _: None)
            why = f"Nobody decided within {self._offered.canary.wait_s} s."
            self._ended(kind, release, promotion, promotion.decide(shift=False, why=why))

    def _as_change(self, kind: Kind, release: Release, outcome: Any, said: tuple[str, ...]) -> Change:
        before = self.serving.version if self.serving else None
        return Change(at=now(), kind=kind, release=release.version, replaced=before, outcome=outcome, said=said)

    def _served(self) -> str:
        return self.serving.label if self.serving else "an unregistered checkpoint"

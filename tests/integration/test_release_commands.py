"""`promote` and `rollback` as a supervisor carries them out and as a command line asks for them, over its own socket.

The registry, the control socket and the checks are real; the engines are scripted, and the clock is the test's.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import BusyError, EngineError, Interrupted, UsageError
from pipeline.base.progress import SilentReporter
from pipeline.recipe.serve import Canary, Serve
from pipeline.run.tracking import Tracker
from serve.endpoint import EndpointFolder, endpoint_folder
from serve.releases.changes import Change, changes_of, keep_change, latest_change
from serve.releases.control_commands import ReleaseCommands
from serve.releases.registry import Registry
from serve.releases.release import Release
from serve.supervisor.control import ControlServer, RemoteError
from serve.supervisor.ownership import owned
from serve.supervisor.release_change import change_release
from tests.fakes.released_run import make_run
from tests.fakes.rollout import Clock, ScriptedRollout, seen
from tests.fakes.scored_engine import ScoredEngine
from tests.helpers import eventually, invoke

OFFERED = Serve(canary=Canary(share=0.1, seconds=10, requests=20, wait_s=30, p95_ratio=1.2))
FEW = (seen(3, p95_ms=None), seen(27, p95_ms=None))


@dataclass
class Endpoint:
    """An endpoint that serves v1 and has a v2, as far as releases are concerned."""

    folder: EndpointFolder
    store: str
    releases: tuple[Release, Release]
    registry: Registry
    clock: Clock = field(default_factory=Clock)
    events: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: list[Release] = field(default_factory=list)
    engine: ScoredEngine = field(default_factory=ScoredEngine)
    stop: threading.Event = field(default_factory=threading.Event)
    offered: Serve = OFFERED
    rollout: ScriptedRollout = field(init=False)

    def __post_init__(self) -> None:
        """Make the engines and what commands them."""
        self.rollout = ScriptedRollout(self.clock, asked=self.engine)
        self.commands = ReleaseCommands(
            self.registry,
            self.offered,
            self.releases[0],
            rollout=self._rollout_of,
            event=self.events.append,
            reporter=SilentReporter(),
            stop=self.stop,
            clock=lambda: self.clock.now,
            sleep=self.clock.sleep,
        )

    def _rollout_of(self, release: Release) -> ScriptedRollout:
        self.started.append(release)
        return self.rollout

    def promote(self, number: int = 2, **arguments: object) -> Change:
        """Return how a change to a release ended."""
        release = self.releases[number - 1]
        asked: dict[str, Any] = {"version": number, "digest": release.digest, **arguments}
        return self.commands.promote(asked, self.notes.append)

    @contextmanager
    def running(self, tmp_path: Path) -> Iterator[None]:
        """Let it answer on its control socket."""
        commands = {"promote": self.commands.promote, "rollback": self.commands.rollback}
        control = ControlServer(self.folder, tmp_path / "control.sock", commands, started_at="now")
        with owned(self.folder), control:
            yield

    def asked(self, *answers: str, kind: Any = "promote", number: int = 2) -> tuple[Change | None, list[str]]:
        """Return what a command line gets, with these answers to its questions, and the questions."""
        left, questions = list(answers), []

        def confirm(question: str) -> bool:
            questions.append(question)
            return left.pop(0) == "yes"

        change = change_release(
            self.registry,
            kind,
            self.releases[number - 1],
            confirm=confirm,
            note=self.notes.append,
            reporter=SilentReporter(),
        )
        assert left == []
        return change, questions


@pytest.fixture
def endpoint(request: pytest.FixtureRequest, run_store: str, tmp_path: Path) -> Endpoint:
    """Return an endpoint that no other test has; it serves v1, and v2 is its newer checkpoint."""
    name = re.sub(r"[^a-z0-9_-]", "-", request.node.name.removeprefix("test_"))
    registry, out = Registry(Tracker(run_store), endpoint_folder(name)), tmp_path / "out"
    options = ("--endpoint", name, "--store", run_store, "--json")
    make_run(out)
    invoke("release", "promote", out, *options, raises=True)
    make_run(out, "second", day=19)
    invoke("release", "add", out, *options, raises=True)
    return Endpoint(endpoint_folder(name), run_store, (registry.release(1), registry.release(2)), registry)


def outcomes(endpoint: Endpoint) -> list[str]:
    """Return how the changes ended that the endpoint's file tells of, but the first one."""
    return [change.outcome for change in changes_of(endpoint.folder)][1:]


def test_failure_that_nobody_foresaw_is_no_change_under_way(endpoint: Endpoint) -> None:
    """Whatever breaks it, the change has ended, and the next one may begin."""
    endpoint.rollout.breaks["start"] = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        endpoint.promote()
    assert outcomes(endpoint) == ["under way", "aborted"]
    endpoint.rollout.breaks.clear()
    assert endpoint.promote().outcome == "promoted"


def test_endpoint_that_starts_changes_no_release(endpoint: Endpoint) -> None:
    """It has read already what it will serve, so the registry alone would not be the truth."""
    with owned(endpoint.folder), pytest.raises(BusyError, match="just starting or ending"):
        endpoint.asked()
    assert endpoint.registry.aliases()["production"] == 1


def test_promotion_is_written_down_everywhere(endpoint: Endpoint) -> None:
    """Audit, file, registry and MLflow say from where to where, how long each part took, and what the canary showed."""
    change = endpoint.promote()
    assert (change.outcome, change.release, change.replaced) == ("promoted", 2, 1)
    assert (change.start_seconds, change.drain_seconds, change.interruption_seconds) == (30.0, 5.0, None)
    assert change.said[:2] == (
        "smoke test: 4 of 4 checks passed.",
        "accuracy smoke: 8 of 8 items answered as in the release's own evaluation.",
    )
    assert outcomes(endpoint) == ["under way", "promoted"]
    assert [event.partition(" (")[0] for event in endpoint.events] == ["promote to v2", "promote to v2: promoted."]
    aliases = endpoint.registry.aliases()
    assert (aliases["production"], aliases["previous"]) == (2, 1)
    assert endpoint.commands.serving is not None
    assert endpoint.commands.serving.version == 2
    client = Tracker(endpoint.store).connect()
    (run,) = client.search_runs(
        [Tracker(endpoint.store).experiment_id],
        f"tags.`awqctl.endpoint` = '{endpoint.folder.name}' and tags.`awqctl.outcome` = 'promoted'",
    )
    assert run.data.metrics == {
        "start_seconds": 30.0,
        "drain_seconds": 5.0,
        "canary_requests": 60.0,
        "canary_errors": 0.0,
        "canary_p95_ms": 100.0,
        "replaced_requests": 540.0,
        "replaced_errors": 0.0,
        "replaced_p95_ms": 100.0,
    }


def test_weights_are_taken_where_they_are_now(endpoint: Endpoint, tmp_path: Path) -> None:
    """A checkpoint that a later run replaced is started from where it was kept."""
    make_run(tmp_path / "out", "third", day=20)
    endpoint.promote()
    assert Path(endpoint.started[0].checkpoint).parent == tmp_path / "out" / "checkpoints"


def test_damaged_weights_start_nothing(endpoint: Endpoint) -> None:
    """What does not verify is refused before an engine is made, and nothing has begun."""
    (Path(endpoint.releases[1].checkpoint) / "weights.txt").write_text("other", encoding="utf-8")
    with pytest.raises(UsageError, match=r"weights\.txt"):
        endpoint.promote()
    assert (endpoint.started, outcomes(endpoint)) == ([], [])


def test_other_answers_give_no_request(endpoint: Endpoint) -> None:
    """Weights that answer otherwise than the release's evaluation did are not let in; production stays."""
    endpoint.engine.likely = (" two",)
    change = endpoint.promote()
    assert (change.outcome, endpoint.rollout.done) == ("aborted", ["start", "abort"])
    assert "accuracy smoke: 0 of 8 items" in change.said[-1]
    assert endpoint.registry.aliases()["production"] == 1
    assert "accuracy smoke: 0 of 8" in endpoint.events[-1]
    tags = Tracker(endpoint.store).connect().get_model_version(endpoint.folder.name, "2").tags
    assert "aborted. smoke test: 4 of 4 checks passed. accuracy smoke: 0 of 8" in tags["awqctl.latest_change"]


def test_rollback_goes_the_same_way(endpoint: Endpoint) -> None:
    """Back to v1, with its checks and its canary; `previous` is then what v1 itself replaced: nothing."""
    endpoint.promote()
    endpoint.rollout.done.clear()
    asked = {"version": 1, "digest": endpoint.releases[0].digest}
    change = endpoint.commands.rollback(asked, endpoint.notes.append)
    assert (change.kind, change.outcome, change.replaced) == ("rollback", "promoted", 2)
    assert endpoint.rollout.done == ["start", "share 10", "share 100", "finish"]
    assert endpoint.registry.aliases() == {"production": 1}


def test_what_is_served_already(endpoint: Endpoint) -> None:
    """Nothing is started for it."""
    with pytest.raises(UsageError, match="v1 is what is served already"):
        endpoint.promote(1)


def test_release_of_another_store(endpoint: Endpoint) -> None:
    """The same number with another digest is another release."""
    with pytest.raises(UsageError, match="another one in the store of the running endpoint"):
        endpoint.commands.promote({"version": 2, "digest": "0" * 64}, endpoint.notes.append)


def test_interruption_is_told_before_it_happens(endpoint: Endpoint) -> None:
    """Without room nothing is done until somebody agrees; the next forecast is what this one took."""
    endpoint.rollout.room = False
    change = endpoint.promote()
    assert (change.outcome, endpoint.rollout.done) == ("interruption", [])
    assert "to start alone took 34 s" in change.said[0]
    change = endpoint.promote(interrupt=True)
    assert (change.outcome, change.interruption_seconds) == ("promoted", 70.0)
    change = endpoint.promote(1)
    assert change.said[0].startswith("The last one took 70 s (v2, ")
    assert outcomes(endpoint) == ["under way", "promoted"]


def test_undecided_waits_for_a_decision(endpoint: Endpoint) -> None:
    """Other changes are refused meanwhile; agreed to, it goes on from where it was."""
    endpoint.rollout.canary = FEW
    assert endpoint.promote().outcome == "undecided"
    assert endpoint.registry.aliases()["production"] == 1
    with pytest.raises(BusyError, match="canary of v2 is undecided"):
        endpoint.promote(1)
    change = endpoint.promote(shift=True)
    assert (change.outcome, change.agreed) == ("promoted", True)
    assert endpoint.rollout.done == ["start", "share 10", "share 100", "finish"]
    with pytest.raises(UsageError, match="No canary is undecided any more"):
        endpoint.promote(1, shift=True)


def test_nobody_decides(run_store: str, endpoint: Endpoint) -> None:
    """After its time an undecided canary goes back by itself."""
    canary = OFFERED.canary.model_copy(update={"seconds": 1, "wait_s": 1})
    offered = OFFERED.model_copy(update={"canary": canary})
    quick = Endpoint(endpoint.folder, run_store, endpoint.releases, endpoint.registry, offered=offered)
    quick.rollout.canary = FEW
    assert quick.promote().outcome == "undecided"
    assert eventually(lambda: outcomes(quick) == ["under way", "undecided", "aborted"])
    assert eventually(lambda: "Nobody decided within 1 s." in quick.events[-1])


def test_one_change_at_a_time(endpoint: Endpoint) -> None:
    """A second one is refused, and told where to look."""
    seen_inside: list[str] = []

    def sleep(seconds: float) -> None:
        endpoint.clock.sleep(seconds)
        if not seen_inside:
            change = latest_change(endpoint.folder)
            seen_inside.append(change.outcome if change else "")
            with pytest.raises(BusyError, match="under way"):
                endpoint.promote()

    endpoint.commands._sleep = sleep  # noqa: SLF001 -- the middle of a change
    assert endpoint.promote().outcome == "promoted"
    assert seen_inside == ["under way"]


def test_stop_of_the_endpoint_ends_a_change(endpoint: Endpoint) -> None:
    """Production is what it was; the next start serves that."""
    endpoint.commands._sleep = endpoint.commands._wait  # noqa: SLF001 -- in place of the test's clock
    endpoint.stop.set()
    change = endpoint.promote()
    assert (change.outcome, endpoint.rollout.done[-1]) == ("aborted", "abort")
    assert "next start serves what is production" in change.said[-1]


def test_change_that_was_broken_off_is_told_as_such(endpoint: Endpoint) -> None:
    """What a killed supervisor had begun did not end well."""
    begun = changes_of(endpoint.folder)[0].model_copy(update={"outcome": "under way", "pid": 2**22 + 1})
    with endpoint.folder.interruptions.open("a", encoding="utf-8") as file:
        file.write(begun.model_dump_json() + '\n{"at": "cut of')
    found = latest_change(endpoint.folder)
    assert found is not None
    assert found.outcome == "aborted"
    assert "ended before it did" in found.said[0]


def test_client_that_is_ended_says_that_the_change_goes_on(endpoint: Endpoint, tmp_path: Path) -> None:
    """A SIGTERM to the command stops nothing, and it is not to be run again."""

    def ended(_note: str) -> None:
        raise Interrupted("Stopped by SIGTERM. Run the same command again to go on where it stopped.")

    with endpoint.running(tmp_path), pytest.raises(Interrupted, match="goes on with it"):
        change_release(
            endpoint.registry,
            "promote",
            endpoint.releases[1],
            confirm=None,
            note=ended,
            reporter=SilentReporter(),
        )
    assert eventually(lambda: outcomes(endpoint) == ["under way", "promoted"])


def test_undecided_canary_ends_with_its_process(endpoint: Endpoint) -> None:
    """While that lives it keeps its share; nobody can decide on one whose supervisor has gone."""
    endpoint.rollout.canary = FEW
    endpoint.promote()
    found = latest_change(endpoint.folder)
    assert found is not None
    assert found.outcome == "undecided"
    keep_change(endpoint.folder, found.model_copy(update={"pid": 2**22 + 1}))
    found = latest_change(endpoint.folder)
    assert found is not None
    assert found.outcome == "aborted"


def test_change_after_half_a_line_is_kept(endpoint: Endpoint) -> None:
    """What a full disk cut off takes nothing else with it."""
    with endpoint.folder.interruptions.open("a", encoding="utf-8") as file:
        file.write('{"at": "cut of')
    assert endpoint.promote().outcome == "promoted"
    assert outcomes(endpoint) == ["under way", "promoted"]


def test_command_line_asks_the_supervisor(endpoint: Endpoint, tmp_path: Path) -> None:
    """It is asked before anything is sent, and hears how far it is."""
    with endpoint.running(tmp_path):
        change, questions = endpoint.asked("no")
        assert (change, endpoint.rollout.done) == (None, [])
        change, questions = endpoint.asked("yes")
    assert change is not None
    assert change.outcome == "promoted"
    assert "gates: 1 passed" in questions[0]
    assert "canary: 10 % of the requests for at least 10 s" in endpoint.notes


def test_command_line_asks_about_an_interruption(endpoint: Endpoint, tmp_path: Path) -> None:
    """The forecast is in the question; no means that nothing was done."""
    endpoint.rollout.room = False
    with endpoint.running(tmp_path):
        change, questions = endpoint.asked("yes", "no")
        assert (change, endpoint.rollout.done) == (None, [])
        assert "34 s" in questions[1]
        change, _ = endpoint.asked("yes", "yes")
    assert change is not None
    assert change.interruption_seconds == 70.0


@pytest.mark.parametrize(("answer", "outcome"), [("yes", "promoted"), ("no", "aborted")])
def test_command_line_asks_about_what_is_undecided(
    endpoint: Endpoint, tmp_path: Path, answer: str, outcome: str
) -> None:
    """Both answers end it."""
    endpoint.rollout.canary = FEW
    with endpoint.running(tmp_path):
        change, questions = endpoint.asked("yes", answer)
    assert change is not None
    assert change.outcome == outcome
    assert "3 requests in 30 s" in questions[1]


def test_command_with_yes(endpoint: Endpoint, tmp_path: Path) -> None:
    """Nothing is asked; code 3 where it went back, with the reason on standard output."""
    endpoint.rollout.breaks["start"] = EngineError("vLLM ended unexpectedly: out of memory.")
    options = ("--endpoint", endpoint.folder.name, "--store", endpoint.store)
    with endpoint.running(tmp_path):
        failed = invoke("release", "promote", 2, "--yes", *options, raises=True)
        endpoint.rollout.breaks.clear()
        done = invoke("release", "promote", 2, "--yes", "--json", *options, raises=True)
    assert (failed.return_value, done.return_value) == (3, 0)
    assert "out of memory" in failed.stdout
    assert "v1 is served" in failed.stdout
    assert json.loads(done.stdout)["outcome"] == "promoted"


def test_nobody_can_be_asked(endpoint: Endpoint, tmp_path: Path) -> None:
    """Without a terminal and without --yes nothing is sent."""
    with endpoint.running(tmp_path):
        answer = invoke("release", "promote", 2, "--endpoint", endpoint.folder.name, "--store", endpoint.store)
    assert isinstance(answer.exception, UsageError)
    assert "Repeat it with --yes" in str(answer.exception)
    assert endpoint.rollout.done == []


def test_error_of_the_supervisor_has_its_code(endpoint: Endpoint, tmp_path: Path) -> None:
    """What it refuses is refused with the code of the reason."""
    with endpoint.running(tmp_path), pytest.raises(RemoteError) as refusal:
        endpoint.asked("yes", number=1)
    assert refusal.value.exit_code == 2

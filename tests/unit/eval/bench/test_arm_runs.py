"""Runs that were made before: judged as those of today, and found only where they are what is asked for."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.bench.arm_runs import ArmRuns
from eval.bench.load.client import LoadClient
from eval.bench.load.prompts import MadePrompts
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.load.words import words_of
from eval.bench.measurement import LoadMeasurement
from eval.bench.recipe_load import spec_of
from eval.bench.resume import KeptRuns
from eval.bench.runs import Measured, RawFile
from pipeline.base.errors import SourceError
from pipeline.base.progress import SilentReporter
from pipeline.engines.engine import Engine
from pipeline.recipe.bench import Bench
from pipeline.runtimes.store import Runtime
from tests.unit.eval.bench.runs import measured

DEMO = Path(__file__).parents[4] / "recipes" / "demo" / "model"
SETTINGS = Bench(concurrency=(8,), requests_per_concurrency=10)
RAW = b"raw"


@pytest.fixture
def arm(tmp_path: Path) -> Callable[..., ArmRuns]:
    """Return a function that makes the runs of an arm; one of 40 tokens a second was made before."""

    def make(ceiling: float | None = 100.0, **changes: object) -> ArmRuns:
        measurement = LoadMeasurement(
            client=LoadClient(Runtime("loadgen", "0", "digest", Path("none"), "test")),
            prompts=MadePrompts(words_of(DEMO)),
            ceiling_tokens_per_s=ceiling,
            results=tmp_path,
            log=tmp_path / "log",
        )
        kept = KeptRuns(tmp_path / "kept", tmp_path)
        settings = SETTINGS.model_copy(update=changes)
        return ArmRuns("awq", settings, measurement, kept, ("engine",), Limits(), SilentReporter())

    (tmp_path / "kept").mkdir()
    (tmp_path / "run.gz").write_bytes(RAW)
    one = make()
    made = measured().model_copy(update={"raw": RawFile(name="run.gz", sha256=hashlib.sha256(RAW).hexdigest())})
    one.kept.keep(one._key(spec_of(SETTINGS, 8, 1)), made)  # noqa: SLF001 -- what is kept is found by it
    return make


def test_run_is_judged_by_the_ceiling_of_today(arm: Callable[..., ArmRuns]) -> None:
    """A client that is calibrated anew, and lower, takes what it measured above that away from the result."""
    assert len(arm().known(8, 1)) == 1
    assert arm(ceiling=30.0).known(8, 1) == ()
    (unknown,) = arm(ceiling=None).known(8, 1)
    assert "client below its limits" in unknown.not_checked


def test_void_run_that_was_made_again_stays_beside_the_one_that_stands(
    arm: Callable[..., ArmRuns],
) -> None:
    """A later attempt tells it, too; where the second one is void as well, both are made again."""
    one = arm()
    for number, tokens in ((2, 400), (3, 300)):
        for attempt, counted in ((1, 300), (2, tokens)):
            made = measured(engine_tokens=counted)
            raw = RawFile(name="run.gz", sha256=hashlib.sha256(RAW).hexdigest())
            key = one._key(spec_of(SETTINGS, 8, number, attempt))  # noqa: SLF001 -- as above
            one.kept.keep(key, made.model_copy(update={"raw": raw}))
    assert [(run.attempt, bool(run.void)) for run in one.known(8, 2)] == [(1, True), (2, False)]
    assert one.known(8, 3) == ()


class FirstOnly(LoadMeasurement):
    """Measures void runs, has no prompts to make them again, and none for a ninth."""

    def measure(self, _engine: Engine, _spec: LoadSpec, name: str, **_limits: float) -> Measured:
        """Return a run whose tokens were miscounted."""
        if name.endswith((".again", "-9")):
            raise SourceError("own.jsonl has 9 different conversations, and the loads take more.")
        raw = RawFile(name="run.gz", sha256=hashlib.sha256(RAW).hexdigest())
        return measured(engine_tokens=300).model_copy(update={"raw": raw})


def test_void_run_without_prompts_for_another_stays_void(arm: Callable[..., ArmRuns]) -> None:
    """What else was measured does not end for it; without prompts for the first one there is nothing to measure."""
    one = arm()
    few = replace(one, measurement=FirstOnly(**vars(one.measurement)))
    engine: Any = None
    (run,) = few.measure(engine, 8, 2)
    assert (run.attempt, bool(run.void)) == (1, True)
    with pytest.raises(SourceError):
        few.measure(engine, 8, 9)


@pytest.mark.parametrize(
    "changes",
    [{"requests_per_concurrency": 5}, {"seed": 1}, {"order": "alternate"}, {"warmup_requests": 1}],
    ids=["requests", "seed", "order", "warm-up"],
)
def test_run_of_other_settings_is_another(arm: Callable[..., ArmRuns], changes: dict[str, object]) -> None:
    """What changes a load, or what repeats are of, asks for a new run; more repeats do not."""
    assert arm(**changes).known(8, 1) == ()
    assert len(arm(repeats=5).known(8, 1)) == 1

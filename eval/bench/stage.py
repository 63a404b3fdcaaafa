"""The stage `bench`: the same load on every arm through the load client, void unless delivered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.arms.identity import weights_that_matter
from eval.arms.kernel import check_kernel
from eval.arms.probes import arms_problems
from eval.arms.setup import SERVED_NAME, EngineSetup, engine_setup
from eval.bench.counters import cached, disagreement, faults
from eval.bench.load.client import LoadClient, Target
from eval.bench.metrics import metrics_of
from eval.bench.recipe_load import RecipeLoad, words_of_model
from eval.bench.result import PERCENTILES, ArmLoad, BenchResult, EngineMemory, Latency, LoadPoint
from eval.statistics.repeats import geometric_mean
from pipeline.base.errors import AwqctlError, VoidMeasurementError, WorkerError
from pipeline.engines.probes import PROBES as ENGINE_PROBES
from pipeline.engines.vllm import VllmFacts, VllmServer, engine_arguments
from pipeline.models.tensors import weight_bytes
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.arms import Arms
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.preflight import Effort, Probe, Prospect
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import SECTION, Need, Stage, outputs, sections
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.logs import new_log

_SEEDS_PER_CONCURRENCY = 10_000
_LATENCIES = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e": "e2el"}
"""Our names -> vLLM's."""


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Measure throughput, latency and memory of the recipe's arms at every concurrency."""
    arms = tuple(arm.name for arm in arms_of(recipe))
    setup = engine_setup(recipe, context, record, arms)
    client = LoadClient(ensure_loadgen(context.home, context.reporter))
    words = words_of_model(setup.paths["baseline"], trust_remote_code=setup.trust_remote_code)
    log = new_log(context.logs / "bench-client.log")
    with context.staged("bench") as folder:
        bench = _Bench(RecipeLoad(client, words, recipe.bench, log), setup, recipe, context, folder)
        # An engine that the stage before left running is measured first: it is there, and would have to be stopped.
        order = sorted(arms, key=lambda arm: not context.slot.holds(setup.identity(arm)))
        sweeps = [_Sweep(arm, bench) for arm in order]
        loads = {sweep.arm: sweep.run() for sweep in sweeps}
        result = BenchResult(
            arms=tuple(loads[arm] for arm in arms),
            input_tokens=recipe.bench.input_tokens,
            output_tokens=recipe.bench.output_tokens,
            repeats=recipe.bench.repeats,
            engine_version=f"{setup.runtime.name} {sweeps[0].engine_version}",
            engine_arguments=engine_arguments(recipe.engine),
            counter_disagreement=max(sweep.worst for sweep in sweeps),
        )
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return StageOutcome(
        metrics=metrics_of(result),
        artifacts={"results": "bench/results.json"} | {f"{arm} runs": f"bench/{arm}" for arm in arms},
        result=result,
    )


def arms_of(recipe: Recipe) -> Arms:
    """Return the arms whose speed is measured, in the order of the recipe."""
    return tuple(arm for arm in recipe.arms if arm.name in recipe.bench.arms)


@dataclass(frozen=True)
class _Bench:
    """One benchmark: the load, the servers it goes to, and where its files go."""

    load: RecipeLoad
    setup: EngineSetup
    recipe: Recipe
    context: RunContext
    folder: Path


class _Sweep:
    """All runs on one arm, with one server and the shared client."""

    def __init__(self, arm: str, bench: "_Bench") -> None:
        self.arm = arm
        self._bench = bench
        self._folder = bench.folder / arm
        self.worst = 0.0
        self.engine_version = ""

    def run(self) -> ArmLoad:
        self._folder.mkdir()
        settings = self._bench.recipe.bench
        reused = self._bench.context.slot.holds(self._bench.setup.identity(self.arm))
        with self._bench.setup.running(self.arm, "bench", self._bench.context) as server:
            facts = server.facts()
            self.engine_version = facts.version
            check_kernel(self._bench.setup, self.arm, facts.kernel, server.log.name)
            runs = settings.repeats * len(settings.concurrency)
            points = []
            with self._bench.context.reporter.task(self.arm, total=runs) as task:
                for number, concurrency in enumerate(settings.concurrency):
                    repeats = []
                    for repeat in range(settings.repeats):
                        task.update(done=number * settings.repeats + repeat)
                        repeats.append(self._measure(server, number, repeat))
                    points.append(summarise(concurrency, repeats))
            return ArmLoad(
                arm=self.arm,
                kernel=facts.kernel,
                dtype=self._bench.recipe.engine.dtype,
                memory=self._memory(facts),
                start_seconds=server.start_seconds,
                reused=reused,
                points=tuple(points),
            )

    def _memory(self, facts: VllmFacts) -> EngineMemory:
        on_disk = weight_bytes(self._bench.setup.paths[self.arm]) / 2**30
        return EngineMemory(
            weights_gib=on_disk if facts.weights_gib is None else facts.weights_gib,
            weights_from="files" if facts.weights_gib is None else "engine",
            kv_cache_tokens=facts.kv_cache_tokens,
            max_concurrency=facts.max_concurrency,
            context_tokens=self._bench.recipe.engine.max_model_len,
        )

    def _measure(self, server: VllmServer, position: int, repeat: int) -> dict[str, Any]:
        """Return one run; each has prompts of its own, the same for every arm, so that no cache serves them."""
        settings = self._bench.recipe.bench
        concurrency = settings.concurrency[position]
        seed = settings.seed + _SEEDS_PER_CONCURRENCY * (position + 1)
        requests = settings.requests_per_concurrency * concurrency
        level = f"{self.arm}: concurrency {concurrency}"
        output = self._folder / f"concurrency-{concurrency}-run-{repeat + 1}.json"
        # Warm-up requests would be counted by the server and not by the client: they get a run of their own.
        if repeat == 0 and settings.warmup_requests:
            scrap = self._folder / "warmup.json"
            with self._bench.context.reporter.task(f"{level}, warm-up"):
                self._run(server, concurrency, settings.warmup_requests, seed, scrap)
            scrap.with_suffix(".json.gz").unlink()
        before = server.metrics().counters()
        with self._bench.context.reporter.task(f"{level}, run {repeat + 1} of {settings.repeats}"):
            result = self._run(server, concurrency, requests, seed + repeat + 1, output)
        after = server.metrics().counters()
        differences = disagreement(result, before, after)
        problems = faults(result, requests, differences) + cached(before, after)
        if problems:
            reason = f" First error: {result['first_error'][:200]}." if result["first_error"] else ""
            raise VoidMeasurementError(
                f"The benchmark of {self.arm} at concurrency {concurrency} is void: "
                f"{'; '.join(problems)}.{reason} Lower the concurrency or look into the engine's log.",
                log=server.log,
            )
        self.worst = max(self.worst, *differences.values())
        return result

    def _run(self, server: VllmServer, concurrency: int, requests: int, seed: int, output: Path) -> dict[str, Any]:
        target = Target(server.base_url, SERVED_NAME, server.api_key)
        try:
            result = self._bench.load.run(target, concurrency, requests, seed, output)
        except WorkerError:
            if not server.running():
                raise server.failure() from None
            raise
        if result["failed"] and not server.running():
            raise server.failure()
        return result


def summarise(concurrency: int, runs: list[dict[str, Any]]) -> LoadPoint:
    """Return the geometric means over the runs at one concurrency, and the single runs of what is compared."""

    def each(key: str) -> tuple[float, ...]:
        return tuple(float(run[key]) for run in runs)

    def mean(key: str) -> float:
        return geometric_mean(each(key))

    def latency(name: str) -> Latency:
        return Latency(
            **{figure: mean(f"{figure.removesuffix('_ms')}_{name}_ms") for figure in PERCENTILES},
            p50_ms_runs=each(f"p50_{name}_ms"),
            p95_ms_runs=each(f"p95_{name}_ms"),
        )

    throughput = each("output_throughput")
    return LoadPoint(
        concurrency=concurrency,
        requests=int(runs[0]["completed"]),
        output_tokens_per_s=mean("output_throughput"),
        output_tokens_per_s_runs=throughput,
        output_tokens_per_s_min=min(throughput),
        output_tokens_per_s_max=max(throughput),
        total_tokens_per_s=mean("total_token_throughput"),
        requests_per_s=mean("request_throughput"),
        duration_s=mean("duration"),
        **{ours: latency(theirs) for ours, theirs in _LATENCIES.items()},
    )


def _settings(recipe: Recipe) -> dict[str, object]:
    measured = [arm.model_dump(mode="json") for arm in arms_of(recipe)]
    return {**sections("engine", "bench")(recipe), f"{SECTION}arms": measured}


def _arms(prospect: Prospect) -> Iterator[AwqctlError]:
    yield from arms_problems(prospect, prospect.recipe.bench.arms)


STAGE = Stage(
    run=run,
    result=BenchResult,
    settings=_settings,
    needs=(Need(QuantizeResult, weights_that_matter),),
    engines=lambda _recipe: ("vllm",),
    takes_engine=True,
    outputs=outputs("bench/results.json"),
    probes=(Probe("arms", _arms, Effort.SECONDS, "This machine can run every arm.", of_machine=True), *ENGINE_PROBES),
)

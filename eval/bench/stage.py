"""The stage `bench`: the same load on every arm through vLLM's own benchmark, void unless delivered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.arms.identity import weights_that_matter
from eval.arms.kernel import check_kernel
from eval.arms.probes import arms_problems
from eval.arms.setup import SERVED_NAME, EngineSetup, engine_setup
from eval.bench.counters import cached, disagreement, faults
from eval.bench.metrics import metrics_of
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
from pipeline.runtimes.logs import new_log
from pipeline.runtimes.worker import Worker, worker_script

_SEEDS_PER_CONCURRENCY = 10_000
_LATENCIES = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e": "e2el"}
"""Our names -> vLLM's."""


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Measure throughput, latency and memory of the recipe's arms at every concurrency."""
    arms = tuple(arm.name for arm in arms_of(recipe))
    setup = engine_setup(recipe, context, record, arms)
    with (
        context.staged("bench") as folder,
        Worker(
            setup.runtime.python,
            worker_script("vllm_bench"),
            log=new_log(context.logs / "bench-client.log"),
            reporter=context.reporter,
            environment={"OPENAI_API_KEY": setup.api_key},
        ) as worker,
    ):
        version = worker.call("load", {}, "loading vLLM's benchmark")["version"]
        bench = _Bench(worker, setup, recipe, context, folder)
        # An engine that the stage before left running is measured first: it is there, and would have to be stopped.
        order = sorted(arms, key=lambda arm: not context.slot.holds(setup.identity(arm)))
        sweeps = [_Sweep(arm, bench) for arm in order]
        loads = {sweep.arm: sweep.run() for sweep in sweeps}
        result = BenchResult(
            arms=tuple(loads[arm] for arm in arms),
            input_tokens=recipe.bench.input_tokens,
            output_tokens=recipe.bench.output_tokens,
            repeats=recipe.bench.repeats,
            engine_version=f"{setup.runtime.name} {version}",
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
    """One benchmark: the client worker, the servers it loads, and where its files go."""

    worker: Worker
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

    def run(self) -> ArmLoad:
        self._folder.mkdir()
        settings = self._bench.recipe.bench
        reused = self._bench.context.slot.holds(self._bench.setup.identity(self.arm))
        with self._bench.setup.running(self.arm, "bench", self._bench.context) as server:
            facts = server.facts()
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
        request = {
            "base_url": server.base_url,
            "model": SERVED_NAME,
            "tokenizer": str(self._bench.setup.paths["baseline"]),
            "trust_remote_code": self._bench.setup.trust_remote_code,
            "concurrency": concurrency,
            "requests": requests,
            "input_tokens": settings.input_tokens,
            "output_tokens": settings.output_tokens,
            "seed": seed + repeat + 1,
            "output": str(self._folder / f"concurrency-{concurrency}-run-{repeat + 1}.json.gz"),
        }
        # Warm-up requests would be counted by the server and not by the client: they get a run of their own.
        if repeat == 0 and settings.warmup_requests:
            scrap = self._folder / "warmup.json.gz"
            warmup = {**request, "requests": settings.warmup_requests, "output": str(scrap), "seed": seed}
            self._call(server, warmup, f"{level}, warm-up")
            scrap.unlink()
        before = server.metrics().counters()
        result = self._call(server, request, f"{level}, run {repeat + 1} of {settings.repeats}")
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

    def _call(self, server: VllmServer, request: dict[str, Any], text: str) -> dict[str, Any]:
        try:
            return self._bench.worker.call("measure", {"warmups": 0, **request}, text)
        except WorkerError:
            if not server.running():
                raise server.failure() from None
            raise


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

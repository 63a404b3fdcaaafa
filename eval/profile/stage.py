"""The stage `profile`: vLLM's own profiler on every arm, at one load, on engines that nothing is timed on.

Recording slows an engine down, so it has a start of its own: its shares of time are of use, its speed is not.
"""

import hashlib
import shutil
from pathlib import Path

from eval.arms.identity import weights_that_matter
from eval.arms.kernel import check_kernel
from eval.arms.setup import EngineSetup
from eval.bench.load.client import LoadClient
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import Target
from eval.bench.recipe_load import made_prompts, spec_of, warm_up_of
from eval.bench.setup import bench_setup
from eval.profile.result import ArmProfile, ProfileResult, TraceFile
from eval.profile.trace import profile_of, read_trace
from pipeline.base.errors import EngineError
from pipeline.engines.probes import PROBES
from pipeline.engines.profiling import Profiling
from pipeline.engines.vllm import VllmServer
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import ENGINE_HEALTH
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import SECTION, Need, Stage, outputs, sections
from pipeline.runtimes.loadgen import ensure_loadgen
from pipeline.runtimes.logs import new_log

_LIMIT_S = 3600.0
_LARGEST_LOGGED = 256 * 2**20
"""Bytes of a trace that goes to MLflow as well."""
_LOAD = "the load of bench"
"""Names a part of a section among the inputs; a whole section would be filled in with its defaults."""
_OF_LOAD = ("input_tokens", "output_tokens", "warmup_requests", "seed", "arms", "dummy_weights")


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Record where the time goes in every benchmarked arm.

    Raises:
        EngineError: an engine did not start, died, or wrote no trace.
        WorkerError: the load client failed.
    """
    dummy, setup = bench_setup(recipe, context, record)
    client = LoadClient(ensure_loadgen(context.home, context.reporter))
    with context.staged(ProfileResult.STAGE) as folder:
        recording = _Recording(setup, client, recipe, context, folder)
        arms = tuple(recording.of(arm) for arm in recipe.bench.arms if arm in setup.weights)
        result = ProfileResult(
            arms=arms,
            concurrency=recipe.profile.concurrency,
            iterations=recipe.profile.iterations,
            input_tokens=recipe.bench.input_tokens,
            output_tokens=recipe.bench.output_tokens,
            engine_version=f"{setup.runtime.name} {recording.engine_version}",
            dummy_weights=dummy is not None,
        )
        (folder / "results.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    traces = {
        f"{one.arm}: {Path(trace.name).name}": f"{ProfileResult.STAGE}/{trace.name}"
        for one in result.arms
        for trace in one.traces
        if trace.bytes <= _LARGEST_LOGGED
    }
    return StageOutcome(artifacts={"results": f"{ProfileResult.STAGE}/results.json"} | traces, result=result)


class _Recording:
    """The profiler on one arm after the other."""

    def __init__(
        self, setup: EngineSetup, client: LoadClient, recipe: Recipe, context: RunContext, folder: Path
    ) -> None:
        self._setup = setup
        self._client = client
        self._recipe = recipe
        self._context = context
        self._folder = folder
        self._log = new_log(context.logs / "profile-client.log")
        self._prompts = made_prompts(setup.paths["baseline"], trusted=setup.trust_remote_code)
        self.engine_version = ""

    def of(self, arm: str) -> ArmProfile:
        """Return where the time of an arm goes; Nsight Systems records it on a start of its own where it is there."""
        traces = self._folder / arm
        kernel = self._record(arm, Profiling.with_torch(traces))
        recorded = sorted(traces.glob("*.pt.trace.json.gz"))
        if not recorded:
            raise EngineError(
                f"vLLM's profiler wrote no trace of the arm '{arm}'. Read its log in logs/, and profile again."
            )
        named = [path.rename(traces / f"rank{rank}.pt.trace.json.gz") for rank, path in enumerate(recorded)]
        for path in traces.glob("*.txt"):
            path.unlink()
        if self._setup.accelerator == "cuda" and (nsys := shutil.which("nsys")):
            self._record(arm, Profiling.with_nsys(traces, nsys))
            named += sorted(traces.glob("*.nsys-rep"))
        return ArmProfile(
            arm=arm,
            kernel=kernel,
            profile=profile_of(read_trace(named[0]), self._recipe.profile.operations),
            traces=tuple(self._file(path) for path in named),
        )

    def _record(self, arm: str, profiling: Profiling) -> str:
        bench, settings = self._recipe.bench, self._recipe.profile
        server = self._setup.server(arm, "profile", self._context, profiling=profiling)
        with server, self._context.reporter.task(f"{arm}: recording {profiling.title}"):
            facts = server.facts()
            self.engine_version = facts.version
            check_kernel(self._setup, arm, facts.kernel, server.log.name)
            load = spec_of(bench, settings.concurrency, 1).with_requests(settings.concurrency)
            self._offer(server, warm_up_of(bench, settings.concurrency), "warm-up")
            server.start_profile(settings.iterations)
            self._offer(server, load, "load")
            server.stop_profile()
        return facts.kernel

    def _offer(self, server: VllmServer, spec: LoadSpec, name: str) -> None:
        output = self._folder / f"{name}.json"
        target = Target(server.base_url, server.model, server.api_key)
        self._client.run(spec, target, self._prompts.of(spec), output, self._log, limit_s=_LIMIT_S)
        output.unlink()

    def _file(self, path: Path) -> TraceFile:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return TraceFile(name=path.relative_to(self._folder).as_posix(), sha256=digest, bytes=path.stat().st_size)


def _settings(recipe: Recipe) -> dict[str, object]:
    bench = recipe.bench.model_dump(mode="json")
    measured = [arm.model_dump(mode="json") for arm in recipe.benchmarked]
    load = {name: bench[name] for name in _OF_LOAD}
    return {**sections("engine", "profile")(recipe), _LOAD: load, f"{SECTION}arms": measured}


STAGE = Stage(
    run=run,
    result=ProfileResult,
    settings=_settings,
    sections=("profile",),
    on_request=True,
    needs=(Need(QuantizeResult, weights_that_matter, unless=lambda recipe: recipe.bench.dummy_weights),),
    engines=lambda _recipe: ("vllm",),
    takes_dummies=True,
    outputs=outputs("profile/results.json"),
    probes=PROBES,
    health=ENGINE_HEALTH,
)

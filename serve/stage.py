"""Stage `serve` of a run: the endpoint is started, tried with the `openai` client, and stopped.

The method: the checkpoint that was quantized is served exactly as `awqctl serve` would, through HAProxy with
its keys and routes, but on loopback, on a free port, and for one key that exists only in memory.
"""

import time

from eval.arms.identity import weights_that_matter
from pipeline.base.phrase import phrase, phrase_of
from pipeline.base.results import Gate
from pipeline.base.sentences.stored import ENGLISH, StoredSentences
from pipeline.engines.probes import PROBES as ENGINE_PROBES
from pipeline.quantize.result import QuantizeResult
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.health import SERVING_HEALTH
from pipeline.record.record import RunRecord, StageOutcome
from pipeline.record.stage import Need, Stage, sections
from pipeline.runtimes.haproxy import haproxy_version
from serve.checks.smoke import smoke_test
from serve.gateway.keys import new_key
from serve.gateway.routes import ROUTES
from serve.metrics import metrics_of
from serve.probes import PROBES
from serve.result import ServeResult, SmokeCheck
from serve.supervisor.spec import serving_spec
from serve.supervisor.supervisor import Supervisor

_HOST = "127.0.0.1"


def run(recipe: Recipe, context: RunContext, record: RunRecord) -> StageOutcome:
    """Serve the quantized checkpoint, try it, stop it.

    Raises:
        MissingStageError: nothing has been quantized yet.
        SourceError: the checkpoint does not match its manifest.
        EnvironmentLackError: the engine or the gateway cannot run here.
        EngineError: vLLM or HAProxy did not start.
    """
    spec = serving_spec(recipe, context, record, host=_HOST, port=0)
    key = new_key()
    started = time.monotonic()
    with Supervisor(spec, logs=context.logs, reporter=context.reporter, key_store=None, extra_keys=(key,)) as endpoint:
        start_seconds = time.monotonic() - started
        context.reporter.note(f"trying {endpoint.base_url} with the openai client")
        checks = smoke_test(endpoint.base_url, key, spec.models[0].name, endpoint.ca_certificate)
        facts = endpoint.replicas[0].engine.facts()
        result = ServeResult(
            checks=checks,
            tls=spec.tls,
            routes=ROUTES,
            gateway_version=haproxy_version(),
            engine_version=facts.version,
            kernel=facts.kernel,
            despite_gates=_gates_passed_over(record),
        )
    return _outcome(result, start_seconds, {log.name.split(".")[0]: context.relative(log) for log in endpoint.logs})


def _gates_passed_over(record: RunRecord) -> tuple[str, ...]:
    """Return what the gates say that did not pass: the runner starts this stage in spite of them only when asked to."""
    before = (result for name, result in record.stages.items() if name != ServeResult.STAGE and result.usable)
    return tuple(f"{gate.name}: {gate.statement}" for result in before for gate in result.gates if not gate.passed)


def _outcome(result: ServeResult, start_seconds: float, logs: dict[str, str]) -> StageOutcome:
    return StageOutcome(
        metrics=metrics_of(result, start_seconds),
        gates=(_gate(result.checks),),
        artifacts=logs,
        result=result,
    )


def _gate(checks: tuple[SmokeCheck, ...]) -> Gate:
    say, amount = StoredSentences, str(len(checks))
    failed = [phrase_of(say.failed_check, (check.phrase,), name=check.name) for check in checks if not check.passed]
    said = phrase(say.smoke_passed, passed=amount, checks=amount)
    if failed:
        said = phrase_of(say.smoke_failed, failed, passed=str(len(checks) - len(failed)), checks=amount)
    passed = bool(checks) and not failed
    return Gate(name="endpoint smoke test", passed=passed, statement=ENGLISH.text(said), said=said)


STAGE = Stage(
    run=run,
    result=ServeResult,
    settings=sections("engine", "serve"),
    needs=(Need(QuantizeResult, weights_that_matter),),
    engines=lambda _recipe: ("vllm",),
    probes=(*PROBES, *ENGINE_PROBES),
    health=SERVING_HEALTH,
    serves=True,
)

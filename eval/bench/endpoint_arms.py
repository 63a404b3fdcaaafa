"""Arms of the kind `endpoint`: servers that somebody runs already, measured as they stand under the same loads."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from eval.bench.load.budget import Allowance
from eval.bench.load.client import LoadClient
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.endpoint_result import ENDPOINT_FILE, EndpointArm, EndpointLoad
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.prompts import MadePrompts, Prompts
from eval.bench.load.words import words_of
from eval.bench.recipe_load import limits_of, spec_of
from pipeline.base.errors import AwqctlError, SourceError
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity
from pipeline.engines.external import ExternalEndpoint
from pipeline.recipe.arms import Arm
from pipeline.recipe.endpoint import Endpoint
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext


def endpoint_arms(
    recipe: Recipe, context: RunContext, client: LoadClient, prompts: Prompts, results: Path
) -> tuple[EndpointArm, ...]:
    """Return what was measured at the recipe's endpoints, in its order; one that stood whole before is not asked again.

    Args:
        recipe: with the arms and the load.
        context: of the run.
        client: that offers the loads.
        prompts: of the other arms, for servers whose tokenizer is not named.
        results: folder of the stage's results.

    Raises:
        EngineError: a server does not answer, refuses the key, or does not have the model.
        SourceError: a tokenizer cannot be read.
        UsageError: a variable of the environment is not set, or limits do not allow a warm-up.
    """
    return tuple(
        _measured(arm, server, recipe, context, client, prompts, results / arm.name) for arm, server in _servers(recipe)
    )


def endpoint_problems(recipe: Recipe, recipe_dir: Path) -> Iterator[AwqctlError]:
    """Yield what keeps the recipe's endpoints from being asked, before anything is: keys, certificates, tokenizers."""
    for arm, server in _servers(recipe):
        if server.tokenizer and not (recipe_dir / server.tokenizer).is_dir():
            yield SourceError(f"arms, {arm.name}: there is no folder {recipe_dir / server.tokenizer} with a tokenizer.")
        try:
            _endpoint(server, recipe_dir).client().close()
        except AwqctlError as problem:
            yield problem


def _servers(recipe: Recipe) -> Iterator[tuple[Arm, Endpoint]]:
    for arm in recipe.benchmarked:
        if arm.endpoint is not None:
            yield arm, arm.endpoint


def _measured(
    arm: Arm,
    server: Endpoint,
    recipe: Recipe,
    context: RunContext,
    client: LoadClient,
    prompts: Prompts,
    results: Path,
) -> EndpointArm:
    form = EndpointLoad.model_json_schema()  # another version of awqctl may have kept less
    asked = recipe.bench.model_dump(mode="json")
    first = prompts.identity(_plan(server, recipe, context).given[0])
    depends_on = [arm.model_dump(mode="json"), asked, client.version, first, form]
    kept = context.resume("bench") / f"endpoint-{document_identity(depends_on)[:16]}"
    load = _known(kept / ENDPOINT_FILE)
    if load is None:
        shutil.rmtree(kept, ignore_errors=True)
        bench = EndpointBench(
            _plan(server, recipe, context),
            _endpoint(server, context.recipe_dir),
            client,
            _prompts(server, context, prompts),
        )
        with context.reporter.task(arm.name):
            load = bench.run(context.home, kept, context.reporter, limits_of(recipe.bench.limits))
        if not any(point.void for point in load.points):
            write_atomically(kept / ENDPOINT_FILE, load.model_dump_json())
    shutil.copytree(kept, results)
    return EndpointArm(arm=arm.name, load=load)


def _known(result: Path) -> EndpointLoad | None:
    """Return what an earlier attempt measured; None where it did not, or it cannot be read any more."""
    try:
        return EndpointLoad.model_validate_json(result.read_bytes())
    except (OSError, ValidationError):
        return None


def _prompts(server: Endpoint, context: RunContext, others: Prompts) -> Prompts:
    if server.tokenizer is None or not isinstance(others, MadePrompts):
        return others
    return MadePrompts(words_of(context.recipe_dir / server.tokenizer))


def _plan(server: Endpoint, recipe: Recipe, context: RunContext) -> EndpointPlan:
    settings = recipe.bench
    repeats = range(1, settings.first_repeats + 1)
    loads = tuple(spec_of(settings, level, number) for level in settings.concurrency for number in repeats)
    return EndpointPlan(
        given=tuple(load.model_copy(update={"ignore_eos": not server.natural_lengths}) for load in loads),
        input_tokens=loads[0].input_tokens or loads[0].output_tokens,
        output_tokens=loads[0].output_tokens,
        connections_per_s=server.connections_per_second,
        natural_lengths=server.natural_lengths,
        seed=settings.seed,
        patience_s=server.patience,
        tokenizer=context.recipe_dir / server.tokenizer if server.tokenizer else None,
        allowance=Allowance(server.max_requests, server.max_tokens),
    )


def _endpoint(server: Endpoint, recipe_dir: Path) -> ExternalEndpoint:
    return ExternalEndpoint(
        server.url,
        model=server.model,
        api_key_env=server.api_key_env,
        ca_certificate=recipe_dir / server.ca if server.ca else None,
        insecure=server.insecure,
        headers=server.headers,
        header_env=server.secret_headers,
    )

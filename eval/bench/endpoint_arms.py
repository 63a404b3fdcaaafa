"""Arms of the kind `endpoint`: servers that somebody runs already, measured as they stand under the same loads."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from eval.bench.endpoint_soak import SOAK_FILE, EndpointSoak
from eval.bench.load.budget import Allowance
from eval.bench.load.client import LoadClient
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.endpoint_result import ENDPOINT_FILE, EndpointArm, EndpointLoad
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.prompts import MadePrompts, Prompts
from eval.bench.load.words import words_of
from eval.bench.recipe_load import limits_of, spec_of
from eval.bench.soak.recipe_soak import plan_of, soaked_endpoints
from eval.bench.soak.result import Soak
from pipeline.base.errors import AwqctlError, SourceError
from pipeline.base.files import write_atomically
from pipeline.base.identity import document_identity
from pipeline.base.results import Result
from pipeline.engines.external import ExternalEndpoint
from pipeline.recipe.arms import Arm
from pipeline.recipe.endpoint import Endpoint
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext

_Found = TypeVar("_Found", bound=Result)


def endpoint_arms(
    recipe: Recipe, context: RunContext, client: LoadClient, prompts: Prompts, results: Path
) -> tuple[tuple[EndpointArm, Soak | None], ...]:
    """Return what was measured at the recipe's endpoints, in its order, and the soaks of those that it names there.

    What stood whole before is not asked for again.

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
) -> tuple[EndpointArm, Soak | None]:
    forms = [EndpointLoad.model_json_schema(), Soak.model_json_schema()]  # another version may have kept less
    asked = recipe.bench.model_dump(mode="json")
    first = prompts.identity(_plan(server, recipe, context).given[0])
    depends_on = [arm.model_dump(mode="json"), asked, client.version, first, forms]
    kept = context.resume("bench") / f"endpoint-{document_identity(depends_on)[:16]}"
    load, soak = _known(kept / ENDPOINT_FILE, EndpointLoad), _known(kept / SOAK_FILE, Soak)
    held = arm.name in soaked_endpoints(recipe)
    if load is None or (held and soak is None):
        bench = EndpointBench(
            _plan(server, recipe, context),
            _endpoint(server, context.recipe_dir),
            client,
            _prompts(server, context, prompts),
        )
        with context.reporter.task(arm.name):
            load = _offered(bench, load, kept, recipe, context)
            soak = _held(bench, load, kept, recipe, context) if held else None
    shutil.copytree(kept, results)
    return EndpointArm(arm=arm.name, load=load), _of_arm(soak, arm.name) if soak and held else None


def _offered(
    bench: EndpointBench, known: EndpointLoad | None, kept: Path, recipe: Recipe, context: RunContext
) -> EndpointLoad:
    """Return what is measured at a server, unless that is known."""
    if known is not None:
        bench.resume(known)
        return known
    shutil.rmtree(kept, ignore_errors=True)
    load = bench.run(context.home, kept, context.reporter, limits_of(recipe.bench.limits))
    if not any(point.void for point in load.points):
        write_atomically(kept / ENDPOINT_FILE, load.model_dump_json())
    return load


def _held(bench: EndpointBench, load: EndpointLoad, kept: Path, recipe: Recipe, context: RunContext) -> Soak | None:
    """Return what became of a server under load, after its other loads."""
    plan = plan_of(recipe)
    if plan is None:
        return None
    soak = EndpointSoak(bench, plan, kept, context.reporter, limits_of(recipe.bench.limits)).run(load)
    if not soak.void:
        write_atomically(kept / SOAK_FILE, soak.model_dump_json())
    return soak


def _of_arm(soak: Soak, arm: str) -> Soak:
    """Return a soak as one of an arm, whose files lie in a folder of its name."""
    health = soak.health and soak.health.model_copy(update={"file": f"{arm}/{soak.health.file}"})
    raw = soak.raw_file and f"{arm}/{soak.raw_file}"
    return soak.model_copy(update={"arm": arm, "raw_file": raw, "health": health})


def _known(path: Path, kind: type[_Found]) -> _Found | None:
    """Return what an earlier attempt measured; None where it did not, or it cannot be read any more."""
    try:
        return kind.model_validate_json(path.read_bytes())
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

"""`awqctl plan claims FILE`: each configuration planned, each stated figure held against the plan."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.base.format import number, percent
from pipeline.base.results import Result
from pipeline.catalogue.claim_forms import Against, Claim, ClaimFile
from pipeline.catalogue.configurations import PlanRequest, plans
from pipeline.catalogue.gpus import find_gpu
from pipeline.catalogue.plan_forms import read_file
from pipeline.plan.activations import GIB
from pipeline.plan.claims import (
    Finding,
    Judged,
    Span,
    count_finding,
    efficiency_finding,
    not_planned,
    per_gpu_ratio,
    rate_finding,
    sequences_finding,
    size_finding,
)
from pipeline.plan.cpu_result import CpuConfiguration
from pipeline.plan.placement import gpus_for_bytes
from pipeline.plan.result import ConfigurationPlan, TokensPerSecond

SCHEMA = 1


class StatedFigure(Result):
    """A stated figure beside the planned one, each from its low to its high end."""

    figure: str
    stated: Span
    planned: Span | None
    judged: Judged
    why: str


class HeldClaim(Result):
    """One configuration as it is planned, and what was stated of it. Null: not planned."""

    name: str
    gpu: str | None
    verdict: str | None
    reasons: list[str]
    weights_gb: float | None
    """Of the whole model, wherever they lie."""
    kv_bytes_per_token: float | None
    sequences_asked: int | None
    sequences_that_fit: int | None
    max_model_len: int | None
    needed_kv_cache_gib: float | None
    """Of all sequences that were asked for."""
    kv_cache_gib: float | None
    output_tokens_per_s: TokensPerSecond | None
    figures: list[StatedFigure]
    cannot_be_told: str | None
    """Why no plan says anything of it."""


class HeldClaims(Result):
    """What `awqctl plan claims --json` prints."""

    schema_version: int = SCHEMA
    title: str
    claims: list[HeldClaim]
    wrong: int
    """Of the stated figures."""


def held_claims(path: Path) -> HeldClaims:
    """Return the claims of a file, each held against its plan.

    Raises:
        UsageError: the file is not valid, or names what the catalogue does not know.
        SourceError: a model is not known.
    """
    asked: ClaimFile = read_file(path, ClaimFile)
    claims = [_held(asked, claim) for claim in asked.claims]
    wrong = sum(figure.judged == "wrong" for claim in claims for figure in claim.figures)
    return HeldClaims(title=asked.title, claims=claims, wrong=wrong)


def _held(asked: ClaimFile, claim: Claim) -> HeldClaim:
    if claim.model is not None:
        return _planned(asked, claim)
    if claim.parameters is not None:
        return _sized(claim)
    return _empty(claim, cannot_be_told=claim.cannot_be_told)


def _empty(claim: Claim, **known: object) -> HeldClaim:
    blank = dict.fromkeys(HeldClaim.model_fields)
    return HeldClaim.model_validate({**blank, "name": claim.name, "reasons": [], "figures": [], **known})


def _sized(claim: Claim) -> HeldClaim:
    """Return a model that is given by its size alone: how many GPUs its weights take."""
    entry = find_gpu(str(claim.gpu))
    size = (claim.parameters or 0.0) * claim.bits / 8
    taken = gpus_for_bytes(size, entry.figures["memory_gb"].value * 1e9)
    found = [count_finding("gpus", claim.stated.gpus, taken)] if claim.stated.gpus else []
    return _empty(claim, gpu=entry.name, weights_gb=size / 1e9, figures=_figures(found))


def _planned(asked: ClaimFile, claim: Claim) -> HeldClaim:
    plan = _plan(claim, claim.concurrency)
    sequences = claim.max_num_seqs or 1
    return _empty(
        claim,
        gpu=plan.gpu,
        verdict=plan.verdict,
        reasons=plan.reasons,
        weights_gb=_weights_gb(claim),
        kv_bytes_per_token=plan.kv_bytes_per_token,
        sequences_asked=claim.max_num_seqs,
        sequences_that_fit=int(plan.max_concurrency),
        max_model_len=plan.max_model_len,
        needed_kv_cache_gib=sequences * plan.needed_kv_cache_gib,
        kv_cache_gib=max(0.0, plan.kv_cache_gib),
        output_tokens_per_s=plan.output_tokens_per_s,
        figures=_figures([*_memory(claim, plan), *_speed(asked, claim, plan)]),
    )


def _figures(findings: list[Finding]) -> list[dict[str, object]]:
    return [finding.__dict__ for finding in findings]


def _plan(claim: Claim, concurrency: int | None, against: Against | None = None) -> ConfigurationPlan:
    """Return the plan of a claim, or of what its ratio is to."""
    given = {} if against is None else against.model_dump(exclude_none=True)
    asked = claim.model_copy(update=given)
    request = PlanRequest(
        str(asked.model),
        gpus=asked.gpu,
        count=asked.gpus,
        quantization=asked.quantization,
        kv_cache_dtype=asked.kv_cache_dtype,
        max_model_len=asked.max_model_len,
        max_num_seqs=asked.max_num_seqs,
        cpu_offload_gib=asked.cpu_offload_gib,
        concurrency=given.get("concurrency", concurrency),
        input_tokens=asked.input_tokens,
        output_tokens=asked.output_tokens,
    )
    made, *others = plans(request).configurations
    if others:
        raise UsageError(f"{claim.name}: a claim is of one GPU, and {asked.gpu} are several. Write a claim for each.")
    if isinstance(made, CpuConfiguration):
        raise UsageError(f"{claim.name}: claims are held against plans for GPUs. Name one in place of {asked.gpu}.")
    return made


def _weights_gb(claim: Claim) -> float:
    whole = claim.model_copy(update={"gpus": None, "cpu_offload_gib": 0.0})
    return _plan(whole, None).weights_gib * GIB / 1e9


def _memory(claim: Claim, plan: ConfigurationPlan) -> Iterator[Finding]:
    """Yield what was stated of the memory."""
    stated, runs = claim.stated, plan.verdict == "fits"
    if stated.weights_gb:
        yield size_finding("weights_gb", stated.weights_gb, _weights_gb(claim))
    if stated.memory_percent:
        cache = (claim.max_num_seqs or 1) * plan.needed_kv_cache_gib
        taken = plan.weights_gib + plan.activations_gib + plan.non_torch_gib + plan.cuda_graphs_gib + cache
        yield size_finding("memory_percent", stated.memory_percent, 100 * taken / plan.gpu_memory_gib)
    if stated.efficiency_percent:
        yield efficiency_finding(stated.efficiency_percent, runs=runs)
    if stated.sequences:
        yield sequences_finding(
            stated.sequences, int(plan.max_concurrency) * plan.data_parallel_size, plan.max_model_len
        )


def _speed(asked: ClaimFile, claim: Claim, plan: ConfigurationPlan) -> Iterator[Finding]:
    """Yield what was stated of rates, for as many sequences at once as were stated."""
    stated = claim.stated
    if stated.tokens_per_s:
        yield _rate(claim, stated.tokens_per_s)
    if stated.users:
        yield _users(asked, stated.users, plan)
    if stated.times and claim.against:
        yield _times(claim, claim.against, stated.times)


def _rate(claim: Claim, stated: Span) -> Finding:
    at_once = claim.stated.sequences
    ends = [claim.concurrency] if at_once is None else [int(each) for each in at_once]
    found = [_plan(claim, each).output_tokens_per_s for each in ends]
    alone = _plan(claim, 1).output_tokens_per_s
    if found[0] is None or found[-1] is None or alone is None:
        return not_planned("tokens_per_s", stated, "it cannot run, or the GPU's rates are unknown")
    why = f"one request alone: {number(alone.low)} to {number(alone.high)}" if at_once else ""
    return rate_finding("tokens_per_s", stated, (found[0].low, found[-1].high), why)


def _users(asked: ClaimFile, stated: Span, plan: ConfigurationPlan) -> Finding:
    wanted = asked.tokens_per_s_per_user
    served = [point.concurrency for point in plan.throughput if point.expected >= wanted * point.concurrency]
    if not served:
        return not_planned("users", stated, f"nobody gets {number(wanted)} tok/s")
    users = max(served) / asked.active_share
    share = percent(asked.active_share)
    why = f"what each asks was not stated; {number(wanted)} tok/s each, {share} at once assumed"
    return Finding("users", stated, (users, users), "cannot be told", why)


def _times(claim: Claim, against: Against, stated: Span) -> Finding:
    first, second = _plan(claim, claim.concurrency), _plan(claim, claim.concurrency, against)
    rates = first.output_tokens_per_s, second.output_tokens_per_s
    if rates[0] is None or rates[1] is None:
        return not_planned("times", stated, f"one of {first.gpu} and {second.gpu} cannot run it, or has no known rates")
    ratio = per_gpu_ratio((rates[0].low, rates[0].high), (rates[1].low, rates[1].high), first.gpus, second.gpus)
    expected = rates[0].expected / first.gpus / (rates[1].expected / second.gpus)
    return rate_finding("times", stated, ratio, f"{number(expected)} expected, per GPU, to {second.gpu}")

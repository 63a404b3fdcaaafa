"""The load on a server that somebody else runs: any OpenAI-compatible endpoint, measured as it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from eval.bench.load.calibration import known_or_measured
from eval.bench.load.client import LoadClient, LoadTimeoutError, Target, timed
from eval.bench.load.descriptors import too_few
from eval.bench.load.result import Distribution, EngineLoad, LoadResult, MachineLoad
from eval.bench.load.spec import Lengths, LoadSpec
from eval.bench.load.validity import Limits, checks, not_checked, void_reasons
from eval.bench.load.watch import Watch
from pipeline.base.errors import EngineError
from pipeline.base.progress import Reporter, Task
from pipeline.base.results import Result
from pipeline.engines.external import ExternalEndpoint
from pipeline.hardware.health.summary import HealthSummary

_SEEDS_PER_POINT = 10_000
_SIZING = 5_000
_WARM_UP_REQUESTS = 2
_WARM_UP_TOKENS = 16
_SLOWER = 2.0
"""Times as long as the warm-up's requests one after the other that a load may take before it is given up."""
_REFUSED = ("HTTP 401", "HTTP 403")
_ABSENT = ("HTTP 404", "HTTP 405")


@dataclass(frozen=True)
class EndpointPlan:
    """What is to be measured."""

    concurrency: tuple[int, ...]
    input_tokens: Lengths
    output_tokens: Lengths
    requests_per_concurrency: int = 8
    seconds: float | None = None
    """Length of a timed run at each concurrency; None for a number of requests."""
    natural_lengths: bool = False
    """Whether answers may end where the model ends them."""
    seed: int = 0
    patience_s: float = 30.0
    """Longest wait for the warm-up, and for what a load takes beyond what the warm-up makes expect."""


class EndpointPoint(Result):
    """One concurrency; a void one has no figures."""

    concurrency: int
    requests: int
    failed: int
    output_tokens_per_s: float | None = None
    requests_per_s: float | None = None
    ttft_ms: Distribution = Distribution()
    tpot_ms: Distribution = Distribution()
    itl_ms: Distribution = Distribution()
    e2e_ms: Distribution = Distribution()
    duration_s: float | None = None
    """How long the load really was."""
    throughput_over: Literal["steady state", "whole run"] | None = None
    void: tuple[str, ...] | None = None
    """Why the point must not be used; None where it may."""
    not_checked: dict[str, str] = Field(default_factory=dict)
    """Conditions that could not be checked at this server, and why."""
    engine: EngineLoad | None = None
    """What the server's own counters say, where it has them."""
    machine: MachineLoad | None = None
    health: HealthSummary | None = None
    """Of this machine's processors and memory, and of the GPUs of a server on it; None where no load was made."""
    raw_file: str | None = None
    """Of the client, below the output folder."""
    raw_sha256: str | None = None


class EndpointLoad(Result):
    """What was measured at an endpoint."""

    schema_version: Literal[1] = 1
    endpoint: str
    model: str
    route: str
    """Of texts to complete; of chats where the server has no such."""
    client: str
    client_ceiling_tokens_per_s: float | None
    """Of this client on this machine, by `awqctl bench --calibrate`; None where the machine was too busy to tell."""
    input_tokens: Lengths
    output_tokens: Lengths
    lengths: Literal["fixed by ignore_eos", "natural"]
    prompt_tokens_by: Literal["tokenizer", "words"]
    """Whether prompts have their length by the model's tokenizer or in words, each about a token."""
    seed: int
    points: tuple[EndpointPoint, ...]


class EndpointBench:
    """The loads of a plan on one endpoint."""

    def __init__(
        self, plan: EndpointPlan, endpoint: ExternalEndpoint, client: LoadClient, *, tokenizer: Path | None = None
    ) -> None:
        self._plan = plan
        self._endpoint = endpoint
        self._client = client
        self._target = Target(endpoint.base_url, endpoint.model, endpoint.api_key, tokenizer)

    def run(self, home: Path, folder: Path, reporter: Reporter, limits: Limits | None = None) -> EndpointLoad:
        """Measure every concurrency; the client's own files stay in `folder`.

        Raises:
            EngineError: the server does not answer, refuses the key, or does not have the model or the route.
            WorkerError: the client failed.
        """
        with reporter.task("warm-up"):
            expected_s = self._warm_up(folder)
        known = None if expected_s is None else known_or_measured(self._client, home, folder, reporter)
        ceiling = known.usable_ceiling if known else None
        judge = Judge(ceiling, limits or Limits())
        with reporter.task("bench", total=len(self._plan.concurrency)) as task:
            points = tuple(self._points(expected_s, folder, judge, task))
        return EndpointLoad(
            endpoint=self._endpoint.base_url,
            model=self._target.model,
            route=self._target.route,
            client=self._client.version,
            client_ceiling_tokens_per_s=ceiling,
            input_tokens=self._plan.input_tokens,
            output_tokens=self._plan.output_tokens,
            lengths="natural" if self._plan.natural_lengths else "fixed by ignore_eos",
            prompt_tokens_by="tokenizer" if self._target.tokenizer else "words",
            seed=self._plan.seed,
            points=points,
        )

    def _warm_up(self, folder: Path) -> float | None:
        """Return the seconds that a request is expected to take alone; None when no answer came in time."""
        outputs = Lengths.fixed(min(self._plan.output_tokens.high, _WARM_UP_TOKENS))
        spec = self._spec(1, self._plan.seed).model_copy(update={"output_tokens": outputs})
        spec = spec.with_requests(_WARM_UP_REQUESTS)
        try:
            result = self._client.offer(spec, self._target, folder, "warm-up", limit_s=self._plan.patience_s)
            if _is_absent(result):
                chat = replace(self._target, chat=True)
                chatted = self._client.offer(spec, chat, folder, "warm-up", limit_s=self._plan.patience_s)
                if chatted.answered:
                    self._target, result = chat, chatted
        except LoadTimeoutError:
            return None
        self._require_usable(result)
        first, later = result.ttft_ms.mean or 0.0, result.tpot_ms.mean or 0.0
        return (first + later * self._plan.output_tokens.high) / 1000

    def _require_usable(self, result: LoadResult) -> None:
        """Return unless every request failed for a reason that no load will change."""
        if result.answered:
            return
        error = next(iter(result.errors), "")
        where = f"{self._endpoint.base_url}{self._target.route}"
        if error.startswith(_REFUSED):
            raise EngineError(f"{where} refuses the key: {error}. Name the variable that holds a valid one.")
        if _is_absent(result):
            raise EngineError(
                f"{where} does not serve '{self._target.model}': {error}. Check the address and the model's name."
            )
        self._endpoint.require_alive()

    def _points(self, expected_s: float | None, folder: Path, judge: "Judge", task: Task) -> Iterator[EndpointPoint]:
        obstacle = (
            f"no answer was whole within {self._plan.patience_s:g} s (--patience)" if expected_s is None else None
        )
        for number, concurrency in enumerate(self._plan.concurrency):
            task.update(done=number, text=f"bench: concurrency {concurrency}")
            spec = self._spec(concurrency, self._plan.seed + _SEEDS_PER_POINT * (number + 1))
            missing = too_few(concurrency) or obstacle
            if missing or expected_s is None:
                yield _void(spec, missing or "")
                continue
            try:
                yield self._point(spec, expected_s, folder, judge)
            except LoadTimeoutError as problem:
                obstacle = "not measured, because a lighter load did not end"
                yield _void(spec, problem.message.partition(". ")[0])

    def _point(self, spec: LoadSpec, expected_s: float, folder: Path, judge: "Judge") -> EndpointPoint:
        if spec.duration_s:
            spec = timed(spec, self._rate(spec, expected_s, folder))
        name = f"concurrency-{spec.concurrency}"
        with Watch(self._endpoint) as watch:
            result = self._client.offer(spec, self._target, folder, name, limit_s=self._limit(spec, expected_s))
        watch.settle(result.output_tokens)
        # A template puts tokens around a chat that the client does not count.
        known = self._target.tokenizer is not None and not self._target.chat
        health = watch.sampled(folder / f"{name}.health.jsonl.gz", folder, result.output_tokens)
        point = judge.point(result, watch, f"{name}.json", tokenizer_known=known)
        return point.model_copy(update={"health": health})

    def _spec(self, concurrency: int, seed: int) -> LoadSpec:
        plan = self._plan
        return LoadSpec(
            concurrency=concurrency,
            requests=None if plan.seconds else plan.requests_per_concurrency * concurrency,
            duration_s=plan.seconds,
            input_tokens=plan.input_tokens,
            output_tokens=plan.output_tokens,
            ignore_eos=not plan.natural_lengths,
            seed=seed,
        )

    def _rate(self, spec: LoadSpec, expected_s: float, folder: Path) -> float:
        """Return the requests per second of a short load, to size a timed one by."""
        short = spec.with_requests(2 * (spec.concurrency or 1))
        short = short.model_copy(update={"seed": spec.seed + _SIZING})
        limit = self._limit(short, expected_s)
        return self._client.offer(short, self._target, folder, "sizing", limit_s=limit).requests_per_s

    def _limit(self, spec: LoadSpec, expected_s: float) -> float:
        return self._plan.patience_s + _SLOWER * (spec.requests or 0) * expected_s


@dataclass(frozen=True)
class Judge:
    """What a load is held against."""

    ceiling_tokens_per_s: float | None
    limits: Limits

    def point(self, result: LoadResult, watch: Watch, raw_file: str, *, tokenizer_known: bool) -> EndpointPoint:
        """Return a load's point, with figures only where none of them is void."""
        evidence = watch.evidence(
            result, tokenizer_known=tokenizer_known, ceiling_tokens_per_s=self.ceiling_tokens_per_s
        )
        found = checks(evidence, self.limits)
        reasons = void_reasons(found)
        bare = EndpointPoint(
            concurrency=result.spec.concurrency or 0,
            requests=result.sent,
            failed=result.failed,
            duration_s=result.duration_s,
            void=reasons or None,
            not_checked=not_checked(found),
            engine=watch.engine,
            machine=watch.machine,
            raw_file=raw_file,
            raw_sha256=result.raw_sha256,
        )
        if reasons:
            return bare
        return bare.model_copy(
            update={
                name: getattr(result, name)
                for name in (
                    *("output_tokens_per_s", "requests_per_s", "throughput_over"),
                    *("ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"),
                )
            }
        )


def _is_absent(result: LoadResult) -> bool:
    return not result.answered and next(iter(result.errors), "").startswith(_ABSENT)


def _void(spec: LoadSpec, reason: str) -> EndpointPoint:
    return EndpointPoint(concurrency=spec.concurrency or 0, requests=spec.requests or 0, failed=0, void=(reason,))

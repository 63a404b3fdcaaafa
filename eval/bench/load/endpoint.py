"""The load on a server that somebody else runs: any OpenAI-compatible endpoint, measured as it stands."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from eval.bench.load.budget import Budget, LimitReachedError
from eval.bench.load.calibration import known_or_measured
from eval.bench.load.client import LoadClient, LoadTimeoutError, timed
from eval.bench.load.descriptors import too_few
from eval.bench.load.endpoint_result import EndpointLoad, EndpointPoint
from eval.bench.load.judge import Judge, void_point
from eval.bench.load.own_prompts import FilePrompts
from eval.bench.load.plan import EndpointPlan
from eval.bench.load.prompts import Prompts
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import target_of
from eval.bench.load.validity import Limits
from eval.bench.load.watch import Watch
from pipeline.base.errors import EngineError, SourceError, UsageError
from pipeline.base.phrase import phrase, quoted
from pipeline.base.progress import Reporter, Task
from pipeline.base.results import Phrase
from pipeline.base.sentences.validity import ValiditySentences
from pipeline.base.token_range import TokenRange
from pipeline.engines.external import ExternalEndpoint

_SIZING = 5_000
_WARM_UP_REQUESTS = 2
_WARM_UP_TOKENS = 16
_SLOWER = 2.0
"""Times as long as the warm-up's requests one after the other that a load may take before it is given up."""
_REFUSED = ("HTTP 401", "HTTP 403")
_ABSENT = ("HTTP 404", "HTTP 405")


class EndpointBench:
    """The loads of a plan on one endpoint."""

    def __init__(
        self, plan: EndpointPlan, endpoint: ExternalEndpoint, client: LoadClient, prompts: Prompts | None = None
    ) -> None:
        """Read what the plan names.

        Args:
            plan: the loads.
            endpoint: the server.
            client: that offers them.
            prompts: to use instead of those of the plan.

        Raises:
            EngineError: the server does not say which model it has.
            SourceError: the tokenizer or the prompts cannot be read.
            UsageError: a variable of the environment is not set, or a load has too many requests.
        """
        self._plan = plan
        self._loads = plan.loads()
        self._endpoint = endpoint
        self._client = client
        self._prompts = prompts or plan.source()
        self._own = self._prompts if isinstance(self._prompts, FilePrompts) else None
        self._target = target_of(endpoint, chat=self._prompts.chat)
        self._budget = Budget(plan.allowance)

    def run(self, home: Path, folder: Path, reporter: Reporter, limits: Limits | None = None) -> EndpointLoad:
        """Offer every load; the client's own files stay in `folder`.

        Raises:
            EngineError: the server does not answer, refuses the key, or does not have the model or the route.
            UsageError: the limits do not allow a warm-up.
            WorkerError: the client failed.
        """
        plan = self._plan
        self._endpoint.require_reachable()
        with reporter.task("warm-up"):
            expected_s = self._warm_up(folder)
        known = None if expected_s is None else known_or_measured(self._client, home, folder, reporter)
        ceiling = known.usable_ceiling if known else None
        judge = Judge(ceiling, limits or Limits())
        with reporter.task("bench", total=len(self._loads)) as task:
            points = tuple(self._points(self._loads, expected_s, folder, judge, task))
        return EndpointLoad(
            endpoint=self._endpoint.base_url,
            model=self._target.model,
            route=self._target.route,
            client=self._client.version,
            client_ceiling_tokens_per_s=ceiling,
            input_tokens=None if self._own else plan.input_tokens,
            output_tokens=plan.output_tokens,
            prompts=self._own.described if self._own else None,
            burstiness=plan.burstiness if plan.rates_per_s else None,
            ramp_from_per_s=plan.ramp_from_per_s if plan.rates_per_s else None,
            lengths="natural" if plan.natural_lengths else "fixed by ignore_eos",
            prompt_tokens_by="tokenizer" if plan.tokenizer else "words",
            seed=plan.seed,
            spent=self._budget.spent,
            points=points,
        )

    @property
    def endpoint(self) -> ExternalEndpoint:
        """The server."""
        return self._endpoint

    @property
    def chats(self) -> bool:
        """Whether the server is asked for chats."""
        return self._target.chat

    @property
    def knows_prompt_tokens(self) -> bool:
        """Whether prompt tokens are counted here as in the server; a template puts some around a chat."""
        return self._plan.tokenizer is not None and not self._target.chat

    def resume(self, load: EndpointLoad) -> None:
        """Go on where a load was measured before: ask the server by the same route."""
        self._target = replace(self._target, chat=load.route == replace(self._target, chat=True).route)

    def take_made_prompts(self) -> None:
        """Go on with made prompts of a load's own lengths: one of minutes takes more than a client's file has."""
        if self._own is not None:
            self._prompts, self._own = self._plan.made_prompts(), None

    def offer(self, spec: LoadSpec, folder: Path, name: str, limit_s: float) -> tuple[LoadResult, Watch]:
        """Offer a load and watch the server meanwhile, once it is warm; the client's own file is `folder/name.json`.

        Raises:
            LimitReachedError: it would take more than is allowed.
            LoadTimeoutError: it was not over after `limit_s`.
            SourceError: there are too few prompts.
            WorkerError: the client failed.
        """
        with Watch(self._endpoint) as watch:
            result = self._offer(spec, folder, name, limit_s)
        watch.settle(result.output_tokens)
        return result, watch

    def _warm_up(self, folder: Path) -> float | None:
        """Return the seconds that a request is expected to take alone; None when no answer came in time."""
        outputs = TokenRange.fixed(min(self._plan.output_tokens.high, _WARM_UP_TOKENS))
        spec = self._plan.load(seed=self._plan.seed, concurrency=1).model_copy(update={"output_tokens": outputs})
        spec = spec.with_requests(_WARM_UP_REQUESTS)
        try:
            result = self._offer(spec, folder, "warm-up", self._plan.patience_s)
            if _is_absent(result) and not self._target.chat:
                completes, self._target = self._target, replace(self._target, chat=True)
                chatted = self._offer(spec, folder, "warm-up", self._plan.patience_s)
                if chatted.answered:
                    result = chatted
                else:
                    self._target = completes
        except LoadTimeoutError:
            self._endpoint.require_reachable()
            return None
        except LimitReachedError as problem:
            raise UsageError(f"The warm-up was {problem.message}. Raise the limit.") from problem
        self._require_usable(result)
        first, later = result.ttft_ms.mean or 0.0, result.tpot_ms.mean or 0.0
        return (first + later * self._plan.output_tokens.high) / 1000

    def _offer(self, spec: LoadSpec, folder: Path, name: str, limit_s: float) -> LoadResult:
        """Offer a load, unless it takes more than is allowed."""
        spec = self._plan.built_up(spec, self._endpoint.base_url)
        prompts = self._prompts.of(spec)
        most = self._budget.take(prompts, chat=self._target.chat)
        result = self._client.offer(spec, self._target, prompts, folder, name, limit_s=limit_s)
        self._budget.add(max(result.output_tokens - most, 0))
        return result

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
        self._endpoint.require_alive(error)

    def _points(
        self, loads: tuple[LoadSpec, ...], expected_s: float | None, folder: Path, judge: Judge, task: Task
    ) -> Iterator[EndpointPoint]:
        obstacle: Phrase | None = None
        if expected_s is None:
            obstacle = phrase(ValiditySentences.no_whole_answer, patience=f"{self._plan.patience_s:g}")
        names = _names(loads)
        for number, spec in enumerate(loads):
            task.update(done=number, text=f"bench: {spec.level}")
            missing = self._too_few(spec) or obstacle
            if missing is not None or expected_s is None:
                yield void_point(spec, missing or quoted(""))
                continue
            try:
                yield self._point(spec, expected_s, folder, names[number], judge)
            except LoadTimeoutError as problem:
                obstacle = phrase(ValiditySentences.lighter_load_endless)
                yield void_point(spec, quoted(problem.message.partition(". ")[0]))
            except LimitReachedError as problem:
                yield void_point(spec, quoted(problem.message))
            except SourceError as problem:  # too few prompts
                yield void_point(spec, quoted(problem.message.partition(". ")[0]))

    def _too_few(self, spec: LoadSpec) -> Phrase | None:
        """Return which descriptors or ports are missing; a relay has two connections for each request."""
        return too_few((spec.concurrency or 1) * (2 if self._target.secret_headers else 1))

    def _point(self, spec: LoadSpec, expected_s: float, folder: Path, name: str, judge: Judge) -> EndpointPoint:
        if spec.duration_s:
            spec = timed(spec, 0.0 if spec.arrivals else self._rate(spec, expected_s, folder))
        result, watch = self.offer(spec, folder, name, self._limit(spec, expected_s))
        repeats = self._own is not None and self._own.repeats
        health = watch.sampled(folder / f"{name}.health.jsonl.gz", folder, result.output_tokens)
        point = judge.point(
            result, watch, f"{name}.json", tokenizer_known=self.knows_prompt_tokens, prompts_repeat=repeats
        )
        return point.model_copy(update={"health": health})

    def _rate(self, spec: LoadSpec, expected_s: float, folder: Path) -> float:
        """Return the requests per second of a short load, to size a timed one by."""
        short = spec.with_requests(2 * (spec.concurrency or 1))
        short = short.model_copy(update={"seed": spec.seed + _SIZING})
        return self._offer(short, folder, "sizing", self._limit(short, expected_s)).requests_per_s

    def _limit(self, spec: LoadSpec, expected_s: float) -> float:
        requests = spec.requests or 0
        arriving_s = requests / spec.arrivals.mean_rate_per_s if spec.arrivals else 0.0
        build_up = self._plan.built_up(spec, self._endpoint.base_url).build_up
        arriving_s += build_up.seconds if build_up else 0.0
        return self._plan.patience_s + arriving_s + _SLOWER * requests * expected_s


def _is_absent(result: LoadResult) -> bool:
    return not result.answered and next(iter(result.errors), "").startswith(_ABSENT)


def _names(loads: tuple[LoadSpec, ...]) -> list[str]:
    """Return a name of files for each load; of loads at the same level they are numbered."""
    names = [spec.level.replace(" ", "-") for spec in loads]
    return [
        f"{name}-run-{names[: place + 1].count(name)}" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]

"""The soak of a server that somebody else runs: after the loads of its plan, which tell the knee."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from eval.bench.load.budget import LimitReachedError
from eval.bench.load.details import answers_of
from eval.bench.load.endpoint import EndpointBench
from eval.bench.load.endpoint_result import EndpointLoad
from eval.bench.load.result import RawFile
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits
from eval.bench.soak.knee import knee_of
from eval.bench.soak.memory import ProcessMemory
from eval.bench.soak.result import Soak
from eval.bench.soak.soak import Offered, SoakBench, SoakPlan, bare_soak
from pipeline.base.errors import SourceError
from pipeline.base.progress import Reporter

SOAK_FILE = "endpoint-soak.json"
"""Beside the client's own `soak.json`."""


class SoakedEndpoint(EndpointLoad):
    """What was measured at an endpoint, and what became of it under load."""

    soak: Soak


@dataclass(frozen=True)
class EndpointSoak:
    """Holds a load on an endpoint; the client's own files stay in `folder`, beside those of the loads."""

    bench: EndpointBench
    plan: SoakPlan
    folder: Path
    reporter: Reporter
    limits: Limits = field(default_factory=Limits)

    def run(self, load: EndpointLoad) -> Soak:
        """Return what became of the endpoint; void where the load was not what it claims to be, or not allowed.

        Raises:
            EngineError: the server does not answer any more.
            WorkerError: the client failed.
        """
        self.bench.take_made_prompts()
        levels = {point.concurrency: point.output_tokens_per_s for point in load.points}
        throughput = {level: rate for level, rate in levels.items() if level and rate}
        knee = knee_of(throughput, max((level for level in levels if level), default=1))

        def offer(spec: LoadSpec, name: str, limit_s: float) -> Offered:
            return self._offered(load, spec, name, limit_s)

        engine = self.bench.endpoint
        memory = ProcessMemory(engine.base_url)
        try:
            return SoakBench(self.plan, offer, engine, memory, self.limits, self.reporter).run(knee)
        except (LimitReachedError, SourceError) as problem:
            reason = problem.message.partition(". ")[0]
            return bare_soak(self.plan, knee, None).model_copy(update={"void": (reason,)})

    def _offered(self, load: EndpointLoad, spec: LoadSpec, name: str, limit_s: float) -> Offered:
        result, watch = self.bench.offer(spec, self.folder, name, limit_s)
        raw = self.folder / f"{name}.json"
        return Offered(
            evidence=watch.evidence(
                result,
                tokenizer_known=self.bench.knows_prompt_tokens,
                ceiling_tokens_per_s=load.client_ceiling_tokens_per_s,
            ),
            answers=answers_of(json.loads(raw.read_bytes()), chat=self.bench.chats),
            raw=RawFile(name=raw.name, sha256=result.raw_sha256),
            health=watch.sampled(self.folder / f"{name}.health.jsonl.gz", self.folder, result.output_tokens),
        )

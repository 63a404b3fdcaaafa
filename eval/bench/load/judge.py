"""`Judge`: makes a point of a load on an endpoint, with figures only where nothing voids it."""

from dataclasses import dataclass

from eval.bench.load.endpoint_result import EndpointPoint
from eval.bench.load.result import LoadResult
from eval.bench.load.spec import LoadSpec
from eval.bench.load.validity import Limits, checks, not_checked, not_checked_phrases, void_phrases
from eval.bench.load.watch import Watch
from pipeline.base.phrase import phrase
from pipeline.base.results import Phrase
from pipeline.base.sentences.stored import ENGLISH
from pipeline.base.sentences.validity import ValiditySentences


@dataclass(frozen=True)
class Judge:
    """What a load is held against."""

    ceiling_tokens_per_s: float | None
    limits: Limits

    def point(
        self, result: LoadResult, watch: Watch, raw_file: str, *, tokenizer_known: bool, prompts_repeat: bool = False
    ) -> EndpointPoint:
        """Return a load's point, with figures only where none of them is void."""
        evidence = watch.evidence(
            result, tokenizer_known=tokenizer_known, ceiling_tokens_per_s=self.ceiling_tokens_per_s
        )
        found = checks(evidence, self.limits)
        reasons = void_phrases(found)
        if prompts_repeat and (watch.engine is None or watch.engine.cached_prompt_tokens is None):
            reasons += (phrase(ValiditySentences.may_be_cached),)
        bare = _bare(result.spec).model_copy(
            update={
                "history_share": result.history_share,
                "arrival_rate_per_s": result.arrival_rate_per_s if result.spec.arrivals else None,
                "requests": result.sent,
                "failed": result.failed,
                "duration_s": result.duration_s,
                "void": tuple(map(ENGLISH.text, reasons)) or None,
                "void_said": reasons,
                "not_checked": not_checked(found),
                "not_checked_said": not_checked_phrases(found),
                "engine": watch.engine,
                "machine": watch.machine,
                "raw_file": raw_file,
                "raw_sha256": result.raw_sha256,
            }
        )
        if reasons:
            return bare
        return bare.model_copy(
            update={
                name: getattr(result, name)
                for name in (
                    *("output_tokens_per_s", "requests_per_s", "throughput_over", "latencies_over", "steady_state"),
                    *("ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"),
                )
            }
        )


def void_point(spec: LoadSpec, reason: Phrase) -> EndpointPoint:
    """Return the point of a load that was not made, with the reason."""
    return _bare(spec).model_copy(update={"void": (ENGLISH.text(reason),), "void_said": (reason,)})


def _bare(spec: LoadSpec) -> EndpointPoint:
    rate = spec.arrivals.rate_per_s if spec.arrivals else None
    return EndpointPoint(
        concurrency=spec.concurrency,
        rate_per_s=rate,
        connections_per_s=spec.connections_per_s,
        requests=spec.requests or 0,
        failed=0,
    )

"""One load on a running engine, with all that is known of it."""

import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.bench.load.client import ClientRun, LoadClient, result_of
from eval.bench.load.details import Answer, answers_of, latencies, times_of
from eval.bench.load.prompts import Prompts
from eval.bench.load.result import Distribution, RawFile
from eval.bench.load.spec import LoadSpec
from eval.bench.load.target import Target
from eval.bench.load.watch import Watch
from eval.bench.runs import LoadRun, Measured
from pipeline.base.errors import WorkerError
from pipeline.engines.engine import Engine
from pipeline.hardware.health.selection import Choice

_LIMIT_S = 24 * 3600.0
"""An engine that died ends a run sooner; one that is slow is measured."""
_NOT_KEPT = ("generated_texts",)


@dataclass(frozen=True)
class LoadMeasurement:
    """What all loads of a benchmark share."""

    client: LoadClient
    prompts: Prompts
    ceiling_tokens_per_s: float | None
    """Of the client on this machine; None where it is not known."""
    results: Path
    """Folder of the results, below which raw files are kept."""
    log: Path
    gpus: Choice | None = None
    """That the engines use; None for those on which they are seen."""

    def measure(self, engine: Engine, spec: LoadSpec, name: str, *, limit_s: float = _LIMIT_S) -> Measured:
        """Offer a load and watch engine and machine meanwhile; the client's file stays as `results/name.json.gz`.

        Raises:
            EngineError: the engine died.
            LoadTimeoutError: the load was not over after `limit_s`.
            WorkerError: the client failed.
        """
        output = self.results / f"{name}.json"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with Watch(engine, choose=self.gpus) as watch:
            run = self._offer(engine, spec, output, limit_s)
        result = result_of(run, self.client.version)
        if result.failed:
            engine.require_alive()
        watch.settle(result.output_tokens)
        evidence = watch.evidence(
            result,
            tokenizer_known=run.asked.prompt_tokens is not None,
            ceiling_tokens_per_s=self.ceiling_tokens_per_s,
        )
        health = watch.sampled(output.with_suffix(".health.jsonl.gz"), self.results, result.output_tokens)
        raw = _kept(output, run.raw, self.results)
        return Measured(measured_at=now, evidence=evidence, raw=raw, health=health)

    def warm_up(self, engine: Engine, spec: LoadSpec) -> None:
        """Offer a load of which nothing is kept.

        Raises:
            EngineError: the engine died.
            WorkerError: the client failed.
        """
        output = self.results / "warm-up.json"
        self._offer(engine, spec, output)
        output.unlink()

    def pooled(self, runs: Iterable[LoadRun]) -> dict[str, Distribution]:
        """Return the distributions of latencies over the requests of several runs together."""
        return latencies([times_of(self.answers(run.raw_file)) for run in runs])

    def answers(self, raw_file: str) -> tuple[Answer, ...]:
        """Return the answered requests in a file that was kept."""
        kept = gzip.decompress((self.results / raw_file).read_bytes())
        return answers_of(json.loads(kept), chat=self.prompts.chat)

    def _offer(self, engine: Engine, spec: LoadSpec, output: Path, limit_s: float = _LIMIT_S) -> ClientRun:
        target = Target(engine.base_url, engine.model, engine.api_key, chat=self.prompts.chat)
        try:
            return self.client.run(spec, target, self.prompts.of(spec), output, self.log, limit_s=limit_s)
        except WorkerError:
            engine.require_alive()
            raise


def _kept(output: Path, raw: dict[str, Any], results: Path) -> RawFile:
    """Compress what the client wrote without the texts, whose words say nothing of speed."""
    document = {key: value for key, value in raw.items() if key not in _NOT_KEPT}
    kept = gzip.compress(json.dumps(document).encode(), mtime=0)
    path = output.with_suffix(".json.gz")
    path.write_bytes(kept)
    output.unlink()
    return RawFile(name=path.relative_to(results).as_posix(), sha256=hashlib.sha256(kept).hexdigest())

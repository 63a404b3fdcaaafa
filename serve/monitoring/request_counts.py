"""`RequestCounts`: requests, tokens and times by model and key, as the audit's lines come."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from pydantic import ValidationError

from serve.audit.chain import audit_files
from serve.audit.lines import AuditLine
from serve.monitoring.outcomes import Outcome, generates, outcome_of
from serve.status import EndpointStatus

_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
NO_MODEL = "-"
"""Label of what no engine answered."""
REJECTIONS = frozenset({"limited", "refused", "unknown_key"})


class RequestCounts:
    """Follows the audit from now on; what was written before is counted nowhere.

    A label never holds what a client made up: the model is the one whose engine answered.

    Args:
        folder: of the audit's files.
        status: which model has which place.
        p95_s: of the recipe's levels, which becomes a bound of the histogram.
    """

    def __init__(self, folder: Path, status: Callable[[], EndpointStatus], p95_s: float) -> None:
        self._folder = folder
        self._status = status
        self._bounds = tuple(sorted({*_BOUNDS_S, p95_s}))
        self._counting = threading.Lock()
        self._read = {at.stat().st_ino: at.stat().st_size for at in audit_files(folder)}
        self._models: dict[str, str] = {}
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._slower: Counter[tuple[str, float]] = Counter()
        self._seconds: dict[str, float] = {}
        self._keys: Counter[tuple[str, str]] = Counter()
        self._rejections: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()

    def metrics(self) -> Iterable[Metric]:
        """Return the counts, after what has come meanwhile."""
        with self._counting:
            self._models |= {one.place.partition("/")[0]: one.model for one in self._status().replicas}
            for path in audit_files(self._folder):
                self._follow(path)
            return [*self._of_models(), *self._of_keys()]

    def _follow(self, path: Path) -> None:
        with path.open("rb") as stream:
            inode = path.stat().st_ino
            stream.seek(self._read.get(inode, 0))
            for data in stream:
                if not data.endswith(b"\n"):  # still being written
                    break
                self._read[inode] = self._read.get(inode, 0) + len(data)
                self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            line = AuditLine.model_validate_json(data)
        except ValidationError:
            return
        self._tokens[line.key, "prompt"] += line.prompt_tokens or 0  # of an event, too: they may come late
        self._tokens[line.key, "completion"] += line.completion_tokens or 0
        if line.kind == "request":
            self._count(line)

    def _count(self, line: AuditLine) -> None:
        outcome, model = outcome_of(line), self._models.get(line.place.partition("/")[0], NO_MODEL)
        self._keys[line.key, outcome] += 1
        if outcome in REJECTIONS:
            self._rejections[line.key, str(line.status)] += 1
        if not generates(line):
            return
        self._outcomes[model, outcome] += 1
        if outcome == "answered":
            seconds = line.total_ms / 1000
            self._seconds[model] = self._seconds.get(model, 0.0) + seconds
            for bound in self._bounds:
                self._slower[model, bound] += seconds > bound

    def _of_models(self) -> Iterable[Metric]:
        models = (*dict.fromkeys(self._models.values()), NO_MODEL)
        outcomes = CounterMetricFamily(
            "awqctl_requests", "Requests for something generated, by what became of them.", labels=("model", "outcome")
        )
        for model in models:
            for outcome in get_args(Outcome):  # those that have not come yet too: a rate needs to see them begin at 0
                outcomes.add_metric((model, outcome), self._outcomes[model, outcome])
        times = HistogramMetricFamily(
            "awqctl_request_duration_seconds",
            "From the arrival at the door to the last byte, of requests that were answered.",
            labels=("model",),
        )
        for model in models:
            amount = self._outcomes[model, "answered"]
            below = [(repr(one), float(amount - self._slower[model, one])) for one in self._bounds]
            times.add_metric((model,), [*below, ("+Inf", float(amount))], self._seconds.get(model, 0.0))
        return (outcomes, times)

    def _of_keys(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "awqctl_key_requests", "Requests by the key's name; - without a valid one.", labels=("key", "outcome")
        )
        rejections = CounterMetricFamily(
            "awqctl_key_rejections", "Requests answered with 4xx, by the key's name.", labels=("key", "status")
        )
        tokens = CounterMetricFamily("awqctl_key_tokens", "Tokens by the key's name.", labels=("key", "kind"))
        for family, counts in ((requests, self._keys), (rejections, self._rejections), (tokens, self._tokens)):
            for key, amount in counts.items():
                family.add_metric(key, amount)
        return (requests, rejections, tokens)

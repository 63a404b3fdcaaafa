"""An engine's Prometheus metrics at one moment."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from pipeline.base.errors import EngineError


@dataclass(frozen=True)
class Sample:
    """One value with its labels."""

    name: str
    """As exposed: counters end in `_total`."""
    kind: str
    """`counter`, `gauge`, `histogram`, `summary`, or `unknown`."""
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Histogram:
    """A distribution, as cumulative counts below upper bounds."""

    count: float
    total: float
    """Sum of all observations."""
    buckets: tuple[tuple[float, float], ...]
    """(upper bound, observations up to it), ascending; the last bound is infinite."""


@dataclass(frozen=True)
class Metrics:
    """All samples of one scrape. Values are summed over the labels that are not asked for."""

    samples: tuple[Sample, ...]

    def value(self, name: str, **labels: str) -> float | None:
        """Return a counter or a gauge; None where there is none of that name and these labels."""
        found = [sample.value for sample in self._with(name, labels)]
        return sum(found) if found else None

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """Return a counter or a gauge per value of a label."""
        values: dict[str, float] = {}
        for sample in self._with(name, {}):
            key = sample.labels.get(label, "")
            values[key] = values.get(key, 0.0) + sample.value
        return values

    def histogram(self, name: str, **labels: str) -> Histogram | None:
        """Return a histogram; None where there is none of that name and these labels."""
        count, total = self.value(f"{name}_count", **labels), self.value(f"{name}_sum", **labels)
        if count is None or total is None:
            return None
        buckets: dict[float, float] = {}
        for sample in self._with(f"{name}_bucket", labels):
            bound = float(sample.labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + sample.value
        return Histogram(count, total, tuple(sorted(buckets.items())))

    def counters(self) -> dict[str, float]:
        """Return all counters by name, each summed over its labels."""
        totals: dict[str, float] = {}
        for sample in self.samples:
            if sample.kind == "counter" and sample.name.endswith("_total"):
                totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
        return totals

    def _with(self, name: str, labels: dict[str, str]) -> Iterator[Sample]:
        for sample in self.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                yield sample


def parse_metrics(exposition: str) -> Metrics:
    """Return the samples of a text in Prometheus' exposition format.

    Raises:
        EngineError: it is no such text.
    """
    try:
        return Metrics(
            tuple(
                Sample(sample.name, family.type, dict(sample.labels), float(sample.value))
                for family in text_string_to_metric_families(exposition)
                for sample in family.samples
            )
        )
    except ValueError as problem:
        raise EngineError(
            f"What the engine offers as metrics cannot be read: {problem}. "
            "Use the version of vLLM that `awqctl env sync vllm` installs."
        ) from problem

"""The engines' own pages of metrics, fetched side by side; one that is silent for a second is left out."""

from collections.abc import Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

ANSWER_S = 1.0
"""The longest that a page of metrics waits for engines, all together."""


@dataclass(frozen=True)
class EnginePage:
    """Where one engine shows its metrics, and what its figures are told apart by."""

    model: str
    """Name that clients ask for."""
    replica: str
    """Its place, `model-1/place-2`."""
    release: str
    socket: Path
    api_key: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Return what is added to each of its samples."""
        return {"model": self.model, "replica": self.replica, "release": self.release}


def engine_families(engines: Sequence[EnginePage], executor: Executor) -> dict[EnginePage, list[Metric]]:
    """Return the metrics of the engines that answered in time, each sample with the engine's labels."""
    asked = {executor.submit(_families, engine): engine for engine in engines}
    done, late = wait(asked, timeout=ANSWER_S)
    for future in late:
        future.cancel()
    found = {asked[future]: future.result() for future in done}
    return {engine: families for engine in engines if (families := found.get(engine))}


def fetch(engine: EnginePage) -> str | None:
    """Return an engine's page; None where it does not show one in time."""
    headers = {"Authorization": f"Bearer {engine.api_key}"} if engine.api_key else {}
    transport = httpx.HTTPTransport(uds=str(engine.socket))
    try:
        with httpx.Client(transport=transport, timeout=ANSWER_S, headers=headers) as client:
            answer = client.get("http://engine/metrics")
    except httpx.TransportError:
        return None
    return answer.text if answer.status_code == httpx.codes.OK else None


def labelled(text: str, labels: dict[str, str]) -> list[Metric]:
    """Return the metrics of a text in Prometheus' exposition format, with labels added; theirs give way.

    Raises:
        ValueError: it is no such text.
    """
    families = []
    for family in text_string_to_metric_families(text):
        changed = Metric(family.name, family.documentation, family.type)
        changed.samples = [sample._replace(labels={**sample.labels, **labels}) for sample in family.samples]
        families.append(changed)
    return families


def _families(engine: EnginePage) -> list[Metric]:
    text = fetch(engine)
    if text is None:
        return []
    try:
        return labelled(text, engine.labels)
    except ValueError:  # no metrics are no reason for a page to fail; `awqctl_replica_up` says it
        return []

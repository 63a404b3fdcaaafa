"""`SloReport`: the levels of an endpoint over the time just past."""

from datetime import datetime, timedelta
from typing import Literal

from pipeline.base.results import Result
from pipeline.recipe.serve import ServiceLevels
from serve.endpoint import EndpointFolder
from serve.monitoring.audit_window import audit_lines
from serve.monitoring.availability import availability
from serve.monitoring.promises import read_promises
from serve.monitoring.requests import RequestFigures, request_figures
from serve.monitoring.samples import read_samples
from serve.monitoring.service_levels import LevelVerdict, Verdict, overall, verdicts


class SloReport(Result):
    """What `awqctl serve slo` says."""

    schema_version: Literal[1] = 1
    endpoint: str
    since: str
    until: str
    verdict: Verdict
    levels: tuple[LevelVerdict, ...]
    promised: ServiceLevels
    requests: RequestFigures
    ready_s: float
    down_s: float
    unknown_s: float
    planned_s: float


def slo_report(folder: EndpointFolder, window: timedelta, until: datetime) -> SloReport:
    """Return how the levels were kept in the time before `until`.

    Raises:
        UsageError: the endpoint has never run.
    """
    promised = read_promises(folder).levels
    since = until - window
    figures = request_figures(audit_lines(folder.audit, since, until), promised.p95_s)
    available = availability(read_samples(folder.samples, since, until), since, until)
    found = verdicts(promised, figures, available)
    return SloReport(
        endpoint=folder.name,
        since=since.isoformat(timespec="seconds"),
        until=until.isoformat(timespec="seconds"),
        verdict=overall(found),
        levels=found,
        promised=promised,
        requests=figures,
        ready_s=available.ready_s,
        down_s=available.down_s,
        unknown_s=available.unknown_s,
        planned_s=available.planned_s,
    )

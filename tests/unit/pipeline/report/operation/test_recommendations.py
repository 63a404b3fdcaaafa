"""Recommendations follow from figures, and carry them."""

from typing import Any

import pytest

from pipeline.recipe.serve import ServiceLevels
from pipeline.report.evidence import Evidence
from pipeline.report.language.language import ENGLISH
from pipeline.report.operation.chapters import FILE, Operation
from pipeline.report.operation.document import operation_report
from pipeline.report.operation.recommendations import recommendations
from pipeline.report.printed import figures_of
from serve.monitoring.availability import Availability
from serve.monitoring.drift import DriftVerdict
from serve.monitoring.incidents import Incident
from serve.monitoring.operation import DayFigures, KeyUse, Load, OperationResult, Price
from serve.monitoring.promises import ServedCheckpoint
from serve.monitoring.requests import RequestFigures, request_figures
from serve.monitoring.service_levels import verdicts
from tests.operation import audit_line, moment

CALM = request_figures([audit_line(n) for n in range(3000)], 2.0)
READY = Availability(ready_s=86_400.0, samples=8640)
SLOWER = DriftVerdict(
    concurrency=8, benchmark_ms=20.0, verdict="slower", requests=100, tpot_ms=26.0, low_ms=25.5, high_ms=26.5
)


def _result(figures: RequestFigures = CALM, available: Availability = READY, **changes: Any) -> OperationResult:
    levels = verdicts(ServiceLevels(), figures, available)
    usual: dict[str, Any] = {
        "endpoint": "tiny",
        "period": "week",
        "since": "2026-11-23",
        "until": "2026-11-29T12:00:00+00:00",
        "promised": ServiceLevels(),
        "levels": levels,
        "requests": figures,
        "ready_s": available.ready_s,
        "down_s": available.down_s,
        "unknown_s": available.unknown_s,
        "planned_s": available.planned_s,
        "days": (DayFigures(day="2026-11-29", requests=figures, levels=levels, unknown_s=0.0, down_s=0.0),),
        "keys": (KeyUse(key="alice", requests=figures),),
        "load": Load(samples=8640),
        "incidents": (),
        "drift": (),
    }
    return OperationResult(**{**usual, **changes})


def _said(result: OperationResult) -> tuple[str, ...]:
    return recommendations(Operation(result, Evidence.in_file(result, FILE), ENGLISH.operation))


def test_where_no_figure_calls_for_it_nothing_is_recommended() -> None:
    """It says that, rather than something that is always true."""
    assert _said(_result()) == (ENGLISH.operation.nothing_to_do,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"load": Load(samples=100, queued=30)}, "30 %"),
        ({"load": Load(samples=100, cache_full=20)}, "engine.max_model_len"),
        ({"drift": (SLOWER,)}, "+30.0 %"),
        ({"incidents": (Incident(at=moment(), kind="audit_loss", amount=7),)}, "7 lines"),
        ({"incidents": (Incident(at=moment(), kind="restart", amount=1),)}, "1 time:"),
        ({"available": Availability(ready_s=80_000, unknown_s=7200, samples=8000)}, "2.0 h"),
        ({"figures": request_figures([audit_line(n) for n in range(100)], 2.0)}, "after 100 requests: 2,995 requests"),
        ({"available": Availability(ready_s=30.0, samples=3)}, "after 3 samples: 200 samples"),
        (
            {"keys": (KeyUse(key="bob", requests=CALM.model_copy(update={"limited": 300})),)},
            "bob was limited, 300 times",
        ),
    ],
)
def test_each_has_the_figure_that_it_follows_from(changes: dict[str, Any], expected: str) -> None:
    """And nothing else is recommended for it."""
    (said,) = _said(_result(**changes))
    assert expected in said


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_figure_of_the_document_has_its_place(language: str) -> None:
    """The document is refused otherwise; a cost is modelled, from hours, price and tokens."""
    result = _result(
        price=Price(usd_per_hour=2.0, source="stated", planned_usd_per_mtok=3.0),
        drift=(SLOWER,),
        incidents=(Incident(at=moment(), kind="hung", amount=1),),
    )
    served = (ServedCheckpoint(model="tiny", release="1", checkpoint="/checkpoint"),)
    report = operation_report(result, served, language)
    costs = [one for one in figures_of(report) if one.origin == "modelled"]
    assert len(costs) == 2
    assert all("operation.json#/price/usd_per_hour" in one.keys for one in costs)
    assert costs[0].value == pytest.approx(48 / (3000 * 5) * 1e6)


def test_a_level_that_was_missed_leads() -> None:
    """The first sentence names it; what is not decided is not called kept."""
    slow = request_figures([audit_line(n, total_ms=9000) for n in range(200)], 2.0)
    report = operation_report(_result(slow), (), "en")
    assert report.recommendation.startswith("Promised and not kept: p95 of answers.")
    assert "Not decided" in report.recommendation

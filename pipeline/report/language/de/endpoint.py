"""What the chapter on the endpoint says in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.endpoint import Endpoint


class GermanEndpoint(GermanWords, Endpoint):
    """One paragraph, one table, and what the smoke test leaves open."""

    title = "Endpunkt"
    absent = "Der Endpunkt: Gateway, TLS und API-Schlüssel wurden in diesem Lauf nicht getestet."
    with_tls = "mit TLS"
    without_tls = "ohne TLS"
    table = "Funktionstest"
    columns = ("Prüfung", "Ergebnis", "Einzelheiten", "Sekunden")
    passed = "bestanden"
    failed = "nicht bestanden"
    limit_load = (
        "Geschwindigkeit durch das Gateway: Die Prüfungen sind einzelne Anfragen, unter Last wurde keine gemessen."
    )
    limit_speed = (
        "Geschwindigkeit durch das Gateway: Durchsatz und Latenz wurden an der Engine gemessen, ohne TLS und "
        "API-Schlüssel."
    )

    def started(self, encrypted: str, routes: str, gateway: str, engine: str, kernel: str) -> str:
        return (
            f"Das AWQ-Modell wurde hinter seinem Gateway {encrypted} gestartet und den folgenden Prüfungen unterzogen. "
            f"Zugelassene Routen: {routes}. Gateway {gateway}, Engine {engine}, Kernel {kernel}."
        )

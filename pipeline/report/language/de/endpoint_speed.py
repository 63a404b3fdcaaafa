"""What the report says in German of servers that somebody runs already."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.endpoint_speed import EndpointSpeed


class GermanEndpointSpeed(GermanWords, EndpointSpeed):
    """Their table in the chapter on throughput."""

    table = "Server, die bereits liefen"
    columns = (
        *("Server", "Parallelität", "Anfragen", "Ausgabetoken/s", "TTFT, ms (Mittel)", "TPOT, ms (Mittel)", "Gültig"),
    )
    stands = "ja"
    note = (
        "Gemessen, wie sie sind, unter denselben Lasten; eine Zeile ist ein Lauf. Einstellungen, Maschinen und "
        "Netzwerke sind nicht die der Varianten: Diese Werte sagen daher nichts über die Gewichte aus und haben keine "
        "Kosten."
    )

    rates = "Anfragen, die mit einer Rate eintreffen"
    rates_columns = (
        *("Variante", "Anfragen/s", "Anfragen", "Ausgabetoken/s", "TTFT, ms (Mittel)", "TTFT, ms (p95)"),
        *("E2E, ms (p95)", "Höchstens gleichzeitig", "Gültig"),
    )
    rates_note = (
        "Neue Anfragen treffen ein, ob frühere beantwortet sind oder nicht; werden immer mehr zugleich bearbeitet, "
        "übersteigt die Rate, was die Variante bedienen kann. Je ein Lauf, Durchsatz über den ganzen Lauf."
    )

    def server(self, arm: str, model: str) -> str:
        return f"{arm} ({model})"

    def rate(self, rate: str) -> str:
        return f"{rate} Anfragen/s"

    def not_checked(self, conditions: str) -> str:
        return f"Nicht geprüft: {conditions}."

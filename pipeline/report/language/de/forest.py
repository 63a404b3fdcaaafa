"""What the forest plot says in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.forest import Forest


class GermanForest(GermanWords, Forest):
    """The chart of accuracy."""

    title = "Genauigkeitsverlust gegen die vereinbarte Toleranz"
    x_title = "Verlust in Toleranzen; rechts ist schlechter"
    unit = "der Metrik"
    margin = "Vereinbarte Toleranz"
    no_loss = "kein Verlust"
    margin_mark = "Toleranz"
    floor = "Grundrauschen"
    caption = (
        "Weiter rechts ist schlechter, bei jeder Metrik. Jede Aufgabe ist in Einheiten ihrer eigenen vereinbarten "
        "Toleranz gezeichnet, alle Toleranzen liegen so auf einer Linie; schattiert: darüber hinaus. Punkt: Verlust, "
        "rechts auch in der Einheit der Metrik; dicker Balken: einseitige Schranken des Prüfkriteriums; dünner Balken: "
        "zweiseitiges Konfidenzintervall; Pfeil: reicht über die Zeichnung hinaus. Gefüllter Punkt: bestanden; hohl: "
        "nicht entschieden; Raute: nicht bestanden."
    )
    caption_floor = " Graues Band: was zweimaliges Messen der Baseline erklärt."
    caption_others = " Weitere Varianten sind dünner gezeichnet; für sie gilt kein Prüfkriterium."

    def alternative(self, rows: str) -> str:
        return f"Forest-Plot des Verlusts gegenüber der Baseline; positiv ist schlechter. {rows}"

    def row(self, task: str, arm: str, loss: str, interval: str, margin: str, verdict: str) -> str:
        return f"{task}, {arm}: {loss}, Intervall {interval}{margin}, {verdict}."

    def margin_of(self, margin: str) -> str:
        return f"Toleranz {margin}"

    def row_margin(self, margin: str) -> str:
        return f", Toleranz {margin}"

    def bounds(self, arm: str) -> str:
        return f"{arm}, Schranken des Prüfkriteriums"

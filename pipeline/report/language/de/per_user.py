"""What the chapter on speed per user and per GPU says in German."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.per_user import PerUserSentences


class GermanPerUserSentences(GermanWords, PerUserSentences):
    """Its table and chart."""

    title = "Geschwindigkeit je Nutzer und je GPU"
    method = (
        "Mehr gleichzeitige Anfragen ergeben insgesamt mehr Token und für jeden Nutzer weniger. Was ein Nutzer erhält, "
        "ist der Kehrwert der medianen TPOT, also die Geschwindigkeit eines laufenden Stroms; die TTFT ist nicht "
        "enthalten. Ein Punkt liegt auf der Effizienzgrenze, wenn kein anderer Punkt irgendeiner Variante von einem "
        "mehr und vom anderen nicht weniger hat; auch Unterschiede innerhalb der Wiederholungen zählen."
    )
    table = "Ausgabetoken je Sekunde"
    columns = ("Parallelität", "Variante", "Je Nutzer", "Effizienzgrenze")
    per_gpu = "Ausgabetoken je Sekunde und GPU"
    per_machine = "Ausgabetoken je Sekunde der Maschine"
    column_gpu = "Je GPU"
    column_machine = "Der Maschine"
    on_frontier = "ja"
    beaten = "nein"
    unit = "Token/s"
    chart = "Geschwindigkeit je Nutzer gegen die aller zusammen"
    x_title = "Ausgabetoken je Sekunde und Nutzer (1 / TPOT p50)"
    caption = (
        "Zahlen: Parallelität. Gefüllte Punkte liegen auf der Effizienzgrenze; ein hohler wird von einem anderen in "
        "beidem übertroffen."
    )
    left_out = " Ungültige Messpunkte fehlen."

    def alternative(self, arms: str) -> str:
        return f"Durch Linien verbundene Punkte. Ausgabetoken je Sekunde aller gegen die eines Nutzers, {arms}."

    def arm(self, arm: str, values: str) -> str:
        return f"{arm}: {values}"

    def point(self, together: str, each: str, concurrency: str) -> str:
        return f"{together} gegen {each} bei {concurrency}"

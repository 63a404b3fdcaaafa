"""What the chapter on speed per user and per GPU says in German."""

from collections.abc import Mapping

from eval.bench.goodput import Kind
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.per_user import PerUserSentences


class GermanPerUserSentences(GermanWords, PerUserSentences):
    """Its table and chart."""

    title = "Nutzer"
    users_table = "Gleichzeitige Nutzer innerhalb des Service-Levels"
    users_columns = ("Variante", "Nachweislich gehalten", "Nachweislich verfehlt ab", "Was das bedeutet")
    users_note = "Ein Nutzer ist eine laufende Anfrage: Wer gerade liest oder nachdenkt, belegt keinen Platz."
    kinds: Mapping[Kind, str] = {
        "up to": "bis zu so vielen gehalten, darüber verfehlt",
        "at every level": "bei jeder gemessenen Parallelität gehalten, es können also mehr sein",
        "at no level": "bei jeder gemessenen Parallelität verfehlt",
        "not decided": "nicht entschieden: mehr Anfragen je Parallelität würden es zeigen",
    }

    def level(self, share: str, limits: str) -> str:
        return f"Der vereinbarte Service-Level: {share} der Anfragen halten {limits}."

    def no_level(self, command: str) -> str:
        return (
            f"Wie viele Nutzer gleichzeitig bedient werden können, wird nicht gesagt, weil keine Latenzgrenze "
            f"vereinbart wurde: eine in `bench.service_level` eintragen, dann {command} ausführen."
        )

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

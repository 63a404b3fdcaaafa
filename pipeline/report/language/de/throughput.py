"""What the chapter on throughput says in German."""

from collections.abc import Mapping

from eval.bench.comparison import Direction
from pipeline.base.format import count
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.throughput import Throughput


class GermanThroughput(GermanWords, Throughput):
    """Its tables and charts, and what was not measured."""

    title = "Durchsatz"
    absent = "Durchsatz und Latenz wurden nicht gemessen: `awqctl bench` wurde nicht ausgeführt."
    baseline = "Baseline"
    directions: Mapping[Direction, str] = {
        "faster": "schneller",
        "slower": "langsamer",
        "not decided": "nicht entschieden",
        "not repeated": "nicht wiederholt",
    }

    interval = "Welch-t auf Logarithmen"

    def interval_by_first(self, runs: str) -> str:
        return f"Student-t auf Logarithmen, nach der Streuung der ersten ({runs})"

    def method(self, input_tokens: str, output_tokens: str, runs: str, interval: str, sure: str) -> str:
        return (
            f"Jede Anfrage hat {input_tokens} Eingabe- und {output_tokens} Ausgabetoken. Jeder Messpunkt ist das "
            f"geometrische Mittel (über {runs}); der Bereich daneben reicht vom langsamsten bis zum schnellsten Lauf. "
            f"Jedes Verhältnis hat ein Konfidenzintervall ({interval}); die aller Parallelitäten gelten zusammen mit "
            f"{sure} Konfidenz. AWQ heißt schneller oder langsamer, wo das Intervall keine andere Antwort zulässt, und "
            f"sonst nicht entschieden."
        )

    def prompts_of(self, prompts: int) -> str:
        return f"die Token eines von {count(prompts)} eigenen Prompts als"

    def conversations_of(self, conversations: int) -> str:
        return (
            f"die Token eines Schritts aus einem von {count(conversations)} eigenen Gesprächen, samt dem zuvor "
            f"Gesagten, als"
        )

    table = "Ausgabedurchsatz, Token/s"
    columns = (
        *("Parallelität", "Baseline (Bereich)", "AWQ (Bereich)", "AWQ / Baseline", "Intervall des Verhältnisses"),
        "AWQ ist",
    )
    note = (
        "Gleiche Geschwindigkeiten bei allen Parallelitäten heißen in höchstens einem von zwanzig Benchmarks irgendwo "
        "schneller oder langsamer. Mehr Wiederholungen (`bench.repeats` oder `bench.precision`) machen die Intervalle "
        "enger."
    )

    each_columns = ("Parallelität", "Variante", "Ausgabetoken/s (Bereich)", "Intervall des Mittels", "")
    overload = "Überlast"

    def each_note(self, sure: str) -> str:
        return (
            f"Jedes Intervall gilt für sich mit {sure} Konfidenz. AWQ und die Baseline wurden nicht beide gemessen; es "
            f"wird daher nichts verglichen."
        )

    def left_out_void(self, concurrencies: str) -> str:
        return f"Ausgelassen: Parallelität {concurrencies}, wo der Messpunkt einer Variante ungültig ist."

    def left_out_overloaded(self, concurrencies: str) -> str:
        return (
            f"Ausgelassen: Parallelität {concurrencies}, mehr, als eine Engine gleichzeitig bedient (Tabelle zur "
            f"Überlast im nächsten Kapitel)."
        )

    rates = "Anfragen und Gesamtdurchsatz"
    rates_columns = (
        *("Parallelität", "Variante", "Anfragen je Lauf", "Anfragen/s", "Eingabe- + Ausgabetoken/s", "Lauf, s"),
    )

    concurrency = "Parallelität, Anfragen in Bearbeitung"
    chart = "Ausgabedurchsatz über der Parallelität"
    chart_y = "Ausgabetoken je Sekunde"
    chart_unit = "Token/s"

    def chart_caption(self, sure: str) -> str:
        return (
            f"Linien: Mittel der Wiederholungen. Bänder: das Konfidenzintervall jedes Mittels ({sure}, jedes für sich; "
            f"keines, wo so wenige Läufe es nicht zeigen). Balken: vom langsamsten bis zum schnellsten Lauf."
        )

    def range_of(self, arm: str) -> str:
        return f"{arm}, langsamster bis schnellster Lauf"

    def chart_alternative(self, arms: str) -> str:
        return f"Liniendiagramm. Ausgabetoken je Sekunde, {arms}."

    def at(self, value: str, concurrency: str) -> str:
        return f"{value} bei {concurrency}"

    def arm(self, arm: str, values: str) -> str:
        return f"{arm}: {values}"

    ratio_chart = "Geschwindigkeit von AWQ im Verhältnis zur Baseline"
    ratio_y = "AWQ / Baseline; über 1 ist AWQ schneller"
    ratio_name = "AWQ / Baseline"
    ratio_mark = "gleich schnell"
    ratio_caption = "Punkte: Mittel; Balken: Intervalle, die zusammen gelten. Ein hohler Punkt heißt nicht entschieden."

    def ratio_alternative(self, ratios: str) -> str:
        return f"Punktdiagramm. {ratios}."

    def ratio(self, ratio: str, concurrency: str, direction: str) -> str:
        return f"{ratio} bei Parallelität {concurrency}, {direction}"

    limit_gpu = (
        "Geschwindigkeit auf einer GPU: Der Lauf nutzte die CPU. Durchsatz, Latenz und Kosten sagen nichts über eine "
        "GPU aus, auf der andere Kernel laufen. Die Werte der Genauigkeit gelten für dieselben Gewichte, aber "
        "GPU-Kernel runden anders."
    )
    limit_repeats = "Jede Geschwindigkeit wurde einmal gemessen."
    limit_start = (
        "Ein anderer Start der Engines: Die Wiederholungen stammen aus je einem Start, zuerst der einen Variante, dann "
        "der anderen, und die Intervalle erfassen nur, was sich zwischen ihnen unterscheidet. `bench.order: alternate` "
        "startet für jede Wiederholung eine Engine."
    )
    assumed_machines = "; die Kosten nehmen an, dass n Maschinen das n-Fache der Last tragen"

    def limit_machine(self, hardware: str, assumed: str) -> str:
        return (
            f"Eine Maschine: {hardware}. Mehrere Maschinen hinter einem Lastverteiler wurden nicht gemessen{assumed}."
        )

    def limit_lengths(self, input_tokens: str, output_tokens: str) -> str:
        return (
            f"Andere Längen: Jede Anfrage hatte {input_tokens} Eingabe- und {output_tokens} Ausgabetoken. Im Betrieb "
            f"mischen sich die Längen."
        )

    def limit_prompts(self, prompts: int, output_tokens: str) -> str:
        return (
            f"Andere Prompts: Jede Anfrage hatte einen von {count(prompts)} eigenen Prompts und {output_tokens} "
            f"Ausgabetoken."
        )

    def limit_traffic(self, requests: str, *, own: bool) -> str:
        prompts = "eigene Daten" if own else "synthetisch"
        return (
            f"Echte Anfragen: Die Prompts waren {prompts}, und höchstens {requests} Anfragen waren in Bearbeitung. "
            f"Lastspitzen und Warteschlangen darüber hinaus wurden nicht gemessen."
        )

    def limit_duration(self, seconds: str) -> str:
        return (
            f"Lange Läufe: Der längste einzelne Lauf dauerte {seconds} s. Das Verhalten über Stunden wurde nicht "
            f"gemessen."
        )

"""What the chapter on the crossover says in German: up to where an arm wins, what is of use, what binds, overload."""

from collections.abc import Mapping

from eval.bench.arm_crossover import Comparison
from eval.bench.assessment import Counter, Growth, Reason, Resource
from eval.bench.crossover import Kind
from eval.bench.goodput import Verdict
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.crossover import CrossoverSentences


class GermanCrossoverSentences(GermanWords, CrossoverSentences):
    """Its tables, its chart, and the sentence that stands on the first page."""

    title = "Umschlagpunkt"

    def method(self, sure: str) -> str:
        return (
            f"Bestimmt aus den Verhältnissen der Laststufen und ihren Intervallen, die zusammen mit {sure} Konfidenz "
            f"gelten. Zwischen benachbarten Stufen wird das Verhältnis als Gerade der Logarithmen angesetzt; das "
            f"Intervall eines Umschlagpunkts ist der Bereich, in dem die 1 zwischen der Linie durch die unteren und "
            f"der durch die oberen Enden liegt. Über die gemessenen Stufen hinaus wird nichts ausgesagt."
        )

    no_service_level = (
        "Es wurde kein Service-Level vereinbart (`bench.service_level` mit `ttft_ms`, `tpot_ms` oder `e2e_ms`), der "
        "Goodput ist daher nicht bekannt: Der Durchsatz zählt auch Token, die für einen Nutzen zu spät kamen."
    )

    def service_level(self, limits: str, share: str) -> str:
        return (
            f"Service-Level: {limits}, eingehalten von mindestens {share} der Anfragen. Goodput zählt die Ausgabetoken "
            f"der Anfragen, die diese Grenzen einhalten, und keine anderen."
        )

    def limit(self, name: str, milliseconds: str) -> str:
        return f"{name} höchstens {milliseconds} ms"

    limit_names: Mapping[str, str] = {"ttft_ms": "TTFT", "tpot_ms": "TPOT", "e2e_ms": "E2E"}

    same_money = (
        "Eine Maschine kostet gleich viel, welche Variante auch auf ihr läuft; für den Preis einer Maschine ist der "
        "Umschlagpunkt also derselbe wie auf derselben GPU. Das Geld unterscheidet sich, wo eine Variante weniger "
        "Maschinen benötigt. Eine günstigere GPU, auf die kleinere Gewichte passen, muss gemessen werden: `awqctl "
        "plan` nennt solche GPUs, und `awqctl bench rank` vergleicht Läufe je Dollar."
    )

    def machines(self, load: str, arms: str, by: str) -> str:
        return f"Für das gleiche Geld, zur Spitze von {load} Ausgabetoken/s: {arms}, {by}."

    def needs(self, arm: str, machines: str, *, one: bool) -> str:
        return f"{arm} benötigt {machines} {self.nouns['machine'][not one]}"

    by: Mapping[bool, str] = {
        False: "nach dem höchsten Durchsatz, unabhängig von der Latenz",
        True: "nach dem Goodput im Service-Level, soweit eine Variante es nachweislich einhält",
    }

    table = "Bis zu welcher Parallelität eine Variante vorn liegt"
    columns = (
        *("Vergleich", "Variante", "Ergebnis", "Bei etwa", "Intervall", "Vorn bei", "Zurück bei"),
        "Nicht entschieden bei",
    )
    comparisons: Mapping[Comparison, str] = {
        "throughput": "Gleiche GPU (Durchsatz)",
        "goodput": "Gleiches Service-Level (Goodput)",
    }
    kinds: Mapping[Kind, str] = {
        "crossing": "Umschlagpunkt",
        "above the highest": "auf jeder Stufe vorn; darüber nicht gemessen",
        "below the lowest": "auf jeder Stufe zurück; darunter nicht gemessen",
        "more than one": "mehr als ein Umschlagpunkt",
        "not decided": "nicht entschieden",
    }
    note = (
        "Stufen, auf denen eine der beiden überlastet ist, sind ausgelassen; hat eine in einem Lauf keinen Goodput, "
        "gibt es kein Verhältnis, und nichts ist entschieden. Mehr `bench.repeats` machen das Intervall enger, Stufen "
        "zwischen den entscheidenden (`bench.concurrency`) die Gerade kürzer."
    )

    ahead: Mapping[Comparison, tuple[str, str]] = {
        "throughput": ("schneller", "langsamer"),
        "goodput": ("beim Goodput vorn", "beim Goodput zurück"),
    }

    def stops(self, arm: str, ahead: tuple[str, str], at: str, low: str, high: str, beyond: str) -> str:
        won, lost = ahead
        return (
            f"{arm} ist bis zu etwa {at} gleichzeitigen Anfragen ({low} bis {high}) {won}; bei {beyond} ist {arm} "
            f"{lost}."
        )

    def starts(self, arm: str, ahead: tuple[str, str], at: str, low: str, high: str, before: str) -> str:
        won, lost = ahead
        return f"{arm} ist bis Parallelität {before} {lost} und ab etwa {at} ({low} bis {high}) {won}."

    def always(self, arm: str, ahead: tuple[str, str], levels: str) -> str:
        return (
            f"{arm} ist bei jeder verglichenen Parallelität ({levels}) {ahead[0]}; ob und wo das darüber endet, ist "
            f"nicht bekannt."
        )

    def never(self, arm: str, ahead: tuple[str, str], levels: str) -> str:
        return f"{arm} ist bei jeder verglichenen Parallelität ({levels}) {ahead[1]}."

    def several(self, arm: str, ahead: tuple[str, str], places: str) -> str:
        return (
            f"{arm} ist abwechselnd {ahead[0]} und {ahead[1]}: Das Verhältnis durchläuft die 1 mehr als einmal, bei "
            f"etwa {places}."
        )

    def undecided(self, arm: str, ahead: tuple[str, str], known: str) -> str:
        return f"Bis zu welcher Parallelität {arm} {ahead[0]} ist, ist nicht entschieden{known}."

    def known(self, ahead: tuple[str, str], won: str, lost: str) -> str:
        parts = [f"{word} bei {where}" for word, where in zip(ahead, (won, lost), strict=True) if where]
        return f"; gezeigt ist: {', '.join(parts)}" if parts else ""

    def place(self, at: str, low: str, high: str) -> str:
        return f"{at} ({low} bis {high})"

    chart = "Umschlagpunkt von AWQ und Baseline"
    chart_y = "AWQ / Baseline; über 1 ist AWQ schneller"
    chart_mark = "gleich schnell"
    chart_band = "AWQ / Baseline"
    chart_crossing = "Umschlagpunkt"
    chart_caption = (
        "Punkte: Verhältnisse der Laststufen; Band: mögliche Werte. Schattiert: das Intervall des Umschlagpunkts. Ein "
        "hohler Punkt heißt nicht entschieden."
    )

    def chart_alternative(self, sentence: str, ratios: str) -> str:
        return f"Liniendiagramm. {sentence} {ratios}."

    goodput_table = "Goodput im Service-Level"
    goodput_columns = (
        *("Parallelität", "Variante", "Anfragen, die es einhalten", "Service-Level", "Goodput, Token/s"),
    )
    verdicts: Mapping[Verdict, str] = {
        "kept": "eingehalten",
        "missed": "verfehlt",
        "not decided": "nicht entschieden",
    }
    goodput_note = (
        "Eingehalten oder verfehlt, wo der exakte Binomialtest über die Anfragen aller Wiederholungen es zeigt und "
        "keine Wiederholung widerspricht; die Ergebnisse einer Variante gelten zusammen mit 95 % Konfidenz. "
        "Fehlgeschlagene Anfragen halten nichts ein. Der Goodput bezieht sich auf den ganzen Lauf samt An- und Auslauf."
    )

    def keeps(self, arm: str, level: str) -> str:
        return f"{arm} hält das Service-Level bis zu {level} gleichzeitigen Anfragen ein"

    def misses(self, level: str) -> str:
        return f" und verfehlt es bei {level}"

    def keeps_everywhere(self, arm: str, level: str) -> str:
        return f"{arm} hält das Service-Level bei jeder Parallelität mit Messwerten ein, zuletzt bei {level}"

    def keeps_nowhere(self, arm: str, level: str) -> str:
        return f"{arm} verfehlt das Service-Level schon bei Parallelität {level}"

    def keeping_undecided(self, arm: str) -> str:
        return (
            f"bis zu welcher Parallelität {arm} das Service-Level einhält, ist nicht entschieden; dazu braucht es mehr "
            f"Anfragen oder Wiederholungen"
        )

    money_table = "Gleiches Geld: was Token kosten, und Maschinen für die Spitze"
    money_columns = (
        *("Variante", "Nach", "Bei Parallelität", "Ausgabetoken/s", "Je Million Token", "Maschinen für die Spitze"),
    )
    bases: Mapping[bool, str] = {False: "höchstem Durchsatz", True: "Goodput im Service-Level"}
    money_note = (
        "Token einer stets ausgelasteten Maschine; Maschinen für die Spitze aus `roi.load`. Für eine Variante, die das "
        "Service-Level nicht nachweislich einhält, gibt es dazu keine Zeile."
    )

    binding_table = "Was begrenzt"
    binding_columns = ("Parallelität", "Variante", "Begrenzt durch", "Beleg", "Durchsatz bei mehr Anfragen")
    binding_note = (
        "Aus Zählern und, wo die Leistungsdaten der GPU bekannt sind, aus dem Roofline-Modell; nie aus der "
        "Parallelität allein. Das Erreichbare ist modelliert: die Leistungsdaten des Katalogs und der Anteil daran, "
        "den solche GPUs erreichen. Die letzte Spalte ist ein Schluss aus der Skalierung: Durchsatz, der proportional "
        "steigt, ist nicht durch Rechenleistung begrenzt."
    )
    resources: Mapping[Resource, str] = {
        "client": "Lastclient",
        "KV cache": "KV-Cache",
        "queue": "Warteschlange",
        "memory bandwidth": "Speicherbandbreite",
        "compute": "Rechenleistung",
        "not known": "nicht bekannt",
    }
    counters: Mapping[Counter, str] = {
        "client_cpu_share": "Anteil des Lastclients an den Prozessoren",
        "client_ceiling_share": "Anteil an der Obergrenze des Lastclients",
        "preempted_share": "Verdrängungen je Anfrage",
        "kv_cache_usage": "belegter KV-Cache",
        "waiting_share": "Zeit mit wartenden Anfragen",
        "bandwidth_share": "Anteil an der erreichbaren Bandbreite",
        "compute_share": "Anteil an der erreichbaren Rechenleistung",
    }
    growths: Mapping[Growth, str] = {
        "proportional": "steigt proportional",
        "between": "steigt weniger stark",
        "none": "steigt nicht",
    }
    meanings: Mapping[Resource, str] = {
        "client": (
            "Wo der Lastclient begrenzt, ist die Engine nicht an ihrer Grenze: Die Last ist von einer stärkeren "
            "Maschine aus zu erzeugen, bevor etwas über die Hardware gesagt wird."
        ),
        "KV cache": (
            "Wo der KV-Cache begrenzt, bedienen eine GPU mit mehr Speicher, kleinere Gewichte oder "
            "`engine.kv_cache_dtype: fp8` mehr Anfragen; mehr Bandbreite oder Rechenleistung hilft nicht."
        ),
        "queue": (
            "Wo die Warteschlange begrenzt, warten Anfragen die meiste Zeit darauf, dass die Engine sie beginnt, weil "
            "Sequenzen (`engine.max_num_seqs`) oder Prompt-Token je Schritt (`--max-num-batched-tokens` in "
            "`engine.extra_args`) fehlen: Diese Werte sind zu erhöhen oder Maschinen hinzuzunehmen."
        ),
        "memory bandwidth": (
            "Wo die Speicherbandbreite begrenzt, entscheidet sie über die Wahl der GPU: Mehr Rechenleistung hilft "
            "nicht, kleinere Gewichte helfen."
        ),
        "compute": (
            "Wo die Rechenleistung begrenzt, entscheidet sie, im Format der Multiplikation, über die Wahl der GPU: "
            "Kleinere Gewichte helfen nicht, FP8-Arithmetik hilft."
        ),
        "not known": (
            "Wo es nicht bekannt ist, entscheidet kein Zähler zwischen Bandbreite und Rechenleistung: Eine CPU hat "
            "dafür keine, und von einer GPU, die nicht im Katalog steht, sind die Leistungsdaten nicht bekannt."
        ),
    }

    def sign(self, counter: str, value: str) -> str:
        return f"{counter}: {value}"

    overload_table = "Überlast"
    overload_columns = (
        *("Parallelität", "Variante", "Grund", "Fehlgeschlagen", "Fairness", "Langsamste / Median"),
        "Dauer der Warteschlange, s",
    )
    overload_note = (
        "Mehr Anfragen, als die Engine gleichzeitig bedient: Solche Stufen sagen nichts über die Geschwindigkeit aus. "
        "Fairness: Jain-Index der Zeit je Token; 1, wenn alle gleich bedient werden. Die Warteschlange dauerte von der "
        "letzten Ankunft, bis jede Anfrage ihr erstes Token hatte. Mittelwerte über die Läufe."
    )

    def reason(self, reason: Reason, limit: str) -> str:
        return {
            "sequences": f"über max_num_seqs ({limit})",
            "KV cache": f"KV-Cache fasst {limit} Anfragen",
            "queue": f"wartende Anfragen in {limit} der Zeit",
        }[reason]

    limit_levels = (
        "Parallelitäten zwischen den gemessenen Stufen: Wo das Verhältnis zwischen zwei Stufen keine Gerade ist, liegt "
        "der Umschlagpunkt an anderer Stelle zwischen ihnen."
    )

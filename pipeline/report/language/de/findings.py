"""What the findings and the key figures say in German."""

from collections.abc import Mapping, Sequence

from eval.bench.assessment import Resource
from eval.bench.comparison import Direction
from pipeline.base.format import TIMES
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.findings import Findings


class GermanFindings(GermanWords, Findings):
    """The verdicts up front, and the few figures beside them."""

    accuracy = "Genauigkeit"
    alarm = "Alarm"
    checkpoint = "Checkpoint"
    speed = "Geschwindigkeit"
    memory = "Speicher"
    cost = "Kosten"
    endpoint = "Endpunkt"

    hardware = "Hardware"
    bound_by: Mapping[Resource, str] = {
        "client": "Wo AWQ am schnellsten ist, ist der Lastgenerator die Grenze.",
        "KV cache": "Wo AWQ am schnellsten ist, begrenzt die Kapazität: der Speicher für den KV-Cache.",
        "queue": "Wo AWQ am schnellsten ist, begrenzt die Warteschlange: die Einstellungen der Engine.",
        "memory bandwidth": "Wo AWQ am schnellsten ist, begrenzt die Speicherbandbreite.",
        "compute": "Wo AWQ am schnellsten ist, begrenzt die Rechenleistung.",
        "not known": ("Ob Bandbreite, Rechenleistung oder Kapazität begrenzt, ist auf dieser Hardware nicht bekannt."),
    }

    no_accuracy = "Die Genauigkeit wurde in diesem Lauf nicht gemessen."
    no_speed = "Die Geschwindigkeit wurde in diesem Lauf nicht gemessen."
    no_costs = "Die Kosten wurden in diesem Lauf nicht berechnet."
    costs_not_compared = (
        "Die Kosten wurden nicht verglichen: Dazu braucht es die Geschwindigkeit von AWQ und von der Baseline."
    )
    costs_of_overload = (
        "Keine Kosten: Eine Variante wurde nur unter Überlast gemessen, also mit mehr Anfragen, als ihre Engine "
        "gleichzeitig bedient; das ist keine Kapazität, die sich mit einem Preis versehen lässt."
    )
    no_endpoint = "Der Endpunkt wurde in diesem Lauf nicht getestet."

    not_scored = "AWQ wurde nicht bewertet, die Genauigkeit ist daher nicht bekannt."
    no_margin = "keine Toleranz vereinbart"
    the_one_task = "bei der einen Aufgabe"
    alarm_raised = (
        "Der Alarm der Tokenwahrscheinlichkeiten wurde ausgelöst. Er ist kein Urteil, aber ein Anlass nachzusehen."
    )

    def gate_failed(self, tasks: str) -> str:
        return f"Das Prüfkriterium der Genauigkeit ist nicht erfüllt: {tasks}."

    def not_decided(self, tasks: str) -> str:
        return f"Nicht entschieden: {tasks}."

    def undecided(self, tasks: str) -> str:
        return (
            f"Nicht nachgewiesen, dass die vereinbarte Toleranz eingehalten ist: {tasks}. Auch eine Überschreitung ist "
            f"nicht nachgewiesen."
        )

    def gate_passed(self, tasks: str) -> str:
        return (
            f"Das Prüfkriterium der Genauigkeit ist erfüllt: {tasks[:1].upper()}{tasks[1:]} liegt der Verlust "
            f"nachweislich innerhalb der vereinbarten Toleranz."
        )

    def each_task(self, tasks: str) -> str:
        return f"bei jeder der {tasks} Aufgaben"

    def other_tasks(self, tasks: str) -> str:
        return f"Weiter von ihrer Toleranz entfernt: {tasks}."

    def margin(self, margin: str) -> str:
        return f"die vereinbarte Toleranz ist {margin}"

    def scores(self, task: str, metric: str, before: str, after: str, change: str, bound: str, margin: str) -> str:
        return f"{task}: {metric} {before} vorher, {after} mit AWQ ({change}); {bound}, {margin}."

    def inside_floor(self, tasks: str) -> str:
        return f"Bei {tasks} liegt die Differenz im Grundrauschen: Zweimaliges Messen der Baseline erklärt ebenso viel."

    def failed_audit(self, gates: str) -> str:
        return f"Der Checkpoint hat die Prüfung seiner Gewichte nicht bestanden; nicht erfüllt: {gates}."

    speed_words: Mapping[Direction, str] = {
        "faster": "schneller",
        "slower": "langsamer",
        "not decided": "nicht entschieden",
    }
    speed_everywhere: Mapping[Direction, str] = {
        "faster": "AWQ ist bei jeder gemessenen Parallelität schneller.",
        "slower": "AWQ ist bei jeder gemessenen Parallelität langsamer.",
        "not decided": "Ob AWQ schneller oder langsamer ist, ist bei keiner gemessenen Parallelität entschieden.",
    }
    not_repeated = (
        "Die Geschwindigkeit wurde je Messpunkt einmal gemessen, oder die Läufe sind nicht erhalten; vom Zufall ist "
        "sie daher nicht zu unterscheiden."
    )
    uncompared_detail = (
        "AWQ und die Baseline wurden nicht beide gemessen; über den Vergleich der beiden lässt sich daher nichts "
        "sagen. Für einen Vergleich sind beide in bench.arms zu nennen."
    )

    def uncompared(self, speeds: str) -> str:
        return f"Höchster Ausgabedurchsatz: {speeds}."

    def arm_speed(self, arm: str, tokens: str, concurrency: str, *, beyond: bool) -> str:
        overload = ", mehr Anfragen, als die Engine gleichzeitig bedient" if beyond else ""
        return f"{arm} {tokens} Token/s bei Parallelität {concurrency}{overload}"

    not_shared = "Für keine Parallelität liegen Werte beider Varianten vor."
    overloaded = (
        "Bei jeder Parallelität mit Werten beider Varianten war eine von ihnen überlastet; es wird daher nichts "
        "verglichen."
    )

    def at_concurrency(self, what: str, concurrencies: str) -> str:
        return f"{what} bei Parallelität {concurrencies}"

    def mixed(self, parts: str) -> str:
        return f"AWQ im Vergleich zur Baseline: {parts}."

    def ratios(self, ratios: str) -> str:
        return f"Ausgabedurchsatz von AWQ im Verhältnis zur Baseline: {ratios}."

    def extreme_ratios(self, worst: str, best: str, amount: str) -> str:
        return f"zwischen {worst} und {best}; alle {amount} stehen in der Tabelle"

    def ratio(self, ratio: str, concurrency: str) -> str:
        return f"{ratio} bei {concurrency}"

    def interval(self, interval: str) -> str:
        return f" ({interval})"

    latency = "Latenz"
    ttft = "Zeit bis zum ersten Token"
    tpot = "Zeit je Ausgabetoken"
    latency_words: Mapping[Direction, str] = {
        "faster": "kürzer",
        "slower": "länger",
        "not decided": "nicht entschieden",
    }
    latency_everywhere: Mapping[Direction, str] = {
        "faster": "kürzer bei jeder gemessenen Parallelität",
        "slower": "länger bei jeder gemessenen Parallelität",
        "not decided": "bei keiner gemessenen Parallelität entschieden",
    }
    latency_not_repeated = (
        "Die Latenz wurde je Messpunkt einmal gemessen, oder die Läufe sind nicht erhalten; nichts ist daher "
        "entschieden."
    )

    def both(self, names: Sequence[str]) -> str:
        return self.listing(names)

    def latency_is(self, name: str, directions: str) -> str:
        return f"{name} mit AWQ: {directions}."

    def latency_ratios(self, name: str, ratios: str) -> str:
        return f"{name} (p50), AWQ im Verhältnis zur Baseline: {ratios}."

    same_memory = "Die Gewichte belegen etwa gleich viel Speicher."

    def weights(self, before: str, after: str, basis: str) -> str:
        return f"{before} vorher, {after} mit AWQ, {basis}."

    def larger(self, ratio: str) -> str:
        return f"Die Gewichte sind mit AWQ um den Faktor {ratio.removesuffix(TIMES)} größer."

    def smaller(self, ratio: str) -> str:
        return f"Die Gewichte sind um den Faktor {ratio.removesuffix(TIMES)} kleiner."

    pays = "Die Anzahl der Maschinen folgt aus der Last, nicht aus dem höchsten Durchsatz."

    no_break_even = (
        "Es wurde keine Last gefunden, bei der es sich lohnen würde: Ein höherer Durchsatz ist nicht nachgewiesen."
    )

    def first_pays(self, requests: str) -> str:
        return f"Gewinnschwelle: {requests}."

    def pays_elsewhere(self, requests: str, load: str) -> str:
        return (
            f"Die Gewinnschwelle liegt bei {requests}, aber Maschinen sind ganzzahlig: Bei der Last von {load} ist die "
            f"Einsparung wieder zu klein."
        )

    smoke_test = "Ein Funktionstest mit einzelnen Anfragen, kein Lasttest."

    def checks_failed(self, failed: str, checks: str) -> str:
        return f"Nicht bestanden: {failed} von insgesamt {checks}."

    def failed_checks(self, names: str) -> str:
        return f"Nicht bestanden: {names}."

    def checks_passed(self, checks: str) -> str:
        return f"Der Endpunkt hat bestanden: {checks}."

    throughput_label = "Höchster Durchsatz"
    beyond_capacity = "mehr, als die Engine gleichzeitig bedient; "
    memory_label = "Gewichte kleiner um den Faktor"
    cost_label = "Je Million Ausgabetoken, Maschine voll ausgelastet"
    saving_label = "Einsparung bei dieser Last"
    divergence_label = "Divergenz von AWQ"

    def accuracy_label(self, task: str) -> str:
        return f"Genauigkeit, {task}"

    def accuracy_detail(self, metric: str, before: str, after: str, bound: str, margin: str) -> str:
        return f"{metric} {before} auf {after}; {bound}, vereinbarte Toleranz {margin}"

    def throughput_detail(self, before: str, after: str, interval: str) -> str:
        return f"{interval}{before} auf {after} Ausgabetoken/s"

    def interval_detail(self, interval: str) -> str:
        return f"Konfidenzintervall {interval}; "

    no_interval_detail = "nicht wiederholt; "

    users_label = "Gleichzeitige Nutzer innerhalb des Service-Levels"
    users_unknown = "nicht bekannt"

    def users_detail(self, baseline: str) -> str:
        return f"nachweislich mit AWQ; Baseline {baseline}"

    latency_names: Mapping[str, str] = {"ttft": "Zeit bis zum ersten Token", "tpot": "Zeit je Token"}

    def latency_label(self, name: str, concurrency: str) -> str:
        return f"{name} bei Parallelität {concurrency}"

    def latency_detail(self, before: str, after: str, interval: str) -> str:
        return f"{interval}p50 {before} auf {after} ms"

    def memory_detail(self, before: str, after: str) -> str:
        return f"{before} auf {after}"

    def cost_detail(self, awq: str, baseline: str) -> str:
        return f"{awq}Baseline {baseline}"

    def saving_text(self, usd: str) -> str:
        return f"{usd}/Monat"

    def saving_detail(self, saving: str, before: str, after: str) -> str:
        return f"{saving}Maschinen: {before} vorher, {after} mit AWQ"

    saving_undecided = "nicht entschieden"
    no_range = "Bereich nicht bekannt; "

    def range(self, ends: str) -> str:
        return f"Bereich {ends}; "

    def divergence_detail(self, agreement: str) -> str:
        return f"der Tokenwahrscheinlichkeiten von denen der Baseline; {agreement} gleiches wahrscheinlichstes Token"

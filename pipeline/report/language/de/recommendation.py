"""What the first page recommends in German, and the next steps."""

from collections.abc import Mapping

from pipeline.report.decision import Ground
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.recommendation import Recommendation


class GermanRecommendation(GermanWords, Recommendation):
    """The recommendation, what forbids it, what it lacks, and what to do next."""

    topics: Mapping[str, str] = {"eval": "Genauigkeit", "bench": "Geschwindigkeit", "roi": "Kosten"}
    grounds: Mapping[Ground, str] = {
        "checkpoint": "die Prüfung der Gewichte",
        "accuracy": "die Genauigkeit",
        "acceptance": "die Abnahme",
        "speed": "die Geschwindigkeit",
        "endpoint": "der Endpunkt",
        "costs": "die Kosten",
        "dummy weights": "die Gewichte",
        "AWQ or FP8": "welches von beiden besser ist",
    }
    failed_audit = (
        "Diesen AWQ-Checkpoint nicht einsetzen: Er hat die Prüfung seiner Gewichte nicht bestanden, unabhängig von "
        "seinen Punktwerten."
    )
    not_scored = (
        "Diesen AWQ-Checkpoint nicht einsetzen: Seine Tokenwahrscheinlichkeiten weichen so weit von denen der Baseline "
        "ab, dass er nicht bewertet wurde."
    )

    def acceptance_failed(self, clauses: str) -> str:
        return (
            f"Diesen AWQ-Checkpoint nicht einsetzen: Von dem, was für ihn vereinbart war, ist nicht erfüllt: {clauses}."
        )

    def acceptance_open(self, clauses: str) -> str:
        return f"Noch nicht einsetzen: Von dem, was vereinbart war, ist weder so noch so gezeigt: {clauses}."

    failed_endpoint = (
        "Noch nicht einsetzen: Der AWQ-Checkpoint hat das Prüfkriterium der Genauigkeit erfüllt, sein Endpunkt aber "
        "eine Prüfung nicht bestanden."
    )
    here = "auf dieser Maschine bei dieser Last"
    at_this_load = "bei dieser Last"

    def uncompared(self, arms: str) -> str:
        return (
            f"Keine Empfehlung: Sie vergleicht AWQ mit der Baseline, gemessen wurde die Geschwindigkeit von {arms}. "
            f"Beide in bench.arms nennen, dann `awqctl bench` ausführen."
        )

    def missing(self, topics: str, commands: str, *, one: bool) -> str:
        return (
            f"Noch keine Empfehlung: {topics} {'ist' if one else 'sind'} nicht bekannt, und sie setzt Genauigkeit, "
            f"Geschwindigkeit und Kosten voraus. {commands}"
        )

    def run(self, commands: str) -> str:
        return f"Auszuführen: {commands}."

    def add_and_run(self, sections: str, commands: str) -> str:
        return f"{sections} in das Rezept aufnehmen, dann {commands} ausführen."

    def failed(self, sure: str, tasks: str) -> str:
        return (
            f"Diesen AWQ-Checkpoint nicht einsetzen: Mit {sure} Konfidenz verliert er mehr als vereinbart bei {tasks}."
        )

    def undecided(self, tasks: str) -> str:
        return (
            f"Noch nicht einsetzen: Die gemessenen Fragen zeigen nicht, dass der Verlust bei {tasks} innerhalb der "
            f"vereinbarten Toleranz liegt, und auch nicht, dass er darüber liegt. Das ist zuerst zu entscheiden."
        )

    deploy = (
        "Den AWQ-Checkpoint einsetzen: Er hat das Prüfkriterium der Genauigkeit erfüllt und lohnt sich bei dieser Last."
    )

    def deploy_fp8(self, arm: str) -> str:
        return (
            f"{arm} einsetzen, das Modell, das die Engine in FP8 umwandelt: Es verliert nicht mehr, als für AWQ "
            f"vereinbart war, und lohnt sich bei dieser Last."
        )

    def fp8_better(self, arm: str) -> str:
        return (
            f"{arm} einsetzen, das Modell, das die Engine in FP8 umwandelt. Auch AWQ hat das Prüfkriterium der "
            f"Genauigkeit erfüllt und lohnt sich, aber {arm} spart nachweislich mehr oder ist für dasselbe Geld "
            f"schneller."
        )

    def awq_better(self, arm: str) -> str:
        return (
            f"Den AWQ-Checkpoint einsetzen: Er hat das Prüfkriterium der Genauigkeit erfüllt und lohnt sich bei dieser "
            f"Last. Das gilt auch für {arm}, aber AWQ spart nachweislich mehr oder ist für dasselbe Geld schneller."
        )

    def both(self, arm: str) -> str:
        return (
            f"AWQ und {arm} verlieren beide nicht mehr als vereinbart und lohnen sich bei dieser Last, und von keinem "
            f"ist gezeigt, dass es mehr spart oder für dasselbe Geld schneller ist."
        )

    def fp8_open(self, arm: str, what: str) -> str:
        return f"Bei {arm}, dem Modell, das die Engine in FP8 umwandelt, ist offen: {what}."

    def fp8_unfit(self, arm: str) -> str:
        return (
            f"Auch {arm}, das Modell, das die Engine in FP8 umwandelt, verliert mehr als vereinbart oder lohnt sich "
            f"nicht."
        )

    def then_run(self, command: str) -> str:
        return f"Dann {command} ausführen."

    def mend_endpoint(self, command: str) -> str:
        return f"Beheben, was die Prüfung nennt, dann {command} ausführen; das testet den Endpunkt erneut."

    def compare_savings(self, command: str) -> str:
        return (
            f"`bench.repeats` erhöhen oder `roi.load` auf die in einem Jahr erwartete Last setzen, dann {command} "
            f"ausführen."
        )

    def more_repeats(self, repeats: str, bench: str, roi: str) -> str:
        return f"Was es entscheiden kann: `bench.repeats` auf {repeats} setzen, dann {bench} und {roi} ausführen."

    def other_load(self, roi: str) -> str:
        return (
            f"So viele Wiederholungen entscheiden es nicht, weil Maschinen ganz sind: `roi.load` auf die in einem Jahr "
            f"erwartete Last setzen, dann {roi} ausführen."
        )

    def slower(self, concurrencies: str) -> str:
        return f" Bei Parallelität {concurrencies} ist er voraussichtlich langsamer."

    def no_saving(self, where: str) -> str:
        return f"AWQ spart {where} kein Geld."

    def not_paid_back(self, where: str) -> str:
        return f"Was AWQ {where} spart, amortisiert den Projektpreis nicht innerhalb von drei Jahren."

    def not_decided(self, where: str) -> str:
        return f"Ob AWQ {where} Geld spart, ist nicht entschieden."

    def for_speed(self, concurrencies: str) -> str:
        return (
            f" Bei der Baseline bleiben, es sei denn, Geschwindigkeit bei Parallelität {concurrencies} oder Speicher "
            f"ist der Engpass: AWQ erfüllt das Prüfkriterium der Genauigkeit und ist dort schneller."
        )

    for_known_speed = (
        " Bei der Baseline bleiben, es sei denn, Geschwindigkeit oder Speicher ist der Engpass: AWQ erfüllt das "
        "Prüfkriterium der Genauigkeit."
    )
    keep = (
        " Bei der Baseline bleiben, es sei denn, der Speicher ist der Engpass: AWQ erfüllt das Prüfkriterium der "
        "Genauigkeit."
    )

    step_audit = (
        "Klären, warum der Checkpoint die Prüfung seiner Gewichte nicht bestanden hat, und erneut quantisieren, "
        "gegebenenfalls mit dem anderen quantize.backend."
    )
    step_not_scored = (
        "Klären, warum AWQ nicht bewertet wurde: Namen und Skalen der Gewichte mit denen der Quelle vergleichen."
    )
    step_again = (
        "Erneut quantisieren, mit kleinerer Gruppengröße oder mit Kalibriertext, der näher an der Aufgabe liegt, und "
        "erneut messen; andernfalls eine andere Toleranz vereinbaren, bevor neue Werte betrachtet werden."
    )
    step_gpu = (
        "Den Lauf auf der GPU wiederholen, die für den Betrieb vorgesehen ist; Geschwindigkeit und Kosten einer CPU "
        "lassen sich nicht übertragen."
    )
    step_prices = (
        "Angenommene Preise und Lasten im Rezept durch belegte oder gemessene ersetzen, dann `awqctl roi` erneut "
        "ausführen."
    )
    step_traffic = "Vor der Umstellung AWQ neben der Baseline mit einem Teil der echten Anfragen betreiben."
    step_endpoint = "Den Endpunkt mit `awqctl serve` testen, bevor er übergeben wird."

    def step_terms(self, clauses: str) -> str:
        return (
            f"Klären, was aus den nicht bestandenen Kriterien folgt ({clauses}): ein anderer Checkpoint, eine andere "
            f"Maschine oder eine andere Vereinbarung, bevor neue Werte vorliegen."
        )

    step_sign = "Die letzte Seite unterschreiben oder benennen, was für eine Unterschrift fehlt."

    step_void = (
        "Beheben, was Messpunkte des Benchmarks ungültig machte, und `awqctl bench` erneut ausführen: Nur diese werden "
        "gemessen, die übrigen bleiben erhalten."
    )

    step_drift = (
        "Klären, was unter Last driftet, bevor sich jemand darauf verlässt: die Last länger halten "
        "(`bench.soak.minutes`) und prüfen, ob es endet."
    )
    step_longer_soak = (
        "Die Last länger halten (`bench.soak.minutes`): Der Dauerlasttest entscheidet nicht über die Stabilität."
    )

    def step_repeats(self, repeats: str, undecided: str) -> str:
        return (
            f"Wenn es darauf ankommt, `bench.repeats` auf {repeats} setzen und `awqctl bench` erneut ausführen: Die "
            f"bisherigen Wiederholungen entscheiden nicht über {undecided}."
        )

    the_speed = "die Geschwindigkeit"
    the_costs = "die Kosten"

    def step_load(self, requests: str) -> str:
        return f"Erneut prüfen, wenn sich die Last der Gewinnschwelle nähert: {requests}."

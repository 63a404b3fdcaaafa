"""What the chapter on risks says in German: each risk as a sentence, and what reduces it as another."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.risks import Risks, Severity


class GermanRisks(GermanWords, Risks):
    """Each risk is a fact of the run; figures and commands come in printed."""

    title = "Risiken"
    paragraph = (
        "Jede Zeile folgt aus einer Tatsache dieses Laufs und nennt, wo sie steht. Hoch: nicht weitergehen, bevor das "
        "Risiko behandelt ist. Mittel: behandeln, bevor alle Anfragen davon abhängen. Gering: kennen."
    )
    table = "Was schiefgehen kann und was das Risiko mindert"
    columns = ("Risiko", "Schwere", "Was es mindert", "Wo die Tatsache steht")
    severities: Mapping[Severity, str] = {"high": "hoch", "medium": "mittel", "low": "gering"}

    dummy_weights = "Die Gewichte wurden von der Engine erzeugt: Was das Modell antwortet, ist nicht bekannt."
    measure_model = "Das Modell selbst messen: ein Rezept mit `quantize` und `eval`, ohne Platzhalter-Gewichte."

    no_accuracy = "Was die Quantisierung an Genauigkeit kostet, ist nicht bekannt."
    failed_audit = "Die Gewichte des Checkpoints haben ihre Prüfung nicht bestanden."

    def run(self, command: str) -> str:
        return f"{command} ausführen."

    def accuracy_failed(self, tasks: str) -> str:
        return f"AWQ verliert bei {tasks} mehr als vereinbart."

    not_scored = "AWQ antwortet so anders als die Baseline, dass es nicht bewertet wurde."

    def quantize_again(self, command: str) -> str:
        return f"Bei 16 Bit bleiben oder mit anderen Einstellungen neu quantisieren: {command}."

    def accuracy_open(self, tasks: str) -> str:
        return f"Bei {tasks} kann der Verlust größer sein als vereinbart: Die Fragen entscheiden es nicht."

    def more_items(self, command: str) -> str:
        return f"`limit` erhöhen oder Aufgaben unter `eval` ergänzen, dann {command} ausführen."

    def other_tasks(self, tasks: str) -> str:
        return (
            f"Die Genauigkeit wurde mit {tasks} gemessen; bei der Arbeit, für die das Modell bestimmt ist, kann der "
            f"Verlust ein anderer sein."
        )

    def own_questions(self, command: str) -> str:
        return f"Eigene Fragen ergänzen (`eval.tasks`, Schlüssel `questions`), dann {command} ausführen."

    def calibrated_on(self, source: str) -> str:
        return f"Die Skalen wurden an {source} gewählt; Text, der anders ist, kann mehr verlieren."

    def own_calibration(self, command: str) -> str:
        return f"Eigenen Text in `quantize.calibration` nennen, dann {command} ausführen."

    no_speed = "Wie schnell AWQ gegenüber der Baseline ist, ist nicht bekannt."

    def void_loads(self, void: str, loads: str) -> str:
        return (
            f"{void} von {loads} Lasten des Benchmarks sind ungültig; die Geschwindigkeit ist daher an weniger Stellen "
            f"bekannt als verlangt."
        )

    def on_cpu(self, machine: str) -> str:
        return (
            f"Die Geschwindigkeit wurde ohne GPU gemessen ({machine}); sie sagt nichts über eine GPU aus und damit "
            f"auch nichts über deren Kosten."
        )

    def production_gpu(self, command: str) -> str:
        return f"{command} auf der GPU ausführen, die für den Betrieb vorgesehen ist."

    def one_machine(self, machine: str) -> str:
        return (
            f"Alles wurde auf einer einzigen Maschine gemessen ({machine}); andere derselben Art können langsamer sein "
            f"oder ausfallen."
        )

    def repeat_elsewhere(self, command: str) -> str:
        return f"{command} auf einer zweiten Maschine mit einem anderen `--out` ausführen und vergleichen."

    def made_up_prompts(self, tokens: str, answer: str) -> str:
        return (
            f"Die Geschwindigkeit wurde mit erzeugten Prompts gemessen ({tokens} Token, Antworten {answer}), nicht mit "
            f"echten Anfragen."
        )

    def own_prompts(self, command: str) -> str:
        return f"Eine Datei eigener Prompts in `bench.prompts` nennen, dann {command} ausführen."

    no_soak = "Die Last wurde nie minutenlang gehalten: Hitze, Speicherlecks und Drift hätten sich nicht gezeigt."

    def soak_drifts(self, arms: str) -> str:
        return f"Unter minutenlang gehaltener Last ist gedriftet: {arms}."

    find_drift = "Klären, was driftet, dann die Last länger halten (`bench.soak.minutes`)."

    no_service_level = "Es wurde keine Latenzgrenze vereinbart; daher ist keine Zahl gleichzeitiger Nutzer eine Zusage."

    def agree_level(self, command: str) -> str:
        return f"`bench.service_level` vereinbaren, dann {command} ausführen."

    def quantized_cache(self, dtype: str) -> str:
        return (
            f"Der KV-Cache liegt in jeder Variante als {dtype} vor, auch in der Baseline: Was das an Genauigkeit "
            f"kostet, steht in keinem Vergleich."
        )

    def unquantized_cache(self, command: str) -> str:
        return (
            f"`engine.kv_cache_dtype` auf null setzen, {command} mit einem anderen `--out` ausführen und die "
            f"Punktwerte vergleichen."
        )

    no_costs = "Ob AWQ Geld spart, ist nicht bekannt."
    costs_open = "Ob AWQ Geld spart, ist nicht entschieden: Die Wiederholungen lassen beide Antworten zu."

    def more_repeats(self, repeats: str, command: str) -> str:
        return (
            f"`bench.repeats` auf {repeats} setzen, dann {command} ausführen; oder die in einem Jahr erwartete Last "
            f"ansetzen."
        )

    def assumed(self, what: str) -> str:
        return f"Die Kosten beruhen auf Annahmen: {what}."

    price = "der Preis der Maschine"
    load = "die Last"
    engagement = "der Projektpreis"

    def quote(self, command: str) -> str:
        return f"Belegte oder gemessene Werte unter `roi` eintragen, dann {command} ausführen."

    def stale_price(self, day: str, days: str) -> str:
        return f"Der Preis der Maschine ist vom {day}, {days} Tage vor dem Lauf."

    undated_price = "Die Quelle für den Preis der Maschine nennt kein Datum; wie alt er ist, lässt sich nicht sagen."

    def date_price(self, command: str) -> str:
        return f"Den Preis neu erfragen, das Datum in `roi.hourly.source` eintragen, dann {command} ausführen."

    no_endpoint = "Der Endpunkt wurde nicht getestet: Ob TLS, Schlüssel und Routen funktionieren, ist nicht bekannt."

    def endpoint_failed(self, checks: str) -> str:
        return f"Der Endpunkt hat nicht bestanden: {checks}."

    def served_despite(self, times: str) -> str:
        return f"Der Checkpoint wurde {times} bereitgestellt, obwohl er seine Prüfkriterien nicht erfüllt hatte."

    stop_serving = "Diesen Endpunkt beenden und ohne `--despite-gates` bereitstellen."

    no_licence = "Es wurde keine Lizenz des Modells gefunden; ob dieser Einsatz erlaubt ist, lässt sich nicht sagen."
    find_licence = "Den Urheber des Modells fragen und die Antwort in `model.licence` eintragen."

    def licence(self, licence: str) -> str:
        return (
            f"Die Lizenz des Modells ist {licence}; ob sie diesen Einsatz und die quantisierte Kopie erlaubt, wurde "
            f"nicht geprüft."
        )

    read_licence = "Die Lizenz, die beim Checkpoint liegt, von jemandem lesen lassen, der sie beurteilen darf."

    def foreign_code(self, commit: str) -> str:
        return f"Das Modell bringt Python-Code mit, der auf der Maschine läuft (Commit {commit})."

    read_code = (
        "Diesen Code vor jeder Aktualisierung lesen und `model.revision` auf dem Commit lassen, der gelesen wurde."
    )

    def sick_machine(self, checks: str) -> str:
        return f"Vor dem Benchmark war die Maschine nicht in Ordnung: {checks}."

    def look_at_machine(self, doctor: str, command: str) -> str:
        return f"{doctor} ausführen, beheben, was genannt wird, dann {command} ausführen."

"""What the chapter on data control says in German: what leaves the machine, and what shows it."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.data_control import DataControl, Leaving


class GermanDataControl(GermanWords, DataControl):
    """A line for each place at which something could leave."""

    title = "Datenhoheit"
    nothing = (
        "Dem Aufbau nach verlässt nichts von Ihnen die Maschine: kein Prompt, keine Antwort, kein Gewicht, kein "
        "Schlüssel, keine Nutzungsstatistik."
    )
    nothing_told = "Soweit der Datensatz des Laufs es sagt, verlässt dem Aufbau nach nichts von Ihnen die Maschine."
    requests_alone = (
        "Dem Aufbau nach verlassen weder Prompts noch Antworten, Gewichte, Schlüssel des Endpunkts oder "
        "Nutzungsstatistiken die Maschine. Anfragen an den Hub nennen, was geladen wird."
    )

    def leaves(self, places: str) -> str:
        return f"Dem Aufbau nach kann mehr als Anfragen an den Hub die Maschine verlassen: {places}."

    def not_told(self, places: str) -> str:
        return f"Hiervon sagt der Datensatz des Laufs nicht, ob etwas die Maschine verlässt: {places}."

    not_checked = (
        "Dies ist eine Aussage über den Aufbau, gelesen aus dem Rezept, dem Datensatz des Laufs und dem Code von "
        "awqctl. Der Netzverkehr wurde während des Laufs nicht aufgezeichnet; es ist also keine Messung."
    )

    def check(self, cut_off: str, look: str) -> str:
        return (
            f"Die Prüfung, die es zeigt, sobald Modelle und Datensätze vorhanden sind: {cut_off} macht den Lauf noch "
            f"einmal, ohne Netz außer Loopback. Während ein Endpunkt läuft, zeigt {look} jede Verbindung, die es gibt."
        )

    table = "Was die Maschine verlässt"
    columns = ("Was", "Verlässt die Maschine", "Wie es aufgebaut ist", "Wo das steht")
    leaving: Mapping[Leaving, str] = {
        "nothing": "nichts",
        "a request": "eine Anfrage an den Hub",
        "data": "Daten",
        "not confined": "nicht eingegrenzt",
        "not recorded": "nicht festgehalten",
    }

    model = "Gewichte des Modells"
    local_model = "Sie wurden von dieser Maschine gelesen."

    def fetched_model(self, model: str, commit: str) -> str:
        return f"{model} wurde beim Commit {commit} vom Hub geladen; der Hub sieht Name, Adresse und Zugangstoken."

    calibration = "Kalibriertext"
    local_text = "Er wurde von dieser Maschine gelesen."

    def fetched_text(self, names: str) -> str:
        return (
            f"Vom Hub geladen wurde {names}; der Hub sieht Namen, Adresse und Zugangstoken. Der Text bleibt auf dieser "
            f"Maschine."
        )

    tasks = "Aufgaben der Evaluation"
    local_tasks = "Alle Fragen liegen awqctl bei oder sind eigene Dateien."

    def fetched_tasks(self, tasks: str) -> str:
        return (
            f"lm-eval fragt den Hub gegebenenfalls nach den Fragen von {tasks}; der Hub sieht Namen, Adresse und "
            f"Zugangstoken. Antworten bleiben auf dieser Maschine: Jedes Urteil entsteht hier."
        )

    engines = "Engines (quantize, eval, bench, serve)"
    offline = (
        "Jede startet mit abgeschaltetem Hub (`HF_HUB_OFFLINE=1`), abgeschalteten Nutzungsstatistiken "
        "(`VLLM_NO_USAGE_STATS=1`, `DO_NOT_TRACK=1`) und ohne Zugangstoken des Hubs; Anfragen erreichen sie über "
        "Loopback oder einen Socket."
    )
    set_by_code = "Code von awqctl: pipeline/runtimes/process.py"
    remote = "Gemessene Server"

    def sent_to(self, hosts: str) -> str:
        return f"Die Prompts des Benchmarks gingen an {hosts}."

    endpoint = "Der Endpunkt"

    def listens(self, host: str) -> str:
        return (
            f"Er lauscht auf {host}; das erreicht nur diese Maschine. Sein Zugriffsprotokoll enthält weder Prompts "
            f"noch Antworten noch Schlüssel."
        )

    def offered(self, host: str, *, tls: bool) -> str:
        guard = "hinter TLS 1.3 und API-Schlüsseln" if tls else "hinter API-Schlüsseln, ohne TLS"
        return (
            f"Er lauscht auf {host} {guard}: Wer ihn mit einem Schlüssel erreicht, bekommt Antworten. Sein "
            f"Zugriffsprotokoll enthält weder Prompts noch Antworten noch Schlüssel."
        )

    tried = " Falsche Schlüssel wurden im Test abgewiesen."
    store = "Der Speicher der Läufe (MLflow)"

    def local_store(self, store: str) -> str:
        return f"{store} liegt auf dieser Maschine."

    def remote_store(self, store: str) -> str:
        return (
            f"{store} erhält Einstellungen, Werte, Berichte und die Fragen der Evaluation mit den Antworten des "
            f"Modells. Gewichte und Kalibriertext bleiben auf dieser Maschine."
        )

    store_unknown = (
        "Der Datensatz des Laufs sagt nicht, welcher Speicher es war; ohne `--store` ist es eine Datei auf dieser "
        "Maschine."
    )
    foreign_code = "Code, den das Modell mitbringt"
    not_confined = "Er läuft auf dieser Maschine mit den Rechten des Nutzers, und nichts hält ihn vom Netz fern."
    unsafe_code = "Code, den das Modell schreibt"
    executed = "Die Evaluation hat ihn auf dieser Maschine ausgeführt, ohne Sandbox."

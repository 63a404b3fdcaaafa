"""What the chapter on where the time goes says in German."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.profile import ProfileSentences


class GermanProfileSentences(GermanWords, ProfileSentences):
    """One paragraph, a table per arm, and the files."""

    title = "Wohin die Zeit geht"
    columns = ("Operation", "Aufrufe", "Eigene Zeit, ms", "Anteil")
    kinds: Mapping[str, str] = {"kernels": "Kernel der GPU", "operators": "Operatoren auf der CPU"}
    traces = "Aufzeichnungen"
    trace_columns = ("Datei", "Größe", "SHA-256")
    perfetto = "https://ui.perfetto.dev öffnet die Traces; Nsight Systems öffnet seine eigenen Dateien."

    def method(self, steps: str, concurrency: str, prompt: str, answer: str) -> str:
        return (
            f"Der Profiler von vLLM zeichnete je Variante höchstens {steps} der Engine auf, bei {concurrency} Anfragen "
            f"in Bearbeitung, {prompt} Token hinein und {answer} heraus. Die Aufzeichnung bremst die Engine; diese "
            f"Engines wurden daher nur dafür gestartet: Es zählen die Anteile, Geschwindigkeiten stammen nicht daraus."
        )

    def table(self, arm: str, kind: str) -> str:
        return f"{arm}: teuerste {kind}"

    def note(self, kernel: str) -> str:
        return f"Eigene Zeit ist die ohne aufgerufene Operationen. Lineare Schichten: {kernel}."

"""What the chapter on memory says in German."""

from collections.abc import Mapping

from eval.bench.engine_proof import MemorySource
from pipeline.base.format import TIMES
from pipeline.report.comparison import Basis
from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.memory import Memory


class GermanMemory(GermanWords, Memory):
    """One paragraph and two tables."""

    title = "Speicher"
    absent = "Der Speicher wurde nicht verglichen: `awqctl bench` wurde nicht ausgeführt."
    table = "Speicher"
    item = "Posten"
    files = "Gewichtsdateien auf der Festplatte"
    cache = "KV-Cache, Token"
    start = "Start der Engine, s"
    weights = "Gewichte in der Engine, GiB"
    parts: Mapping[str, str] = {
        "kv_cache_gib": "KV-Cache, GiB",
        "rest_gib": "Rest unter Last, GiB",
        "activation_peak_gib": "Aktivierungen höchstens, GiB",
        "graphs_gib": "CUDA-Graphen, GiB",
    }
    peak = "Spitze unter Last, GiB"
    peak_of: Mapping[MemorySource, str] = {
        "device": (
            "Die Spitze ist alles, was auf der vollsten GPU der Engine belegt war, unter Last einmal je Sekunde "
            "gelesen."
        ),
        "processes": (
            "Die Spitze ist, was die Prozesse der Engine vom Arbeitsspeicher belegten, unter Last einmal je Sekunde "
            "gelesen."
        ),
    }
    notes: Mapping[str, str] = {
        "files": (
            "Die CPU-Engine meldet den Speicher ihrer Gewichte nicht; die Größe der Dateien steht an dessen Stelle."
        ),
        "engine": "Die Engine gibt ihren Speicher beim Start an, gerundet auf 0,01 GiB.",
        "configuration": (
            "Die CPU-Engine meldet den Speicher ihrer Gewichte nicht; er ist aus der Konfiguration berechnet."
        ),
    }

    proof = "Was lief"
    kernel = "Kernel der linearen Schichten"
    integer_math = "Gewichte und Aktivierungen des 4-Bit-Kernels der CPU"
    dtype = "Datentyp der Aktivierungen"
    kv_cache_dtype = "Datentyp des KV-Cache"
    attention = "Attention-Backend"
    compilation = "Kompilierung"
    graphs = "CUDA-Graphen"
    variables = "Umgebungsvariablen der Engine"
    proof_note = "In den Worten der Engine, aus ihrem Log."
    no_attention_backend = "Auf der CPU nennt sie ihr Attention-Backend nicht."
    free_memory = (
        "Speicher, den die Gewichte freilassen, erhält der KV-Cache; mit kleineren Gewichten laufen daher mehr "
        "Anfragen gleichzeitig."
    )

    basis: Mapping[Basis, str] = {
        "engine": "nach Angabe der Engine beim Start",
        "parameters": "Dateigröße von AWQ gegen 16 Bit je Parameter, weil die Quelldateien mehr als 16 Bit enthalten",
        "files": "nach der Größe der Gewichtsdateien",
        "configuration": "berechnet aus der Konfiguration des Modells",
    }

    def requests(self, tokens: str) -> str:
        return f"Gleichzeitige Anfragen zu {tokens} Token"

    def weights_sentence(self, before: str, after: str, ratio: str, basis: str, cache: str) -> str:
        return (
            f"Die Gewichte belegen {before} vorher und {after} mit AWQ, ein Faktor von {ratio.removesuffix(TIMES)} "
            f"({basis}). {cache}"
        )

    def fixed_cache(self, gib: str) -> str:
        return (
            f"Auf der CPU hat der KV-Cache eine feste Größe ({gib} GiB), kleinere Gewichte vergrößern ihn also nicht."
        )

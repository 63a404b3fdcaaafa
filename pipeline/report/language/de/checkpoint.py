"""What the chapter on the quantized checkpoint says in German, and the method of how it was made."""

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.checkpoint import Checkpoint


class GermanCheckpoint(GermanWords, Checkpoint):
    """Its facts, what became of the linear layers, and the lines of the method on quantization and control."""

    title = "Quantisierter Checkpoint"
    absent = "Es wurde nichts quantisiert: `awqctl quantize` wurde nicht ausgeführt."
    bits_per_weight = (
        "Die Bits je Gewicht enthalten Skalen und Nullpunkte. Schichten, die bei 16 Bit bleiben, etwa die Embeddings, "
        "heben den Wert des ganzen Modells über den der quantisierten Schichten."
    )
    card = (
        "Veröffentlicht wird der Checkpoint mit `report/model_card.md` als README.md: Die Karte in seinem Ordner "
        "enthält, was bei der Quantisierung bekannt war, diese zusätzlich die gemessene Genauigkeit."
    )
    limit_one = "Gemessen wurde eine Quantisierung mit einem Kalibrierdatensatz und einem Seed."

    def shares(self, in_4bit: str, scaled: str, of_model: str) -> str:
        return (
            f"Von den Parametern der linearen Schichten, die das Rezept nicht ausnimmt, liegen {in_4bit} in 4 Bit vor, "
            f"und {scaled} wurden vor dem Runden von AWQ skaliert. Von allen Parametern des Modells, einschließlich "
            f"Embeddings und Ausgabeschicht, liegen {of_model} in 4 Bit vor."
        )

    def equivalence(self, change: str) -> str:
        return (
            f"Die Skalierung durch AWQ allein darf nicht verändern, was das Modell berechnet: Bevor gerundet wurde, "
            f"betrug die größte dadurch verursachte relative Änderung einer Ausgabe {change}."
        )

    coverage = "Was aus den linearen Schichten wurde"
    coverage_columns = (
        "Art",
        "Schichten",
        "Von AWQ skaliert",
        "Nur gerundet",
        "16 Bit",
        "Anteil an allen Parametern",
        "Gewichtsfehler",
        "Schranke",
        "Ausgabefehler, AWQ / Rundung",
    )

    def coverage_note(self, layers: str, grouping: str) -> str:
        return (
            f"Gewichtsfehler: größter relativer Fehler der Gewichte einer Schicht gegenüber der Quelle (verglichen: "
            f"{layers}), daneben die Schranke, die 4 Bit, {grouping} und Clipping zulassen. Ausgabefehler: mittlerer "
            f"quadratischer Fehler auf dem Kalibriertext nach der Skalierung, geteilt durch den bei einfacher Rundung; "
            f"unter 1 hat AWQ dort geholfen."
        )

    facts = "Eckdaten"
    facts_note = (
        "Größen, Zeiten und Bits je Gewicht sind gemessen. `awqctl verify checkpoint` rechnet die Prüfsummen nach."
    )
    source = "Quellmodell"
    commit = "Commit der Quelle"
    no_commit = "keiner (ein Ordner)"
    licence = "Lizenz"
    no_licence = "unbekannt"
    backend = "Backend"
    format = "Format"
    bits = "Bits, Gruppengröße"
    zero_points = "mit Nullpunkten"
    symmetric = "symmetrisch"
    parameters = "Parameter"
    in_4bit = "Davon jetzt in 4 Bit"
    bits_whole = "Bits je Gewicht, ganzes Modell"
    bits_quantized = "Bits je Gewicht, quantisierte Schichten"
    source_bytes = "Gewichtsdateien der Quelle"
    checkpoint_bytes = "Gewichtsdateien des Checkpoints"
    calibration = "Kalibrierung"
    recalled = "Aus einem abgebrochenen Versuch übernommene Suchen"
    seconds = "Dauer der Quantisierung"
    memory = "Spitzenbedarf an Arbeitsspeicher bei der Quantisierung"
    gpu_memory = "Spitzenbedarf an GPU-Speicher bei der Quantisierung"
    digest = "Digest des Checkpoints (SHA-256)"
    control_digest = "Digest der Kontrolle mit einfacher Rundung"

    def bits_text(self, bits: str, grouping: str, zero: str) -> str:
        return f"{bits} Bit, {grouping}, {zero}"

    def in_4bit_text(self, parameters: str, share: str, layers: str) -> str:
        return f"{parameters} ({share}), {layers}"

    def calibration_text(self, source: str, blocks: str, tokens: str) -> str:
        return f"{source}: {blocks} zu {tokens} Token"

    chosen = ", von `auto` gewählt"

    def only_rounded(self, share: str) -> str:
        return f"; weitere {share} wurden nur gerundet"

    def method(self, backend: str, seed: str, bits: str, scaled: str, rest: str) -> str:
        return (
            f"Quantisierung: {backend}. AWQ skaliert die Eingänge linearer Schichten nach den Aktivierungen auf dem "
            f"Kalibriertext (Seed {seed}), damit das Runden auf {bits} Bit weniger kostet. Von den Parametern der "
            f"linearen Schichten, die das Rezept nicht ausnimmt, wurden {scaled} skaliert und gerundet{rest}."
        )

    control_scored = "Ihre Genauigkeit wird neben den anderen bewertet"
    control_compared = "Der Alarm vergleicht AWQ mit ihr"

    def control_method(self, bits: str, grouping: str, use: str) -> str:
        return (
            f"Kontrolle: dieselbe Quelle, in {bits} Bit auf den nächsten Wert gerundet, {grouping}, ohne Skalen von "
            f"AWQ. {use}, und kein Prüfkriterium gilt für sie."
        )

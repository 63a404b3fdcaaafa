"""What the model card says of the checkpoint in German."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.card import CardSentences
from pipeline.report.language.de.words import GermanWords

_WORDS = GermanWords()


class GermanCardSentences(CardSentences):
    """Headings, labels and sentences of a card, in the order in which they stand there."""

    not_measured = (
        "Bei der Erzeugung dieser Gewichte nicht gemessen. `awqctl eval` misst sie; `awqctl report` schreibt diese "
        "Karte mit dem Ergebnis erneut, als `report/model_card.md`."
    )
    base_heading = "Basismodell"
    method_heading = "Quantisierung"
    coverage_heading = "Was in 4 Bit vorliegt"
    accuracy_heading = "Genauigkeit"
    use_heading = "Verwendung"
    verify_heading = "Überprüfung"
    licence_heading = "Lizenz"

    def title(self, source: str) -> str:
        return f"{source}, mit AWQ auf 4 Bit quantisiert"

    model = "Modell"
    revision = "Revision"
    local_folder = "ein lokaler Ordner, ohne Commit"
    digest = "SHA-256 über die Prüfsummen von Gewichten und Konfiguration"
    parameters = "Parameter"
    licence = "Lizenz"
    unknown = "unbekannt"

    method = "Verfahren"
    method_text = "AWQ, aktivierungsabhängige Quantisierung der Gewichte (arXiv 2306.00978)"
    backend = "Backend"
    versions = "Versionen"
    bits = "Bits und Gruppen"
    format = "Format"
    calibration = "Kalibrierung"
    weight_files = "Gewichtsdateien"
    bits_per_weight = "Bits je Gewicht"
    zero_points = "mit Nullpunkten"
    symmetric = "symmetrisch"

    def listing(self, items: Sequence[str]) -> str:
        """Return `a`, `a und b`, `a, b und c`."""
        return _WORDS.listing(items)

    def grouping(self, group_size: int) -> str:
        """Return which weights share a scale; -1 stands for whole rows."""
        return _WORDS.grouping(group_size)

    def bits_text(self, bits: str, grouping: str, zero: str) -> str:
        return f"{bits} Bit, {grouping}, {zero}"

    def calibration_text(self, source: str, blocks: str, tokens: str, seed: str) -> str:
        amount = "1 Block" if blocks == "1" else f"{blocks} Blöcke"
        return f"{source}: {amount} zu {tokens} Token, Seed {seed}"

    def weight_files_text(self, before: str, now: str) -> str:
        return f"{before} vorher, {now} jetzt"

    def bits_per_weight_text(self, whole: str, quantized: str) -> str:
        return f"{whole} über alle Parameter, {quantized} in den 4-Bit-Schichten, samt Skalen und Nullpunkten"

    def shares(self, in_4bit: str, scaled: str, of_model: str) -> str:
        return (
            f"Von den Parametern der linearen Schichten, die das Rezept nicht ausnimmt, liegen {in_4bit} in 4 Bit vor, "
            f"und {scaled} wurden von AWQ skaliert; nicht skalierte 4-Bit-Schichten wurden nur auf den nächsten Wert "
            f"gerundet. Von allen Parametern des Modells liegen {of_model} in 4 Bit vor."
        )

    kinds_columns = ("Schichten", "Anzahl", "Von AWQ skaliert", "Nur gerundet", "16 Bit")
    in_16bit = "In 16 Bit:"
    never_quantized = (
        "Embeddings, Normierungen und Bias-Werte, weil AWQ nur die Gewichte linearer Schichten quantisiert"
    )
    left_reasons: Mapping[str, str] = {
        "router": "Router",
        "ignored by the recipe": "vom Rezept ausgenommen",
        "the backend left it": "vom Backend belassen",
        "": "kein Grund verzeichnet",
    }

    def and_more(self, names: str, more: str) -> str:
        return f"{names} und {more} weitere"

    no_flag = (
        "Kein `--quantization` angeben: vLLM liest das Format aus `config.json` und wählt seinen Kernel selbst; die "
        "Angabe kann\neinen langsameren erzwingen."
    )
    folder_of_weights = "PFAD_DIESES_ORDNERS"

    def verifies(self, digest: str) -> str:
        return (
            f"Der Befehl berechnet die SHA-256 jeder Datei außer dieser Karte neu und vergleicht sie mit "
            f"`awqctl-manifest.json`. Digest des Checkpoints, ebenfalls ohne die Karte: {digest}."
        )

    licence_unknown = (
        "Das Basismodell nennt seine Lizenz nicht. Sie ist zu klären, bevor diese Gewichte weitergegeben werden."
    )

    def licence_known(self, licence: str) -> str:
        return (
            f"Das Basismodell wird angeboten unter: {licence}. Die Bedingungen gelten für abgeleitete Gewichte, soweit "
            f"sie es selbst vorsehen; sie sind zu lesen, bevor diese Gewichte weitergegeben werden."
        )

    def licence_files(self, files: str) -> str:
        return f"Aus dem Basismodell übernommen, neben dieser Karte: {files}."

    no_licence_files = "Dem Basismodell lag keine Lizenz- oder Hinweisdatei bei."

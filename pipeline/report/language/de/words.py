"""Words that every chapter uses in German: how variants are called, how things are counted and listed."""

from collections.abc import Mapping, Sequence

from pipeline.report.language.en.words import Noun, Words


class GermanWords(Words):
    """What the classes of all German chapters are made from."""

    arm_names: Mapping[str, str] = {"baseline": "Baseline", "awq": "AWQ", "rtn": "Rundung"}
    nouns: Mapping[Noun, tuple[str, str]] = {
        "task": ("Aufgabe", "Aufgaben"),
        "run": ("Lauf", "Läufe"),
        "warm-up request": ("Aufwärmanfrage", "Aufwärmanfragen"),
        "gate": ("Prüfkriterium", "Prüfkriterien"),
        "check": ("Prüfung", "Prüfungen"),
        "endpoint check": ("Prüfung des Endpunkts", "Prüfungen des Endpunkts"),
        "layer": ("Schicht", "Schichten"),
        "block": ("Block", "Blöcke"),
        "core": ("Kern", "Kerne"),
        "time": ("Mal", "Mal"),
        "step": ("Schritt", "Schritte"),
        "request": ("Anfrage", "Anfragen"),
        "sample": ("Beobachtung", "Beobachtungen"),
        "setting": ("Einstellung", "Einstellungen"),
        "machine": ("Maschine", "Maschinen"),
        "GPU": ("GPU", "GPUs"),
    }
    """Nominative, which is the accusative, too: sentences are built so that no other case is needed."""

    facts_columns = ("Merkmal", "Wert")

    def folder(self, folder: str, amount: str) -> str:
        """Return a folder of which the files are not named one by one."""
        return f"{folder}/ ({amount} Dateien)"

    too_few = "zu wenige"
    interval_unknown = "bei so wenigen Wiederholungen nicht bekannt"
    void = "ungültig"
    void_caption = " Ein Kreuz am oberen Rand: Der Messpunkt ist ungültig und hat keinen Wert."

    def or_more(self, amount: str) -> str:
        """Return `mindestens 5 Läufe`."""
        return f"mindestens {amount}"

    def listing(self, items: Sequence[str]) -> str:
        """Return `a`, `a und b`, `a, b und c`."""
        head, last = items[:-1], "".join(items[-1:])
        return f"{', '.join(head)} und {last}" if head else last

    def from_to(self, first: str, last: str) -> str:
        """Return a range of neighbours."""
        return f"{first} bis {last}"

    def grouping(self, group_size: int) -> str:
        """Return which weights share a scale; -1 stands for whole rows."""
        return "eine Gruppe je Zeile" if group_size == -1 else f"Gruppen zu {group_size}"

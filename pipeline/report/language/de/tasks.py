"""What the tasks of an evaluation ask, and what their scores are, in plain German sentences."""

from collections.abc import Mapping

from pipeline.report.language.de.words import GermanWords
from pipeline.report.language.en.tasks import Tasks


class GermanTasks(GermanWords, Tasks):
    """By lm-eval's names: the packaged tasks and those of the suites."""

    title = "Was die Aufgaben fragen"
    columns = ("Aufgabe", "Was sie fragt", "Was der Punktwert ist")
    meanings: Mapping[str, str] = {
        "stdlib_next_line": (
            "Welche von vier Zeilen in einer Python-Datei der Standardbibliothek als nächste kommt; Raten trifft ein "
            "Viertel."
        ),
        "stdlib_bits": "Wie gut das Modell Python-Dateien der Standardbibliothek vorhersagt, die es nicht kennt.",
        "arc_challenge": (
            "Naturwissenschaftliche Schulfragen mit vier Antworten zur Auswahl, und zwar die schwer nachschlagbaren."
        ),
        "hellaswag": "Welches von vier Enden eine kurze Alltagsgeschichte hat: gesunder Menschenverstand.",
        "winogrande": "Wofür ein Pronomen in einem Satz steht, eins von zweien: Leseverständnis.",
        "gsm8k": "Textaufgaben der Grundschule in mehreren Schritten; das Modell schreibt die Zahl aus.",
        "mmlu": "Prüfungsfragen aus 57 Fächern von Recht bis Medizin mit vier Antworten zur Auswahl: Wissen.",
        "truthfulqa_mc2": "Fragen mit einer verbreiteten falschen Antwort: ob das Modell die wahren vorzieht.",
        "humaneval": "Python-Funktionen nach ihrer Beschreibung; Tests entscheiden, ob sie funktionieren.",
        "mbpp": "Kurze Python-Programme nach einem Satz; Tests entscheiden, ob sie funktionieren.",
        "wikitext": "Wie gut das Modell ganze Artikel der Wikipedia vorhersagt.",
    }
    metrics: Mapping[str, str] = {
        "acc": "Anteil richtig beantworteter Fragen",
        "acc_norm": "Anteil richtig beantworteter Fragen, ohne Nachteil für lange Antworten",
        "exact_match": "Anteil der Fragen, deren Antwort genau die richtige ist",
        "f1": "Anteil der Wörter, die Antwort und Vorlage gemeinsam haben",
        "pass@1": "Anteil der Programme, die ihre Tests im ersten Versuch bestehen",
        "pass_at_1": "Anteil der Programme, die ihre Tests im ersten Versuch bestehen",
        "bits_per_byte": "Bits, die das Modell je Byte Text braucht; weniger ist besser",
        "word_perplexity": "wie sehr ein Wort das Modell überrascht; weniger ist besser",
        "mc2": "Anteil der Wahrscheinlichkeit, den die wahren Antworten erhalten",
    }
    unknown = "Dieser Bericht hat keinen einfachen Satz dafür; die Datei der Aufgabe in lm-eval beschreibt sie."
    unknown_metric = "wie lm-eval sie festlegt"

    def own_questions(self, file: str) -> str:
        return f"Eigene Fragen aus {file}."

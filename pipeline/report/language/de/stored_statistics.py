"""How intervals and p-values of a comparison were obtained, in German."""

from collections.abc import Sequence

from pipeline.base.sentences.statistics import MethodSentences


class GermanMethodSentences(MethodSentences):
    """Names of methods, as they stand in the lines on how accuracy was judged."""

    def methods(self, names: Sequence[str]) -> str:
        return ", ".join(names)

    def method_because(self, method_and_reason: Sequence[str]) -> str:
        method, reason = method_and_reason
        return f"{method} ({reason})"

    def tango(self) -> str:
        return "Score-Intervall nach Tango"

    def tango_of_effective_items(self, *, items: str) -> str:
        return f"Score-Intervall nach Tango ({items} effektive Fragen)"

    def exact_mcnemar(self) -> str:
        return "exakter McNemar-Test"

    def ratio_score_test(self) -> str:
        return "Score-Test des Verhältnisses"

    def permutation_of_items(self) -> str:
        return "Permutationstest der Fragen"

    def permutation_of_groups(self, *, groups: str) -> str:
        return f"Permutationstest von {groups} Gruppen"

    def student_on_jackknife(self) -> str:
        return "Student-t auf dem Jackknife"

    def bca_bootstrap(self, *, draws: str) -> str:
        return f"BCa-Bootstrap ({draws} Ziehungen)"

    def of_the_recovery(self, method: Sequence[str]) -> str:
        return f"{''.join(method)} des Erhalts"

    def equal_on_all_items(self) -> str:
        return "gleich bei allen Fragen"

    def same_difference(self) -> str:
        return "dieselbe Differenz bei allen Fragen"

    def same_difference_of_few(self) -> str:
        return "dieselbe Differenz bei allen der wenigen Fragen"

    def independent_samples(self) -> str:
        return "Normalapproximation für unabhängige Stichproben"

    def values_of_different_kinds(self) -> str:
        return "die Werte je Frage sind bei beiden Varianten von verschiedener Art"

    def no_pairs(self) -> str:
        return "die Werte der Metrik lassen sich nicht je Frage paaren"

    def items_do_not_give(self, *, found: str, stated: str) -> str:
        return f"die Fragen ergeben {found}, nicht {stated} wie bei lm-eval, und werden daher nicht gepaart"

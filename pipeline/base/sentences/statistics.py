"""How intervals and p-values of a comparison were obtained."""

from collections.abc import Sequence


class MethodSentences:
    """Names of methods, as they stand in the lines on how accuracy was judged."""

    def methods(self, names: Sequence[str]) -> str:
        return ", ".join(names)

    def method_because(self, method_and_reason: Sequence[str]) -> str:
        method, reason = method_and_reason
        return f"{method} ({reason})"

    def tango(self) -> str:
        return "Tango score interval"

    def tango_of_effective_items(self, *, items: str) -> str:
        return f"Tango score interval ({items} effective items)"

    def exact_mcnemar(self) -> str:
        return "exact McNemar test"

    def ratio_score_test(self) -> str:
        return "score test of the ratio"

    def permutation_of_items(self) -> str:
        return "permutation test of items"

    def permutation_of_groups(self, *, groups: str) -> str:
        return f"permutation test of {groups} groups"

    def student_on_jackknife(self) -> str:
        return "Student's t on the jackknife"

    def bca_bootstrap(self, *, draws: str) -> str:
        return f"BCa bootstrap ({draws} draws)"

    def of_the_recovery(self, method: Sequence[str]) -> str:
        return f"{''.join(method)} of the recovery"

    def equal_on_all_items(self) -> str:
        return "equal on all items"

    def same_difference(self) -> str:
        return "the same difference on all items"

    def same_difference_of_few(self) -> str:
        return "the same difference on all of few items"

    def independent_samples(self) -> str:
        return "normal approximation for independent samples"

    def values_of_different_kinds(self) -> str:
        return "both arms have per-item values of different kinds"

    def no_pairs(self) -> str:
        return "the metric's values cannot be paired item by item"

    def items_do_not_give(self, *, found: str, stated: str) -> str:
        return f"the items give {found}, not lm-eval's {stated}, so they are not paired"

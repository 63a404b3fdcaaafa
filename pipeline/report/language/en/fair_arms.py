"""What is said of how it was made sure that arms are compared alike."""

from collections.abc import Mapping, Sequence

from eval.bench.enough import Limit
from eval.bench.settings_diff import Kind
from pipeline.recipe.repeats import Order
from pipeline.report.language.en.words import Words


class FairArmsSentences(Words):
    """Order of the arms, repeats for a precision, and settings of their engines."""

    def order(self, order: Order, arms: Sequence[str], seed: str) -> str:
        drawn = f"drawn by seed {seed}: {', then '.join(map(self.name_of, arms))}"
        if order == "blocks":
            return (
                f"Order of the arms, {drawn}. The repeats of an arm are of one start of its engine, in rounds over all "
                f"concurrencies."
            )
        return (
            f"The arms alternated, in an order {drawn}, and the other way round in every second repeat. Each repeat of "
            f"an arm is of a start of its own, so that intervals know what differs between starts."
        )

    warm_up = (
        "Before anything is measured on an engine, one whole batch at least is asked of it at every concurrency and "
        "left out."
    )

    def precision(self, first: str, width: str) -> str:
        return (
            f"Number of repeats: {first} of every point first. How far they differ decided, once, how many are made in "
            f"all for intervals of ratios of at most ± {width} (Stein's two stages): stopping where an interval looks "
            f"narrow would make it too narrow."
        )

    def made(self, arm: str, repeats: Sequence[tuple[str, str]]) -> str:
        concurrencies, amounts = (self.listing(each) for each in zip(*repeats, strict=True))
        return f"{self.title_of(arm)}: {amounts} at concurrency {concurrencies}."

    def reached(self, concurrencies: str) -> str:
        return f"The precision was reached at concurrency {concurrencies}."

    limits: Mapping[Limit, str] = {
        "max_repeats": "the most repeats (`bench.max_repeats`)",
        "budget_minutes": "the time (`bench.budget_minutes`)",
    }
    no_interval = "runs that are void, all alike, or too few to tell"

    def wider(self, concurrency: str, width: str) -> str:
        return f"{concurrency} (± {width})" if width else concurrency

    def not_reached(self, concurrencies: str, limits: Sequence[str]) -> str:
        return f"It was not reached at concurrency {concurrencies}, because of {self.listing(limits)}."

    def settings(self, amount: str, reference: str) -> str:
        return (
            f"Engine settings: {amount} of each arm, as it was started and as it states them itself, were held against "
            f"those of {self.name_of(reference)}. Only what belongs to the weights or follows from them may differ; "
            f"anything else would have voided the comparison."
        )

    compared = "Engine settings that were compared"
    compared_columns = ("Setting", "Value")

    def compared_note(self, nested: str) -> str:
        return f"And {nested} of compilation and kernels, by name in `bench/results.json`."

    differences = "Engine settings that differ"
    differences_columns = ("Setting", "Arm", "Value", "Reference", "What it is")
    kinds: Mapping[Kind, str] = {
        "weights": "the weights",
        "consequence": "follows from the weights",
        "state": "the engine had answered an evaluation before",
        "setting": "another setting",
    }
    no_differences = "No setting differs."

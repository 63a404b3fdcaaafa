"""What an evaluation asks of its engines, as far as it is known before the first answer."""

from collections.abc import Iterable

from eval.accuracy.resolution import TaskItems
from pipeline.base.format import count, plural
from pipeline.base.results import Result
from pipeline.recipe.arms import with_weights
from pipeline.recipe.recipe import Recipe


class EvalWork(Result):
    """What an evaluation asks. How long that takes is not known: tokens of items are not counted beforehand."""

    items: int
    """Of all tasks, asked of every arm."""
    arms: tuple[str, ...]
    engine_starts: int
    """At most, unless one dies: answers that are stored start none."""
    seconds: None = None

    @property
    def sentence(self) -> str:
        """Return it for a reader."""
        return (
            f"{count(self.items)} items are asked of {plural(len(self.arms), 'arm')} in "
            f"{plural(self.engine_starts, 'engine start')}. How long that takes is not known: the tokens of items are "
            f"not counted beforehand."
        )


def eval_work(recipe: Recipe, counted: Iterable[TaskItems]) -> EvalWork:
    """Return what the evaluation of a recipe asks, by the items of its tasks."""
    arms = tuple(arm.name for arm in with_weights(recipe.arms))
    return EvalWork(
        items=sum(task.items for task in counted), arms=arms, engine_starts=len(arms) + recipe.eval.noise_floor
    )

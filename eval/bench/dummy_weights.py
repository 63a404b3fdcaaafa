"""`DummyWeights`: what has to be said of a benchmark whose weights the engine made up."""

from typing import Literal

from pipeline.base.results import Result


class DummyWeights(Result):
    """What was measured without the model's weights."""

    model: str
    """Whose configuration, as the recipe names it."""
    commit: str | None
    """Of a hub model."""
    configuration: Literal["config.json", "catalogue"]
    """What its shape is known from."""
    tokenizer: Literal["own", "stand-in"]
    """`stand-in`: the model came without one, and its prompts are of made-up words."""
    group_size: int
    """Of the 4-bit arms."""
    zero_point: bool

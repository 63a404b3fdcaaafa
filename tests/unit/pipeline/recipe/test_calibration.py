"""The recipe's calibration section: one source in short form, or several by weight."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from pipeline.base.errors import RecipeError
from pipeline.recipe.calibration import Calibration
from pipeline.recipe.load import load_recipe

README = Path(__file__).parents[4] / "recipes" / "README.md"


def mixed(*weights: float, blocks: int) -> Calibration:
    """Return a mixture of sources with these weights."""
    sources = [{"source": f"source-{place}", "weight": weight} for place, weight in enumerate(weights)]
    return Calibration.model_validate({"sources": sources, "blocks": blocks})


def test_short_form_is_a_mixture_of_one() -> None:
    """The keys of a single source may stand in the section itself."""
    short = Calibration(source="a", column="body", split="test", config="en")
    long = Calibration.model_validate({"sources": [{"source": "a", "column": "body", "split": "test", "config": "en"}]})
    assert short.mixture == long.mixture
    assert short.blocks_per_source() == (128,)


@pytest.mark.parametrize(
    ("weights", "blocks", "expected"),
    [
        ((3, 1), 128, (96, 32)),
        ((1, 1, 1), 128, (43, 43, 42)),
        ((0.7, 0.2, 0.1), 10, (7, 2, 1)),
        ((0.1, 0.1, 0.1), 4, (2, 1, 1)),
        ((47, 16, 15.8, 12, 6.1, 3.1), 10, (5, 2, 1, 1, 1, 0)),
        ((1e-300, 1e-300), 2, (1, 1)),
        ((1e308, 1e308), 3, (2, 1)),
    ],
)
def test_blocks_are_shared_by_the_largest_remainder(
    weights: tuple[float, ...], blocks: int, expected: tuple[int, ...]
) -> None:
    """Counts add up exactly; the case of six is the textbook example of Hamilton's method."""
    calibration = Calibration.model_construct(sources=mixed(*weights, blocks=10_000).sources, blocks=blocks)
    assert calibration.blocks_per_source() == expected


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("{source: a, sources: [{source: b}]}", "give source .one. or sources .a list., not both"),
        ("{blocks: 3}", "give source, or sources with at least one entry"),
        ("{sources: []}", "give source, or sources with at least one entry"),
        ("{sources: [{source: a}], column: x, split: y}", "with sources, column, split belongs into the entries"),
        ("{source: a, column: x, messages: y}", "give column for text or messages for chats, not both"),
        ("{sources: [{source: a, column: x, messages: y}]}", r"sources\.0: give column for text or messages"),
        ("{sources: [{source: a}, {source: a, weight: 2}]}", "a stands in sources twice"),
        ("{sources: [{source: a}, {source: b, weight: 1000}]}", "weight 1 gives a none of the 128 blocks; raise"),
        ("{sources: [{source: a, weight: 0}]}", r"sources\.0\.weight: Input should be greater than 0"),
        ("{sources: [{source: a, weight: .inf}]}", r"sources\.0\.weight: Input should be a finite number"),
        ("{sources: [{source: a, colum: x}]}", "unknown key; allowed here: source, weight, column, messages, config"),
    ],
)
def test_contradictions_are_refused(setting: str, message: str) -> None:
    """Each is named with its key path, before anything is read."""
    with pytest.raises(RecipeError, match=rf"quantize\.calibration.*{message}"):
        load_recipe("demo", [f"quantize.calibration={setting}"])


def test_the_same_source_may_give_text_and_chats() -> None:
    """Two columns of one file are two sources."""
    both = Calibration.model_validate({"sources": [{"source": "a"}, {"source": "a", "messages": "chat"}]})
    assert both.blocks_per_source() == (64, 64)


def test_a_recorded_section_is_valid_again() -> None:
    """What a record holds of either form can be read back."""
    for calibration in (Calibration(source="a"), mixed(1, 2, blocks=9)):
        assert Calibration.model_validate(calibration.model_dump(mode="json")) == calibration


def test_an_empty_name_is_no_source() -> None:
    """It would name the recipe's own folder."""
    with pytest.raises(ValidationError, match="at least 1 character"):
        Calibration(source="")


def test_the_examples_of_the_readme_are_valid() -> None:
    """Both forms, as documented."""
    examples = re.findall(r"```yaml\n(calibration:.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    sections = [Calibration.model_validate(yaml.safe_load(example)["calibration"]) for example in examples]
    assert [section.blocks_per_source() for section in sections] == [(128,), (96, 32)]

"""The recipe section `bench`, and arms that are servers."""

import pytest

from pipeline.base.errors import RecipeError
from pipeline.recipe.arms import with_weights
from pipeline.recipe.bench import Bench
from pipeline.recipe.load import load_recipe

THEIRS = "{name: theirs, kind: endpoint, url: 'https://h/v1', header_env: ['X-Api-Key=K'], max_tokens: 9}"


def test_lengths_are_numbers_or_ranges() -> None:
    """A number is recorded as it was by earlier versions."""
    made = Bench.model_validate({"input_tokens": "128-1024", "output_tokens": 64})
    assert (made.input_tokens.low, made.input_tokens.high) == (128, 1024)
    written = made.model_dump(mode="json")
    assert (written["input_tokens"], written["output_tokens"]) == ("128-1024", 64)
    assert Bench.model_validate(written) == made


@pytest.mark.parametrize("given", [0, -3, 1.5, True, "many", "9-3", "1-", None])
def test_other_lengths_are_refused(given: object) -> None:
    """Each names what would be right."""
    with pytest.raises(ValueError, match=r"neither a number of tokens nor a range|ends before it begins"):
        Bench.model_validate({"input_tokens": given if given != "1-" else "-1"})


def test_longest_prompt_and_answer_fit_together() -> None:
    """The upper ends count."""
    with pytest.raises(RecipeError, match=r"exceeds engine\.max_model_len"):
        load_recipe("demo", ["bench.input_tokens=8-5000"])


def test_server_is_an_arm_of_speed_alone() -> None:
    """Its keys stand beside its name; a recorded recipe is read again; no weights are looked for."""
    recipe = load_recipe("demo", [f"arms=[baseline, awq, {THEIRS}]", "bench.arms=[baseline, awq, theirs]"]).recipe
    arm = recipe.arms[-1]
    assert arm.endpoint is not None
    assert (arm.endpoint.url, arm.endpoint.max_tokens) == ("https://h/v1", 9)
    assert arm.endpoint.secret_headers == {"X-Api-Key": "K"}
    assert [one.name for one in with_weights(recipe.arms)] == ["baseline", "awq"]
    assert type(recipe).model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["arms=[baseline, awq, {name: theirs, kind: endpoint}]"], "has the key `url`"),
        (["arms=[baseline, awq, {name: theirs, kind: checkpoint, url: 'http://h'}]"], "url"),
        ([f"arms=[baseline, awq, {THEIRS}]", "bench.arms=[theirs]"], "bench.arms has endpoints alone"),
        (
            ["arms=[baseline, awq, {name: t, url: 'http://h', headers: {X-Api-Key: abc}}]"],
            "carries a token or password",
        ),
        (["arms=[baseline, awq, {name: t, url: 'http://u:secret@h'}]"], "carries a token or password"),
        (["arms=[baseline, awq, {name: t, url: 'ftp://h'}]"], "url"),
    ],
)
def test_impossible_servers_are_refused(overrides: list[str], message: str) -> None:
    """Each with what is wrong, and no secret repeated."""
    with pytest.raises(RecipeError) as caught:
        load_recipe("demo", overrides)
    assert message in str(caught.value)
    assert "abc" not in str(caught.value)

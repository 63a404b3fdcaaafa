"""Acceptance files and the section of a recipe: what they may hold, and how a change is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import RecipeError
from pipeline.recipe.acceptance import Acceptance
from pipeline.recipe.acceptance_file import agreed_terms, packaged_acceptance, read_acceptance
from pipeline.recipe.load import validate_recipe
from pipeline.recipe.recipe import Recipe
from tests.helpers import invoke

TERMS = """\
signed_off: {name: Jane Doe, role: platform, date: 2026-11-30}
clauses:
  - {id: fast, kind: throughput, min_tokens_per_s: 250, words: Fast enough}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with one clause."""
    path = tmp_path / "kpis.yaml"
    path.write_text(TERMS, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", packaged_acceptance().values(), ids=lambda path: path.stem)
def test_every_file_that_ships_is_valid(path: Path) -> None:
    """And not signed by anybody."""
    found = read_acceptance(path).terms
    assert found.clauses
    assert found.signed_off is None


def test_the_deck_s_figures_ship() -> None:
    """All that clients are told, with the limits as they are told."""
    limits = {one.id: one.model_dump() for one in read_acceptance(packaged_acceptance()["deck-kpis"]).terms.clauses}
    assert limits["accuracy"]["min_recovery"] == 0.995
    assert limits["speed-up"]["min_ratio"] == 3
    assert limits["throughput"]["min_tokens_per_s"] == 250
    assert (limits["latency-p95"]["percentile"], limits["latency-p95"]["max_ms"]) == ("p95", 2000)
    assert limits["memory"]["max_gib"] * 2**30 == pytest.approx(5e9, rel=2e-3)
    assert (limits["uptime"]["min_share"], limits["errors"]["max_share"]) == (0.995, 0.001)
    assert (limits["utilisation"]["min_percent"], limits["temperature"]["max_c"]) == (90, 85)


def test_a_recipe_names_a_file(file: Path, make_recipe: Callable[..., Recipe]) -> None:
    """Relative to it, or one that ships; the recipe as resolved reads back."""
    recipe = make_recipe(acceptance="kpis.yaml")
    assert recipe.acceptance_or_none is not None
    found = agreed_terms(recipe.acceptance_or_none, file.parent)
    assert (found.source, len(found.sha256), found.terms.clauses[0].words) == ("kpis.yaml", 64, "Fast enough")
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
    assert agreed_terms(Acceptance(file="deck-kpis"), file.parent).source == "deck-kpis.yaml"


def test_terms_in_the_recipe_have_a_sum_of_their_own(make_recipe: Callable[..., Recipe]) -> None:
    """That of the section, which other words change, too."""
    clause: dict[str, Any] = {"id": "up", "kind": "uptime", "min_share": 0.9}
    recipes = [make_recipe(acceptance={"clauses": [clause | {"words": words}]}) for words in ("a", "a", "b")]
    sums = [agreed_terms(one.acceptance_or_none, Path()).sha256 for one in recipes if one.acceptance_or_none]
    assert sums[0] == sums[1] != sums[2]


def test_any_change_of_the_file_changes_its_sum(file: Path) -> None:
    """A comment, too: it is the bytes that were agreed."""
    before = read_acceptance(file).sha256
    file.write_text(f"# harmless\n{TERMS}", encoding="utf-8")
    assert read_acceptance(file).sha256 != before


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ({"kind": "speed"}, "clauses.0: `kind` is one of accuracy, latency, throughput, speed-up"),
        ({"kind": "uptime"}, "clauses.0.uptime.min_share: required, but missing"),
        ({"kind": "uptime", "min_share": 99.5}, "clauses.0.uptime.min_share: Input should be less than 1"),
        ({"kind": "uptime", "min_shar": 0.9}, "clauses.0.uptime.min_shar: unknown key; allowed here: id, words"),
        ({"kind": "accuracy"}, "clauses.0.accuracy: give either `max_loss` or `min_recovery`"),
        ({"kind": "errors", "max_share": 1e-320}, "clauses.0.errors.max_share: Input should be greater than"),
        (
            {"kind": "speed-up", "min_ratio": 1, "reference": "awq"},
            "clauses.0.speed-up: `arm` and `reference` are the same",
        ),
        ({"kind": "temperature", "max_c": True}, "should be a number, not true or false"),
    ],
)
def test_what_is_wrong_is_named(make_recipe: Callable[..., Recipe], clause: dict[str, Any], said: str) -> None:
    """With its key path, in a file and in a recipe."""
    document = make_recipe().model_dump(mode="json") | {"acceptance": {"clauses": [{"id": "one", **clause}]}}
    with pytest.raises(RecipeError) as refused:
        validate_recipe(document, "mine.yaml")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clauses: []", "has no clauses"),
        ("- a", "a mapping with `clauses` is expected"),
        ("clauses: [", "is not valid YAML"),
        ("file: other.yaml", "file: unknown key; allowed here: title, strict, signed_off, clauses"),
        (TERMS + "  - {id: fast, kind: uptime, min_share: 0.9}", "fast is there more than once"),
        (TERMS.replace("2026-11-30", "soon"), "signed_off.date"),
        (TERMS.replace("2026-11-30", "0"), "signed_off.date: a day is expected, such as 2026-11-30"),
        (TERMS.replace("2026-11-30", "'86400'"), "signed_off.date: a day is expected"),
        (TERMS.replace("Jane Doe", "'  '"), "signed_off.name"),
    ],
)
def test_a_file_that_says_nothing_is_refused(file: Path, text: str, said: str) -> None:
    """Whatever is wrong with it, the message names file and key."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as refused:
        read_acceptance(file)
    assert said in str(refused.value)


def test_an_unknown_file_is_refused_with_those_that_ship(tmp_path: Path) -> None:
    """A name that is nearly one of them is suggested."""
    with pytest.raises(RecipeError, match="deck-kpis"):
        agreed_terms(Acceptance(file="deck-kpi"), tmp_path)
    with pytest.raises(ValueError, match="name a `file`, or give `clauses`"):
        Acceptance()


def test_commands_list_show_copy_and_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that is filled in is checked, and its sum printed."""
    monkeypatch.chdir(tmp_path)
    assert "deck-kpis" in invoke("acceptance", "ls").output
    assert "Uptime of at least 99.5 %" in invoke("acceptance", "show", "deck-kpis").output
    assert invoke("acceptance", "cp", "deck-kpis", "mine.yaml").output.strip() == "mine.yaml"
    answer = invoke("acceptance", "validate", "mine.yaml").output
    assert "mine.yaml: valid, 9 clauses, not signed off" in answer
    assert read_acceptance(tmp_path / "mine.yaml").sha256 in answer

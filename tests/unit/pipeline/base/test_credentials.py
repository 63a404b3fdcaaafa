"""Tokens and passwords: refused in recipes, masked in messages."""

import pytest

from pipeline.base.credentials import holds_secret
from pipeline.base.errors import RecipeError
from pipeline.models import credentials_in, masked, redacted
from pipeline.recipe.load import load_recipe

TOKEN = "hf_" + "a1" * 17


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "anything"),
        ("hf_token", TOKEN),
        ("source", "https://user:secret@hub.example/org/name"),
        ("source", f"https://{TOKEN}@hub.example/org/name"),
        ("revision", TOKEN),
        ("licence", f"see {TOKEN}"),
        ("source", "https://hub.example/name?access_token=secret"),
    ],
)
def test_recipe_with_a_credential(key: str, value: str) -> None:
    """The key is named, the value is not repeated, and the way to give a token is told."""
    with pytest.raises(RecipeError, match=rf"recipe: model.{key} carries a token or password.*HF_TOKEN") as caught:
        load_recipe("demo", [f"model.{key}={value}"])
    assert value not in str(caught.value)


def test_credentials_are_found_anywhere() -> None:
    """Nested keys, lists, options; plural `tokens` and addresses without a user are none."""
    document = {
        "calibration": {"sources": [{"source": "s3://key:secret@bucket/x"}, {"source": "https://host:8080/a@b"}]},
        "engine": {"extra_args": ["--hf-token=x", "--max-num-batched-tokens=8"]},
        "bench": {"input_tokens": 256, "block_tokens": "512"},
        "roi": {"source": "mail to sales@host.example"},
    }
    assert credentials_in(document) == ["calibration.sources.0.source", "engine.extra_args.0"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pass@host/db", "postgresql://***@host/db"),
        ("postgresql://me:p@ss/w@host/db failed", "postgresql://***@host/db failed"),
        ("https://tok@host/a and http://h:80/x@y", "https://***@host/a and http://h:80/x@y"),
        ("sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db"),
        ("postgresql://host/db?user=me&password=s3cret&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("Illegal header value b'Bearer abc'", "Illegal header value b'Bearer ***'"),
        (f"token {TOKEN}.", "token ***."),
    ],
)
def test_masked(text: str, shown: str) -> None:
    """Passwords and tokens go, the rest of an address stays."""
    assert masked(text) == shown


def test_redacted_knows_the_token_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of any shape goes when it is the one this process would send; a word of a few letters is none."""
    monkeypatch.setenv("HF_TOKEN", "unusual-token\n")
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "of")
    assert redacted("out of unusual-token") == "out of ***"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("awq-" + "Ab3_-" * 8 + "Abc", True),
        ('"awq-spot_vs_baseline_net_present_value_usd_of_all_years"', False),
        ("awq-" + "Ab3_-" * 9, False),
    ],
)
def test_keys_of_the_gateway_are_told_from_long_names(text: str, secret: bool) -> None:  # noqa: FBT001 -- a case
    """A key has 43 characters of both cases; the names of metrics are as long, and in small letters."""
    assert holds_secret(text) is secret

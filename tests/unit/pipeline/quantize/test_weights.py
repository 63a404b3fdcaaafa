"""Weights held against the configuration, the index and each other, on checkpoints of headers."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import ImpossiblePlanError, SourceError
from pipeline.models import SourceModel, packaged_model
from pipeline.models.headers import headers_of
from pipeline.models.tokenizer import load_tokenizer
from pipeline.quantize.checks import Check
from pipeline.quantize.weights import check_tokens, token_checks
from tests.unit.conftest import Save
from tests.unit.pipeline.quantize.small_llama import llama

Look = Callable[..., tuple[Check, ...]]


def test_a_whole_model(checks: Look) -> None:
    """There is nothing to say, with an index or without."""
    assert checks(llama()) == ()
    assert checks(llama(), dict.fromkeys(llama(), "model.safetensors")) == ()


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.1.mlp.up_proj.weight",
        "model.layers.2.input_layernorm.weight",
        "model.embed_tokens.weight",
        "model.norm.weight",
        "lm_head.weight",
    ],
)
def test_a_lost_tensor(checks: Look, name: str) -> None:
    """Named, whether an index still has it or not."""
    weights = llama()
    del weights[name]
    for index in (None, dict.fromkeys(llama(), "model.safetensors")):
        found = checks(weights, index)
        assert any(name in check.statement for check in found)
        assert {check.status for check in found} == {"impossible"}


def test_a_kind_lost_in_all_layers(checks: Look) -> None:
    """What no layer has is known to be lacking from the architecture."""
    weights = {name: value for name, value in llama().items() if "down_proj" not in name}
    (found,) = checks(weights)
    assert "model.layers.0.mlp.down_proj.weight" in found.statement


def test_a_tensor_lost_in_an_architecture_that_is_not_listed(checks: Look) -> None:
    """What the other layers have is asked of each; layers of two kinds are not held against each other."""
    weights = llama() | {f"model.layers.{number}.mlp.extra.weight": np.ones(3, np.float32) for number in (0, 2)}
    (found,) = checks(weights, model_type="other")
    assert found.statement.endswith("model.layers.1.mlp.extra.weight.")
    kinds = ["full_attention", "linear_attention", "full_attention"]
    assert checks(weights, model_type="other", layer_types=kinds) == ()


@pytest.mark.parametrize(
    ("lost", "said"),
    [("model.embed_tokens", "no embedding"), ("model.norm", "no norm after"), ("lm_head", "no lm_head.weight")],
)
def test_what_every_architecture_has(checks: Look, lost: str, said: str) -> None:
    """Without a list of its tensors, too."""
    weights = llama()
    assert checks(weights, model_type="other") == ()
    del weights[f"{lost}.weight"]
    assert any(said in check.statement for check in checks(weights, model_type="other"))


def test_a_lost_expert(checks: Look) -> None:
    """Every layer with experts has all that the configuration counts."""
    weights = {name: value for name, value in llama().items() if ".mlp." not in name}
    for number in range(3):
        at = f"model.layers.{number}.block_sparse_moe"
        weights[f"{at}.gate.weight"] = np.ones((2, 8), np.float32)
        for expert in range(2):
            sizes = {"w1": (16, 8), "w2": (8, 16), "w3": (16, 8)}
            weights |= {f"{at}.experts.{expert}.{name}.weight": np.ones(size) for name, size in sizes.items()}
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    mixture = {"model_type": "mixtral", "num_local_experts": 2, "head_dim": 4}
    assert checks(weights, **mixture) == ()
    for number in range(3):
        del weights[f"model.layers.{number}.block_sparse_moe.experts.1.w3.weight"]
    (found,) = checks(weights, **mixture)
    assert "model.layers.0.block_sparse_moe.experts.1.w3.weight" in found.statement


def test_an_index_of_other_files(checks: Look) -> None:
    """What a file holds and the index does not name is told."""
    index = dict.fromkeys(llama(), "model.safetensors")
    del index["model.norm.weight"]
    (found,) = checks(llama(), index)
    assert "do" in found.statement
    assert "model.norm.weight" in found.statement


def test_two_sets_of_weights(tmp_path: Path, checks: Look, save: Save) -> None:
    """Libraries differ about which is the model; so do files that no library finds."""
    save(tmp_path / "parts", llama())
    with pytest.raises(SourceError, match="two sets of weights"):
        checks(llama(), dict.fromkeys(llama(), "parts/model.safetensors"))
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "model.safetensors").rename(tmp_path / "weights.safetensors")
    with pytest.raises(SourceError, match=r"neither model\.safetensors nor"):
        headers_of(SourceModel(tmp_path, "mine", None, "mit"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"num_hidden_layers": 4}, ("num_hidden_layers 4", "model.layers.3")),
        ({"num_hidden_layers": 2}, ("num_hidden_layers 2", "model.layers.2")),
        ({"vocab_size": 32}, ("vocab_size 32", "model.embed_tokens.weight is 24 x 8", "lm_head.weight is 24 x 8")),
        ({"intermediate_size": 32}, ("8 x 32", "model.layers.0.mlp.down_proj.weight is 8 x 16")),
        ({"hidden_size": 16}, ("hidden_size 16", "model.embed_tokens.weight is 24 x 8")),
        ({"num_key_value_heads": 2}, ("8 x 8", "model.layers.0.self_attn.k_proj.weight is 4 x 8")),
    ],
)
def test_sizes_of_another_configuration(checks: Look, config: dict[str, int], said: tuple[str, ...]) -> None:
    """Both numbers are said, and the tensor."""
    text = " ".join(check.statement for check in checks(llama(), **config))
    assert [words for words in said if words not in text] == []


def test_layers_that_are_read_ahead(checks: Look) -> None:
    """Layers that predict further tokens stand behind the others and are counted apart."""
    assert checks(llama(), num_hidden_layers=2, num_nextn_predict_layers=1) == ()


def test_a_layer_of_another_size(checks: Look) -> None:
    """Layers are held against each other where the configuration does not say."""
    weights = llama()
    weights["model.layers.1.mlp.up_proj.weight"] = np.ones((12, 8), np.float32)
    (found,) = checks(weights, model_type="other", intermediate_size=None)
    assert "model.layers.1.mlp.up_proj.weight is 12 x 8" in found.statement


@pytest.mark.parametrize("flag", [False, None])
def test_no_head(checks: Look, flag: object) -> None:
    """Not tied, by the configuration or by what its type means without a word: there has to be a head."""
    weights = llama()
    del weights["lm_head.weight"]
    (found,) = checks(weights, tie_word_embeddings=flag)
    assert "tie_word_embeddings" in found.statement
    assert checks(weights, tie_word_embeddings=True) == ()


def test_another_head_than_the_embedding(checks: Look) -> None:
    """The flag says that they are one, so that libraries drop the head; equal ones are fine, in any dtype."""
    weights = llama()
    (found,) = checks(weights, tie_word_embeddings=True)
    assert "lm_head.weight" in found.statement
    assert "tie_word_embeddings" in found.statement
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    assert checks(weights, tie_word_embeddings=True) == ()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "merge_and_unload"),
        ("model.layers.0.self_attn.q_proj.base_layer.weight", "merge_and_unload"),
        ("_orig_mod.model.norm.weight", "inside the wrapper"),
    ],
)
def test_weights_that_are_wrapped(checks: Look, name: str, advice: str) -> None:
    """An adapter that is not merged, or a wrapper's names: said as that, with the way out."""
    (found,) = checks(llama() | {name: np.ones((8, 8), np.float32)})
    assert name in found.statement
    assert advice in found.advice


@pytest.fixture
def tokens(tmp_path: Path, checks: Look) -> Callable[[dict[str, Any]], tuple[Check, ...]]:
    """Return a function that changes the demo's tokenizer and holds it against an embedding of its 4 096 rows."""

    def look(changes: dict[str, Any]) -> tuple[Check, ...]:
        weights = llama()
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            weights[name] = np.ones((4096, 8), np.float32)
        checks(weights, vocab_size=4096)
        document = json.loads((packaged_model() / "tokenizer.json").read_text())
        document |= {key: change(document[key]) for key, change in changes.items()}
        (tmp_path / "tokenizer.json").write_text(json.dumps(document))
        model = headers_of(SourceModel(tmp_path, "mine", None, "mit"))
        return tuple(token_checks(model, partial(load_tokenizer, tmp_path)))

    return look


def added(number: int, *, special: bool) -> Callable[[list[Any]], list[Any]]:
    """Return a function that adds `<|user|>` to a tokenizer's added tokens."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return lambda tokens: [*tokens, {"id": number, "content": "<|user|>", "special": special, **flags}]


def test_tokens_that_have_rows(tokens: Callable[..., tuple[Check, ...]]) -> None:
    """There is nothing to say, of the tokenizer as it is."""
    assert tokens({}) == ()


def test_checkpoint_with_a_token_without_a_row_is_refused(
    tokens: Callable[..., tuple[Check, ...]], tmp_path: Path
) -> None:
    """Before an engine is started for one that an earlier version made; a whole one, or none, is let through."""
    tokens({})
    check_tokens(tmp_path)
    tokens({"added_tokens": added(4096, special=True)})
    with pytest.raises(ImpossiblePlanError, match=r"cannot be served.*<\|user\|> is 4096"):
        check_tokens(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    check_tokens(tmp_path)


@pytest.mark.parametrize("special", [True, False], ids=("special", "added"))
def test_an_added_token_without_a_row(tokens: Callable[..., tuple[Check, ...]], special: object) -> None:
    """Named with its id and the rows, whether any text has it or not."""
    (found,) = tokens({"added_tokens": added(4096, special=bool(special))})
    assert found.status == "impossible"
    assert "<|user|> is 4096" in found.statement
    assert "model.embed_tokens.weight, which has 4096 rows" in found.statement


def test_a_token_of_the_vocabulary_without_a_row(tokens: Callable[..., tuple[Check, ...]]) -> None:
    """Not only added tokens count."""
    (found,) = tokens({"model": lambda model: model | {"vocab": model["vocab"] | {"elephants": 5000}}})
    assert "elephants is 5000" in found.statement


def test_padding_without_a_row(checks: Look) -> None:
    """The embedding cannot be built with it; a negative one means none."""
    (found,) = checks(llama(), pad_token_id=24)
    assert "pad_token_id 24" in found.statement
    assert checks(llama(), pad_token_id=-1) == ()

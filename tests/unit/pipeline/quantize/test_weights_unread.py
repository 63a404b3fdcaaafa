"""Tensors that a model has no place for, and files that contradict the index."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import SourceError
from pipeline.models import SourceModel
from pipeline.models.headers import headers_of
from pipeline.quantize.checks import Check
from pipeline.quantize.weights import weight_checks
from tests.unit.conftest import Save
from tests.unit.pipeline.quantize.small_llama import CONFIG, Weights, llama

Look = Callable[..., tuple[Check, ...]]


def biases(*names: str) -> Weights:
    """Return biases of attention in every layer."""
    sizes = {"q": 8, "k": 4, "v": 4, "o": 8}
    at = [f"model.layers.{number}.self_attn" for number in range(3)]
    return {f"{each}.{name}_proj.bias": np.ones(sizes[name], np.float32) for each in at for name in names}


def test_biases_that_the_configuration_does_not_ask_for(checks: Look) -> None:
    """Libraries drop them with a warning in a log, and the model is another one."""
    (found,) = checks(llama() | biases(*"qkv"))
    assert "model.layers.0.self_attn.k_proj.bias" in found.statement
    assert "attention_bias" in found.advice
    assert checks(llama() | biases(*"qkvo"), attention_bias=True) == ()


def test_biases_that_the_configuration_asks_for(checks: Look) -> None:
    """All of them, the output's too."""
    (found,) = checks(llama() | biases(*"qkv"), attention_bias=True)
    assert "model.layers.0.self_attn.o_proj.bias" in found.statement
    (found,) = checks(llama(), mlp_bias=True)
    assert "mlp.gate_proj.bias" in found.statement


def test_a_tensor_that_no_layer_has(checks: Look) -> None:
    """Named once, and not said to be lost in the other layers; what older versions saved is no matter."""
    (found,) = checks(llama() | {"model.layers.1.mlp.extra_proj.weight": np.ones((8, 8), np.float32)})
    assert "does not read tensors of the files: model.layers.1.mlp.extra_proj.weight" in found.statement
    assert checks(llama() | {"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(2, np.float32)}) == ()


def test_a_last_norm_of_another_width(checks: Look) -> None:
    """It stands in no layer."""
    (found,) = checks(llama() | {"model.norm.weight": np.ones(4, np.float32)})
    assert "hidden_size 8: model.norm.weight is 4" in found.statement


def sharded(folder: Path, save: Save, second: Weights, index: dict[str, str]) -> tuple[Check, ...]:
    """Write a model in two files, the second of which has more, and return what is wrong with it."""
    save(folder, llama())
    (folder / "model.safetensors").rename(folder / "one.safetensors")
    save(folder, second)
    (folder / "model.safetensors").rename(folder / "two.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return tuple(weight_checks(headers_of(SourceModel(folder, "mine", None, "mit"))))


def test_an_index_that_names_another_file(tmp_path: Path, save: Save) -> None:
    """Libraries that go by the index do not find the tensor; both files are named."""
    index = {**dict.fromkeys(llama(), "one.safetensors"), "model.norm.weight": "two.safetensors"}
    rest = {"model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(2, np.float32)}
    (found,) = sharded(tmp_path, save, rest, index | dict.fromkeys(rest, "two.safetensors"))
    assert "says that model.norm.weight is in two.safetensors, and it is in one.safetensors" in found.statement


def test_a_tensor_in_two_files(tmp_path: Path, save: Save) -> None:
    """The same one twice is no matter; another one is, because libraries would differ about it."""
    index = {**dict.fromkeys(llama(), "one.safetensors"), "x.inv_freq": "two.safetensors"}
    norm, more = llama()["model.norm.weight"], {"x.inv_freq": np.ones(2, np.float32)}
    assert sharded(tmp_path, save, {"model.norm.weight": norm} | more, index) == ()
    with pytest.raises(SourceError, match=r"model\.norm\.weight stands in one\.safetensors and in two\.safetensors"):
        sharded(tmp_path, save, {"model.norm.weight": norm + 1} | more, index)

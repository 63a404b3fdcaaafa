"""A model's folder without weights: its configuration, and a tokenizer whether or not it came with one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval.bench.load.words import words_from
from pipeline.base.errors import SourceError
from pipeline.models.dummy import Shape, shape_of, with_architecture, write_dummy_model
from pipeline.models.files import packaged_model
from pipeline.models.tokenizer import Vocabulary, load_tokenizer
from pipeline.recipe.model import ModelSource

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "vocab_size": 300}
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}


def shape(folder: Path, **config: Any) -> Shape:
    """Return the shape of a folder with nothing but a configuration."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    return shape_of(ModelSource(source=folder.name), folder.parent)


def test_a_configuration_is_enough(tmp_path: Path) -> None:
    """No weights and no tokenizer: what is written has the configuration, and a tokenizer that loads."""
    write_dummy_model(shape(tmp_path / "model"), tmp_path / "dummy", None)
    assert json.loads((tmp_path / "dummy" / "config.json").read_text()) == CONFIG
    assert not list((tmp_path / "dummy").glob("*.safetensors"))
    load_tokenizer(tmp_path / "dummy")


@pytest.mark.parametrize("size", [64, 300, 20_000])
def test_the_stand_in_has_a_word_for_every_row_of_the_embedding(tmp_path: Path, size: int) -> None:
    """Every id of an answer can be written, no token is outside the embedding, and prompts have exact lengths."""
    write_dummy_model(shape(tmp_path / "model", vocab_size=size), tmp_path / "dummy", None)
    tokenizer: Any = load_tokenizer(tmp_path / "dummy")
    assert set(tokenizer.get_vocab().values()) == set(range(size))
    vocabulary: Vocabulary = tokenizer
    words = words_from(vocabulary.get_vocab(), lambda text: len(vocabulary.encode(text, add_special_tokens=True)))
    assert (words.one_each, words.around) == (size > 64, 0)


def test_too_small_a_vocabulary_is_refused(tmp_path: Path) -> None:
    """Prompts would repeat, and a prefix cache serve them."""
    with pytest.raises(SourceError, match="vocab_size 63"):
        write_dummy_model(shape(tmp_path / "model", vocab_size=63), tmp_path / "dummy", None)


def test_the_quantized_arm_says_so(tmp_path: Path) -> None:
    """vLLM makes up packed weights where the configuration is AutoAWQ's."""
    write_dummy_model(shape(tmp_path / "model"), tmp_path / "dummy", AWQ)
    assert json.loads((tmp_path / "dummy" / "config.json").read_text()) == {**CONFIG, "quantization_config": AWQ}


def test_the_model_s_own_tokenizer_is_taken(tmp_path: Path) -> None:
    """As it is, and nothing of the weights beside it."""
    folder = tmp_path / "model"
    shutil.copytree(packaged_model(), folder)
    found = shape_of(ModelSource(source="model"), tmp_path)
    write_dummy_model(found, tmp_path / "dummy", None)
    assert found.has_tokenizer
    written = {path.name for path in (tmp_path / "dummy").iterdir()}
    assert (tmp_path / "dummy" / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert "generation_config.json" in written
    assert not written & {"model.safetensors", "README.md"}


def test_a_quantized_configuration_is_refused(tmp_path: Path) -> None:
    """Its baseline would not be one."""
    with pytest.raises(SourceError, match="quantized checkpoint"):
        shape(tmp_path / "model", quantization_config=AWQ)


def test_a_configuration_without_architectures_is_refused(tmp_path: Path) -> None:
    """vLLM could not start from it; of a catalogue's entry, which has none, transformers knows the class."""
    with pytest.raises(SourceError, match="names no architectures"):
        write_dummy_model(shape(tmp_path / "model", architectures=None), tmp_path / "dummy", None)
    assert with_architecture({"model_type": "qwen3"})["architectures"] == ["Qwen3ForCausalLM"]
    with pytest.raises(SourceError, match="no language model of the type perceptron"):
        with_architecture({"model_type": "perceptron"})


def test_a_shape_ships(tmp_path: Path) -> None:
    """`packaged:llama-0.4b` is found from everywhere, and other names are not."""
    assert shape_of(ModelSource(source="packaged:llama-0.4b"), tmp_path).config["hidden_size"] == 1024
    with pytest.raises(SourceError, match="there is no folder"):
        shape_of(ModelSource(source="packaged:llama-9b"), tmp_path)

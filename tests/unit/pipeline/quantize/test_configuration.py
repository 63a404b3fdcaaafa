"""Values of config.json and generation_config.json that no library takes."""

import json
from pathlib import Path

import pytest

from pipeline.models import SourceModel
from pipeline.models.headers import headers_of
from pipeline.quantize.configuration import configuration_checks
from tests.unit.conftest import Save
from tests.unit.pipeline.quantize.small_llama import CONFIG, llama


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", "8"),
        ("num_hidden_layers", 3.0),
        ("vocab_size", True),
        ("torch_dtype", "int4"),
        ("architectures", []),
        ("architectures", "LlamaForCausalLM"),
        ("architectures", ["LlamaForSequenceClassification"]),
        ("eos_token_id", 24),
        ("eos_token_id", [2, 99]),
    ],
)
def test_a_value_that_no_library_takes(tmp_path: Path, save: Save, key: str, value: object) -> None:
    """Before a backend builds the model, or vLLM starts with it; a null that means nothing is none."""
    save(tmp_path, llama())
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {key: value}))
    (found,) = configuration_checks(headers_of(SourceModel(tmp_path, "mine", None, "mit")))
    said = value[0] if key == "architectures" and isinstance(value, list) and value else value
    assert found.status == "impossible"
    assert found.statement.startswith("config.json says")
    assert str(said) in found.statement


@pytest.mark.parametrize("key", ["num_key_value_heads", "head_dim", "eos_token_id", "torch_dtype"])
def test_null_where_it_means_something(tmp_path: Path, save: Save, key: str) -> None:
    """As many tools write it."""
    save(tmp_path, llama())
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {key: None}))
    assert not [*configuration_checks(headers_of(SourceModel(tmp_path, "mine", None, "mit")))]


def test_an_answer_that_ends_with_a_text(tmp_path: Path, save: Save) -> None:
    """Generation settings name tokens by id."""
    save(tmp_path, llama())
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": "</s>"}')
    (found,) = configuration_checks(headers_of(SourceModel(tmp_path, "mine", None, "mit")))
    assert "generation_config.json says eos_token_id '</s>'" in found.statement

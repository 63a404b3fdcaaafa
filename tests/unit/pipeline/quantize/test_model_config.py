"""Configurations between transformers 5 and 4.51."""

import json
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from pipeline.models import SourceModel
from pipeline.quantize.model_config import generation_config, quantized_config, readable_view, to_transformers_4

V5 = {
    "model_type": "llama",
    "dtype": "bfloat16",
    "rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"},
}


def test_rope_theta_survives() -> None:
    """The base that 4.51 would silently replace by 10000 is where 4.51 looks for it."""
    translated = to_transformers_4(V5)
    assert translated == {"model_type": "llama", "torch_dtype": "bfloat16", "rope_theta": 500000.0}


def test_rope_scaling_survives() -> None:
    """A scaled rotary embedding becomes `rope_scaling`, without the base."""
    rope = {"rope_theta": 1e6, "rope_type": "yarn", "factor": 4.0}
    translated = to_transformers_4({"rope_parameters": rope})
    assert translated == {"rope_theta": 1e6, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}


def test_transformers_4_config_is_unchanged() -> None:
    """What 4.51 reads anyway stays as it is."""
    config = {"rope_theta": 10000.0, "torch_dtype": "float16", "rope_scaling": None}
    assert to_transformers_4(config) == config


def test_rope_per_layer_type_is_refused() -> None:
    """4.51 cannot express it, and guessing would quantize against wrong activations."""
    rope = {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}
    with pytest.raises(SourceError, match="different rotary embedding per layer type"):
        to_transformers_4({"rope_parameters": rope})


def test_quantized_config_keeps_the_source_dialect() -> None:
    """One dtype, under the name the source uses, and everything else as it was."""
    config = quantized_config(V5, {"quant_method": "awq"}, "float16")
    assert config == V5 | {"dtype": "float16", "quantization_config": {"quant_method": "awq"}}


def test_dtype_of_the_source_is_kept_where_half_precision_overflows() -> None:
    """Gemma 2 stays BF16, whatever the backend wrote, because vLLM refuses it in FP16; so does what wrote nothing."""
    assert quantized_config(V5 | {"model_type": "gemma2"}, {}, "float16")["dtype"] == "bfloat16"
    assert quantized_config(V5, {}, None)["dtype"] == "bfloat16"


def test_generation_config_names_the_special_tokens() -> None:
    """A source without one gets its config's tokens; what is null is left out."""
    config = {"bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": None, "vocab_size": 10}
    assert generation_config(config) == {"bos_token_id": 1, "eos_token_id": [2, 3]}


def test_view_links_weights_and_translates(tmp_path: Path) -> None:
    """The view has a translated config and the same weights, copied nowhere."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text(json.dumps(V5))
    (source / "model.safetensors").write_bytes(b"weights")
    view = readable_view(SourceModel(source, "mine", None, "mit"), tmp_path / "view")
    assert (view / "model.safetensors").is_symlink()
    assert json.loads((view / "config.json").read_text())["rope_theta"] == 500000.0


@pytest.mark.parametrize("transformers_4", [True, False])
def test_a_backend_sees_no_settings_for_generation(tmp_path: Path, transformers_4: object) -> None:
    """Neither the file nor old keys of config.json: transformers refuses contradictory ones when it saves."""
    source = tmp_path / "source"
    source.mkdir()
    old = {"do_sample": False, "temperature": 0.9, "num_beams": 4, "top_p": 0.5, "max_length": 20, "pad_token_id": -1}
    kept = {"model_type": "llama", "bos_token_id": 0, "eos_token_id": [1, 2], "use_cache": True}
    (source / "config.json").write_text(json.dumps(kept | old | {"text_config": old}))
    (source / "generation_config.json").write_text('{"num_beams": 4, "num_beam_groups": 2}')
    (source / "model.safetensors").write_bytes(b"weights")
    view = readable_view(SourceModel(source, "mine", None, "mit"), tmp_path / "v", transformers_4=bool(transformers_4))
    assert sorted(path.name for path in view.iterdir()) == ["config.json", "model.safetensors"]
    assert json.loads((view / "config.json").read_text()) == kept | {"text_config": {}}

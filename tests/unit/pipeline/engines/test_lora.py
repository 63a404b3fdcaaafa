"""Adapters that fit and those that do not, made of headers and a few bytes."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import SourceError
from pipeline.engines.lora import check_adapter, lora_arguments

HIDDEN, INNER, RANK = 64, 128, 4
CONFIG = {
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
LAYER = "base_model.model.model.layers.0."


def _checkpoint(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def _adapter(folder: Path, *, hidden: int = HIDDEN, inner: int = INNER, **settings: Any) -> Path:
    """Write an adapter of the feed-forward's first layer, as PEFT does."""
    folder.mkdir()
    usual = {"peft_type": "LORA", "r": RANK, "base_model_name_or_path": "some/base"}
    (folder / "adapter_config.json").write_text(json.dumps(usual | settings))
    shapes = {
        f"{LAYER}mlp.up_proj.lora_A.weight": (RANK, hidden),
        f"{LAYER}mlp.up_proj.lora_B.weight": (inner, RANK),
        f"{LAYER}self_attn.k_proj.lora_B.weight": (hidden // 2, RANK),
    }
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 2 * shape[0] * shape[1]
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (offset, offset + size)}
        offset += size
    text = json.dumps(header).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(offset))
    return folder


def test_adapter_of_the_model_is_taken(tmp_path: Path) -> None:
    """Its layers have the model's shapes, and vLLM gets a rank that it knows."""
    checkpoint, adapter = _checkpoint(tmp_path / "model"), _adapter(tmp_path / "sql", rank_pattern={"up_proj": 12})
    check_adapter(adapter, checkpoint)
    assert lora_arguments({"sql": adapter}) == (
        "--enable-lora",
        *("--max-loras", "1"),
        *("--max-lora-rank", "16"),
        *("--lora-modules", f"sql={adapter}"),
    )


def test_no_adapters_say_nothing() -> None:
    """A model without any is started as ever."""
    assert lora_arguments({}) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden": 32}, r"made for some/base, not for .*up_proj has 32 inputs there and 64 here"),
        ({"inner": 256}, r"up_proj has 256 outputs there and 128 here"),
        ({"peft_type": "IA3"}, "kind IA3"),
        ({"r": 1024}, r"rank \(r\) 1024"),
        ({"r": None}, r"rank \(r\) None"),
    ],
)
def test_other_adapters_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """Each with what is wrong and what to do."""
    checkpoint, adapter = _checkpoint(tmp_path / "model"), _adapter(tmp_path / "sql", **changes)
    with pytest.raises(SourceError, match=said):
        check_adapter(adapter, checkpoint)


def test_folder_without_an_adapter_is_refused(tmp_path: Path) -> None:
    """The message names the file that is missing."""
    checkpoint = _checkpoint(tmp_path / "model")
    with pytest.raises(SourceError, match=r"no LoRA adapter: adapter_config\.json"):
        check_adapter(checkpoint, checkpoint)


def test_pickled_adapter_is_refused(tmp_path: Path) -> None:
    """What is not safetensors could run code."""
    checkpoint, adapter = _checkpoint(tmp_path / "model"), _adapter(tmp_path / "sql")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(SourceError, match=r"no adapter_model\.safetensors"):
        check_adapter(adapter, checkpoint)

"""Writes the demo network in the layout that transformers 4 and 5, AutoAWQ, llm-compressor and vLLM read."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from recipes.demo.train.network import Network, Shape

LARGEST_BYTES = 12_000_000


def model_config(shape: Shape) -> dict[str, Any]:
    """Return `config.json` in transformers 4's spelling: `rope_theta` and `torch_dtype` at the top level.

    Version 5 reads it too; version 4 would silently miss the `rope_parameters` that version 5 writes.
    """
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **asdict(shape),
        "rope_scaling": None,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "pretraining_tp": 1,
        "initializer_range": 0.02,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "torch_dtype": "bfloat16",
        "use_cache": True,
    }


def save(network: Network, folder: Path) -> int:
    """Write weights (BF16), `config.json` and `generation_config.json`; return the weights' size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().to(torch.bfloat16).contiguous() for name, value in network.state_dict().items()}
    file = folder / "model.safetensors"
    save_file(weights, file, metadata={"format": "pt"})
    generation = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "do_sample": False}
    settings = {"config.json": model_config(network.shape), "generation_config.json": generation}
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    size = file.stat().st_size
    if size > LARGEST_BYTES:
        message = f"{file.name} has {size} bytes, more than the {LARGEST_BYTES} that the repository ships"
        raise ValueError(message)
    return size


def load(folder: Path) -> Network:
    """Return the network saved in `folder`: what BF16 kept of its weights, held in float32."""
    network = Network(Shape())
    network.load_state_dict({name: value.float() for name, value in load_file(folder / "model.safetensors").items()})
    return network

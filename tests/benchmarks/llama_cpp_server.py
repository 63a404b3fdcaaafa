"""Serves a Llama checkpoint with llama.cpp, in an environment that has `xllamacpp` and `gguf`; see `second_server.py`.

`llama_cpp_server.py MODEL WEIGHTS SLOTS`: writes a GGUF file (16-bit floats) of the folder MODEL with the arrays in
WEIGHTS (an .npz) to the working folder, serves it to so many requests at once, and prints its address.
"""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import xllamacpp

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def _renamed(name: str) -> str:
    name = name.removesuffix(".weight").removeprefix("model.")
    if name == "embed_tokens":
        return "token_embd.weight"
    if name == "norm":
        return "output_norm.weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{_NAMES[rest]}.weight"


def _turned(weight: Any, heads: int) -> Any:
    """Reorder the rows of a query or key projection: llama.cpp rotates neighbours, the checkpoint halves."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(model: Path, arrays: Any, path: Path) -> int:
    """Write a checkpoint with tied embeddings and a byte-level BPE tokenizer; returns the length of its context."""
    config: dict[str, Any] = json.loads((model / "config.json").read_text())
    bpe = json.loads((model / "tokenizer.json").read_text())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])
    special = {token["id"] for token in bpe["added_tokens"]}
    tokens = [token for token, _ in sorted(bpe["model"]["vocab"].items(), key=lambda pair: pair[1])]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    kinds = (gguf.TokenType.CONTROL, gguf.TokenType.NORMAL)
    writer.add_token_types([kinds[number not in special] for number in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in bpe["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(value=False)
    for name in arrays.files:
        values = arrays[name]
        if "q_proj" in name or "k_proj" in name:
            values = _turned(values, config["num_attention_heads" if "q_proj" in name else "num_key_value_heads"])
        writer.add_tensor(_renamed(name), values if values.ndim == 1 else values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return int(config["max_position_embeddings"])


def main(model: str, weights: str, slots: str) -> None:
    """Serve until killed."""
    path = Path("model.gguf").absolute()
    context = write_gguf(Path(model), np.load(weights), path)
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.model_alias = {"demo"}
    settings.n_parallel, settings.n_ctx = int(slots), int(slots) * context
    settings.port, settings.endpoint_metrics, settings.warmup = 0, True, True
    server = xllamacpp.Server(settings)
    sys.stdout.write(server.listening_address + "\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])

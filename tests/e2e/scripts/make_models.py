"""Builds small random-weight checkpoints of real architectures with whatever transformers runs this script.

Usage: make_models.py OUT SHARD_SIZE TOKENIZER_FOLDER NAME...

Weights are drawn so that activations keep their size through the layers and next tokens are told apart by more than
rounding: N(0, 1.5 / sqrt(fan-in)), norms 1 +- 0.1, embeddings N(0, 1), or N(0, 0.05) where the head is tied to them,
because the last token would predict itself otherwise. A few input channels are larger than the others, as in trained
models, so that AWQ has something to scale.
"""

import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

COMMON = {
    "vocab_size": 4096,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
    "tie_word_embeddings": False,
}
FAMILIES = {
    "llama-mha-tied": ("llama", {"num_key_value_heads": 4, "tie_word_embeddings": True}),
    "llama-gqa": ("llama", {}),
    "mistral": ("mistral", {"sliding_window": None}),
    "mixtral": ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {"head_dim": 64}),
    "gemma2": (
        "gemma2",
        {"head_dim": 64, "query_pre_attn_scalar": 64, "sliding_window": 256, "tie_word_embeddings": True},
    ),
    "phi3": ("phi3", {}),
}


def fill(model: torch.nn.Module, *, tied: bool) -> None:
    """Draw the weights."""
    loud = torch.ones(COMMON["hidden_size"])
    loud[torch.randperm(len(loud))[:8]] = 8.0
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
                if name.endswith("layernorm.weight") and len(parameter) == len(loud):
                    parameter.mul_(loud)
            elif "embed" in name:
                parameter.normal_(0, 0.05 if tied else 1.0)
            else:
                parameter.normal_(0, 1.5 / parameter.shape[-1] ** 0.5)


def main() -> None:
    """Write one folder per name."""
    out, shard_size, tokenizer, *names = sys.argv[1:]
    for name in names:
        model_type, own = FAMILIES[name]
        torch.manual_seed(0)
        config = AutoConfig.for_model(model_type, **{**COMMON, **own})
        model = AutoModelForCausalLM.from_config(config)
        fill(model, tied=config.tie_word_embeddings)
        folder = Path(out) / name
        model.to(torch.bfloat16).save_pretrained(folder, max_shard_size=shard_size)
        for path in Path(tokenizer).glob("*token*"):
            shutil.copy(path, folder)


if __name__ == "__main__":
    main()

"""Scores texts with dequantized checkpoints in plain torch and transformers, in FP32 and in BF16.

Standard input: {"checkpoints": {name: {"folder": 16-bit folder, "prompt": [ids], "tokens": [ids]}}}.
Last line of standard output: {name: {
  "prompt_logprobs": log-probability of each prompt token after the first, FP32,
  "behind": for each further token, how far its FP32 log-probability lies behind the best token's,
  "noise": largest difference between FP32 and BF16 log-probabilities of the prompt tokens}}.
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    """Answer one request."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    channel.write(json.dumps({name: _score(**entry) for name, entry in request["checkpoints"].items()}) + "\n")
    channel.flush()


def _score(folder: str, prompt: list[int], tokens: list[int]) -> dict:
    exact = _logprobs(folder, [*prompt, *tokens], torch.float32)
    rough = _logprobs(folder, [*prompt, *tokens], torch.bfloat16)
    ids = torch.tensor([*prompt, *tokens])[1:]
    rows = torch.arange(len(ids))
    scores = exact[rows, ids]
    inside = len(prompt) - 1
    return {
        "prompt_logprobs": scores[:inside].tolist(),
        "behind": (exact.max(dim=-1).values - scores)[inside:].tolist(),
        "noise": float((scores - rough[rows, ids])[:inside].abs().max()),
    }


def _logprobs(folder: str, ids: list[int], dtype: torch.dtype) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").eval()
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)


if __name__ == "__main__":
    main()

"""llm-compressor as its examples call it. Runs in its environment: MODEL BLOCKS_JSON OUTPUT GROUP_SIZE."""

import json
import sys
from pathlib import Path

import torch
from llmcompressor import oneshot
from llmcompressor.modifiers.quantization import QuantizationModifier
from llmcompressor.modifiers.transform.awq import AWQModifier
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM

model_path, blocks_path, output, group_size = sys.argv[1:]
blocks = torch.tensor(json.loads(Path(blocks_path).read_text()))
weights = {"num_bits": 4, "type": "int", "symmetric": False, "strategy": "group", "group_size": int(group_size)}
model = AutoModelForCausalLM.from_pretrained(model_path, dtype="auto")
oneshot(
    model=model,
    dataset=DataLoader([{"input_ids": row, "attention_mask": torch.ones_like(row)} for row in blocks], batch_size=1),
    processor=object(),
    recipe=[
        AWQModifier(),
        QuantizationModifier(
            ignore=["lm_head"], config_groups={"group_0": {"targets": ["Linear"], "weights": weights}}
        ),
    ],
    pipeline="sequential",
)
model.save_pretrained(output, save_compressed=True)

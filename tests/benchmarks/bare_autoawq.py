"""AutoAWQ as its README calls it. Runs in the `autoawq` environment: MODEL BLOCKS_JSON OUTPUT GROUP_SIZE."""

import json
import sys
from pathlib import Path

import torch
from awq import AutoAWQForCausalLM

model_path, blocks_path, output, group_size = sys.argv[1:]
blocks = json.loads(Path(blocks_path).read_text())
model = AutoAWQForCausalLM.from_pretrained(
    model_path, trust_remote_code=False, torch_dtype=torch.float16, device_map=None
)
model.quantize(
    tokenizer=None,
    quant_config={"w_bit": 4, "q_group_size": int(group_size), "zero_point": True, "version": "GEMM"},
    calib_data=blocks,
    max_calib_samples=len(blocks),
    max_calib_seq_len=len(blocks[0]),
)
model.save_quantized(output, safetensors=True)

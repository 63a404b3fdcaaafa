"""Worker: quantizes a checkpoint with AutoAWQ. Runs in the `autoawq` environment.

`quantize`: `model` (folder that this environment's transformers reads), `output` (empty folder for the weights),
`scales` (file to write), `resume` (folder of an earlier attempt, or empty), `blocks` (lists of token ids, all of one
length), `group_size` (-1: one group per row), `zero_point`, `leave` (names of linear layers that stay in 16 bit),
`n_parallel_calib_samples`, `trust_remote_code` -> `quantization_config` as it belongs into config.json, `scalings`
(see `awq_facts`), `recalled` (searches that an earlier attempt had done), `equivalence` (largest relative change of a
decoder layer's output through scaling alone), `versions`, `peak_memory_gib` (of the process), `peak_gpu_memory_gib`.
"""

from functools import partial
from pathlib import Path
from typing import Any

import awq_facts
import worker_protocol
from worker_protocol import Channel


def quantize(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Quantize and save; the weights in `output` are in AutoAWQ's GEMM format."""
    channel.progress("loading AutoAWQ")
    import torch
    from autoawq_recording import RecordingQuantizer
    from awq import AutoAWQForCausalLM
    from awq.quantize import quantizer as awq_quantizer

    searches = awq_facts.SearchResults(Path(request["resume"]))
    awq_quantizer.tqdm = _reporting(channel)
    channel.progress("loading the model")
    model = AutoAWQForCausalLM.from_pretrained(
        request["model"],
        trust_remote_code=request["trust_remote_code"],
        torch_dtype=torch.float16,
        # On the CPU first: AutoAWQ moves one layer at a time to the GPU, so a model need not fit on it whole.
        device_map=None,
    )
    left = _leave_alone(awq_quantizer, model, request["leave"])
    blocks = request["blocks"]
    model.modules_to_not_convert = request["leave"] or None
    model.quantize(
        tokenizer=None,
        quant_config={
            "w_bit": 4,
            "q_group_size": request["group_size"],
            "zero_point": request["zero_point"],
            "version": "GEMM",
        },
        calib_data=blocks,
        max_calib_samples=len(blocks),
        max_calib_seq_len=len(blocks[0]),
        n_parallel_calib_samples=request["n_parallel_calib_samples"],
        quantizer_cls=partial(RecordingQuantizer, searches, left),
    )
    channel.progress("saving the checkpoint")
    model.save_quantized(request["output"], safetensors=True)
    return {
        "quantization_config": model.quant_config.to_transformers_dict(),
        "scalings": searches.save_scales(Path(request["scales"])),
        "recalled": searches.recalled,
        "equivalence": max(model.quantizer.equivalence, default=0.0),
        "versions": awq_facts.versions("autoawq", "torch", "transformers"),
        **awq_facts.peaks(),
    }


def _leave_alone(awq_quantizer: Any, model: Any, names: list[str]) -> set[int]:
    """Hide linear layers from AutoAWQ by exact name (its own list is matched by substring); return their ids."""
    left = {id(module) for name, module in model.model.named_modules() if name in set(names)}
    all_linears = awq_quantizer.get_named_linears
    awq_quantizer.get_named_linears = lambda module: {
        name: linear for name, linear in all_linears(module).items() if id(linear) not in left
    }
    awq_quantizer.exclude_layers_to_not_quantize = lambda linears, _names: linears
    return left


def _reporting(channel: Channel) -> Any:
    """Return a stand-in for tqdm that reports layers as progress."""

    def wrapped(layers: Any, **_: Any) -> Any:
        total = len(layers)
        for number, layer in enumerate(layers):
            channel.progress("layers", done=number, total=total)
            yield layer

    return wrapped


if __name__ == "__main__":
    worker_protocol.serve({"quantize": quantize})

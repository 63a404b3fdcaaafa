"""Worker: quantizes a checkpoint with AutoAWQ. Runs in the `autoawq` environment.

Request: `model` (folder readable by transformers 4.51), `output` (empty folder), `blocks` (list of lists of token
ids, all of one length), `quant_config` (AutoAWQ's), `n_parallel_calib_samples`.
Answer: `quantization_config` as it belongs into config.json, `versions`, `quantized_modules`,
`peak_memory_gib` (of the process), `peak_gpu_memory_gib`.

`check`: `model` -> `supported`.
"""

import importlib.metadata
import json
import resource
from pathlib import Path
from typing import Any

import worker_protocol
from worker_protocol import Channel


def check(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Return whether AutoAWQ knows the model's architecture."""
    channel.progress("loading AutoAWQ")
    from awq.models.auto import AWQ_CAUSAL_LM_MODEL_MAP

    config = json.loads((Path(request["model"]) / "config.json").read_text())
    return {"supported": config.get("model_type") in AWQ_CAUSAL_LM_MODEL_MAP}


def quantize(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Quantize and save; the weights in `output` are safetensors."""
    import torch
    from awq import AutoAWQForCausalLM
    from awq.modules.linear import WQLinear_GEMM
    from awq.quantize import quantizer as awq_quantizer

    class Quantizer(awq_quantizer.AwqQuantizer):  # type: ignore[misc]
        """AutoAWQ's quantizer, mended for the CPU.

        Its search for the best scale saves the weights with `.cpu()`, scales them in place and restores them, once
        per candidate. On a GPU that saves a copy; on the CPU it saves the very tensor that is scaled, so every
        candidate is tried on the leftovers of the one before and the model is ruined without a word.
        """

        def _compute_best_scale(self, x: Any, w_mean: Any, x_mean: Any, module2inspect: Any, *rest: Any) -> Any:
            saved = module2inspect.state_dict
            module2inspect.state_dict = lambda: {name: tensor.clone() for name, tensor in saved().items()}
            try:
                return super()._compute_best_scale(x, w_mean, x_mean, module2inspect, *rest)
            finally:
                del module2inspect.state_dict

    awq_quantizer.tqdm = _reporting(channel)
    channel.progress("loading the model")
    model = AutoAWQForCausalLM.from_pretrained(
        request["model"],
        trust_remote_code=False,
        torch_dtype=torch.float16,
        # On the CPU first: AutoAWQ moves one layer at a time to the GPU, so a model need not fit on it whole.
        device_map=None,
    )
    blocks = request["blocks"]
    model.quantize(
        tokenizer=None,
        quant_config=request["quant_config"],
        calib_data=blocks,
        max_calib_samples=len(blocks),
        max_calib_seq_len=len(blocks[0]),
        n_parallel_calib_samples=request["n_parallel_calib_samples"],
        quantizer_cls=Quantizer,
    )
    channel.progress("saving the checkpoint")
    model.save_quantized(request["output"], safetensors=True)
    modules = [name for name, module in model.model.named_modules() if isinstance(module, WQLinear_GEMM)]
    return {
        "quantization_config": model.quant_config.to_transformers_dict(),
        "quantized_modules": modules,
        "versions": {name: importlib.metadata.version(name) for name in ("autoawq", "torch", "transformers")},
        "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "peak_gpu_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None,
    }


def _reporting(channel: Channel) -> Any:
    """Return a stand-in for tqdm that reports layers as progress."""

    def wrapped(layers: Any, **_: Any) -> Any:
        total = len(layers)
        for number, layer in enumerate(layers):
            channel.progress(f"quantizing layer {number + 1} of {total}", done=number, total=total)
            yield layer

    return wrapped


if __name__ == "__main__":
    worker_protocol.serve({"check": check, "quantize": quantize})

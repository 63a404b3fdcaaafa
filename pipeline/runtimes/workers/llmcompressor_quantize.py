"""Worker: quantizes a checkpoint with llm-compressor's AWQ. Runs in the `llmcompressor` environment.

`quantize`: see `autoawq_quantize`; the two answer alike. The weights in `output` are in the compressed-tensors
format `pack-quantized`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awq_facts
import worker_protocol
from worker_protocol import Channel

_PROBE_TOKENS = 256


def quantize(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Quantize and save."""
    channel.progress("loading llm-compressor")
    import torch
    from compressed_tensors.quantization import disable_quantization, enable_quantization
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from transformers import AutoModelForCausalLM

    searches = awq_facts.SearchResults(Path(request["resume"]))
    channel.progress("loading the model")
    model = AutoModelForCausalLM.from_pretrained(
        request["model"], dtype="auto", trust_remote_code=request["trust_remote_code"]
    )
    blocks = request["blocks"]
    seen = _observe(model, torch.tensor([blocks[0][:_PROBE_TOKENS]], device=model.device))
    oneshot(
        model=model,
        dataset=_loader(blocks, request["n_parallel_calib_samples"] or 1),
        processor=object(),  # asked for beside any data set, used only for text
        recipe=[
            _recording_awq(searches, channel)(),
            QuantizationModifier(
                targets=["Linear"], ignore=request["leave"], config_groups={"group_0": _scheme(request)}
            ),
        ],
        pipeline="sequential",
    )
    model.apply(disable_quantization)
    equivalence = max(call.change() for call in seen)
    model.apply(enable_quantization)
    seen.clear()
    channel.progress("saving the checkpoint")
    model.save_pretrained(request["output"], save_compressed=True)
    config = json.loads((Path(request["output"]) / "config.json").read_text(encoding="utf-8"))
    return {
        "quantization_config": config["quantization_config"],
        "scalings": searches.save_scales(Path(request["scales"])),
        "recalled": searches.recalled,
        "equivalence": equivalence,
        "versions": awq_facts.versions("llmcompressor", "compressed-tensors", "torch", "transformers"),
        **awq_facts.peaks(),
    }


def _recording_awq(searches: awq_facts.SearchResults, channel: Channel) -> Any:
    """Return llm-compressor's AWQ, with its scales kept in `searches`."""
    from llmcompressor.modifiers.transform.awq import AWQModifier

    class RecordingAwq(AWQModifier):  # type: ignore[misc]
        """llm-compressor's AWQ, with its scales kept."""

        def _compute_best_scale(self, mapping: Any, *rest: Any) -> Any:
            name, done = mapping.smooth_name, len(searches.scalings)
            recalled = searches.recall(name)
            if recalled is not None:
                self._error_metrics.append(_as_searched(searches.scalings[-1]))
                return recalled["scales"]
            channel.progress("layers", done=done, total=len(self._resolved_mappings))
            scales = super()._compute_best_scale(mapping, *rest)
            search = self._error_metrics[-1]  # its first candidate is plain rounding
            searches.keep(
                name,
                {"scales": scales},
                previous=name,
                layers=list(mapping.balance_names),
                error_rounded=search["initial_error"],
                error_scaled=search["best_error"],
            )
            return scales

    return RecordingAwq


def _as_searched(scaling: dict[str, Any]) -> dict[str, Any]:
    """Return a recalled scaling as llm-compressor keeps it; it averages over the list in the end."""
    rounded, scaled = scaling["error_rounded"], scaling["error_scaled"]
    return {
        "layer_name": scaling["previous"],
        "parent_name": "",
        "initial_error": rounded,
        "best_error": scaled,
        "reduction": scaled / rounded if rounded > 0 else 1.0,
    }


def _scheme(request: dict[str, Any]) -> dict[str, Any]:
    """Return the quantization of the weights in compressed-tensors' terms."""
    per_channel = request["group_size"] == -1
    return {
        "targets": ["Linear"],
        "weights": {
            "num_bits": 4,
            "type": "int",
            "symmetric": not request["zero_point"],
            "strategy": "channel" if per_channel else "group",
            "group_size": None if per_channel else request["group_size"],
        },
    }


def _loader(blocks: list[list[int]], batch_size: int) -> Any:
    """Return the blocks, in their order."""
    import torch
    from torch.utils.data import DataLoader

    rows = [{"input_ids": row, "attention_mask": torch.ones_like(row)} for row in torch.tensor(blocks)]
    return DataLoader(rows, batch_size=batch_size)


@dataclass
class _Call:
    """One call of a decoder layer, as it was before anything was scaled."""

    layer: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    output: Any

    def change(self) -> float:
        """Return the relative change of the output when the call is made again."""
        import torch

        with torch.no_grad():
            return awq_facts.relative_difference(self.output, _first(self.layer(*self.arguments, **self.options)))


def _observe(model: Any, probe: Any) -> list[_Call]:
    """Return the calls of all decoder layers on one text: scaling alone must not change any of their outputs."""
    import torch

    calls: list[_Call] = []

    def keep(layer: Any, arguments: tuple[Any, ...], options: dict[str, Any], output: Any) -> None:
        calls.append(_Call(layer, arguments, options, _first(output).clone()))

    handles = [layer.register_forward_hook(keep, with_kwargs=True) for layer in _decoder_layers(model)]
    with torch.no_grad():
        model(input_ids=probe, use_cache=False)
    for handle in handles:
        handle.remove()
    return calls


def _decoder_layers(model: Any) -> list[Any]:
    """Return the decoder layers; the whole model where they cannot be told."""
    import torch

    count = getattr(model.config.get_text_config(), "num_hidden_layers", 0)
    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList) and len(module) == count]
    return list(lists[0]) if lists else [model.get_decoder()]


def _first(output: Any) -> Any:
    return output if hasattr(output, "shape") else output[0]


if __name__ == "__main__":
    worker_protocol.serve({"quantize": quantize})

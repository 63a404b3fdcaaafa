"""Worker: quantizes a checkpoint with AutoAWQ. Runs in the `autoawq` environment.

`quantize`: `model` (folder that this environment's transformers reads), `output` (empty folder for the weights),
`scales` (file to write), `resume` (folder of an earlier attempt, or empty), `blocks` (lists of token ids, all of one
length), `group_size` (-1: one group per row), `zero_point`, `leave` (names of linear layers that stay in 16 bit),
`n_parallel_calib_samples`, `trust_remote_code` -> `quantization_config` as it belongs into config.json, `scalings`
(see `awq_facts`), `recalled` (findings taken from an earlier attempt), `equivalence` (largest relative change of a
decoder layer's output through scaling alone), `versions`, `peak_memory_gib` (of the process), `peak_gpu_memory_gib`.
"""

from pathlib import Path
from typing import Any

import awq_facts
import worker_protocol
from worker_protocol import Channel


def quantize(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Quantize and save; the weights in `output` are in AutoAWQ's GEMM format."""
    channel.progress("loading AutoAWQ")
    import torch
    from awq import AutoAWQForCausalLM
    from awq.quantize import quantizer as awq_quantizer

    findings = awq_facts.Findings(Path(request["resume"]))
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
    quantizer_class = _recording_quantizer(findings, left)
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
        quantizer_cls=quantizer_class,
    )
    channel.progress("saving the checkpoint")
    model.save_quantized(request["output"], safetensors=True)
    return {
        "quantization_config": model.quant_config.to_transformers_dict(),
        "scalings": findings.save_scales(Path(request["scales"])),
        "recalled": findings.recalled,
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


def _recording_quantizer(findings: awq_facts.Findings, left: set[int]) -> Any:  # noqa: C901 -- one class, made late
    """Return AutoAWQ's quantizer, mended, with its findings kept."""
    import torch
    from awq.quantize.quantizer import AwqQuantizer
    from awq.utils.module import get_op_name

    class RecordingQuantizer(AwqQuantizer):  # type: ignore[misc]
        """AutoAWQ's quantizer with three mends; `equivalence` tells where another one would be needed.

        Its search saves the weights with `.cpu()`, scales them in place and restores them, once per candidate. On a
        GPU that saves a copy; on the CPU it saves the very tensor that is scaled, so every candidate is tried on the
        leftovers of the one before and the model is ruined without a word.

        In mixtures of experts it divides the norm before the experts by the scales and multiplies the experts' weights,
        but not the router's, which reads the same norm: tokens would go to other experts.

        Behind a fused `qkv_proj` it divides as many last rows as the output projection has columns. With grouped-query
        attention there are fewer value rows than that, and keys are divided instead.
        """

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.equivalence: list[float] = []
            self._losses: list[float] = []
            self._rounded = 0.0
            self._probe: tuple[Any, Any] = (None, None)
            self._device: Any = None
            super().__init__(*arguments, **options)

        def init_quant(self, *arguments: Any, **options: Any) -> Any:
            modules, layer_options, inputs = super().init_quant(*arguments, **options)
            mask = layer_options.get("attention_mask")
            if mask is not None and mask.dim() == 4:  # noqa: PLR2004 -- [blocks, heads, queries, keys]
                # All blocks are of one length, without padding: one mask serves them all, and any number at a time.
                layer_options["attention_mask"] = mask[:1]
            return modules, layer_options, inputs

        def _get_input_feat(self, layer: Any, named_linears: Any) -> Any:
            self._device = next(layer.parameters()).device  # with several GPUs layers take turns
            before = self.inps[:1].clone()
            # All linear layers, because AutoAWQ looks up inputs of layers that are left alone, too.
            every = {name: linear for name, linear in layer.named_modules() if isinstance(linear, torch.nn.Linear)}
            features = super()._get_input_feat(layer, {**every, **named_linears})
            self._probe = before, self.inps[:1].clone()
            return features

        def _search_best_scale(self, module: Any, prev_op: Any, layers: Any, inp: Any, **options: Any) -> Any:
            layers = [*layers, *_routers(options.get("module2inspect"), layers, prev_op)]
            names = [get_op_name(module, layer) for layer in layers]
            own, previous = get_op_name(self.model, module), get_op_name(module, prev_op)
            key = f"{own}.{previous}"
            if all(id(layer) in left for layer in layers) or _is_fused_with_fewer_values(prev_op, previous, layers[0]):
                return previous, tuple(names), torch.ones(layers[0].in_features, dtype=layers[0].weight.dtype)
            recalled = findings.recall(key)
            if recalled is not None:
                return previous, tuple(names), recalled["scales"]
            self._losses.clear()
            searched = [layer for layer in layers if id(layer) not in left] or layers
            _, _, scales = super()._search_best_scale(module, prev_op, searched, inp, **options)
            findings.keep(
                key,
                {"scales": scales},
                previous=key,
                layers=[f"{own}.{name}" for name in names],
                error_rounded=self._rounded,
                error_scaled=min(self._losses),
            )
            return previous, tuple(names), scales

        def _compute_best_scale(
            self, x: Any, w_mean: Any, x_mean: Any, module2inspect: Any, linears: Any, output: Any, kwargs: Any
        ) -> Any:
            self._rounded = self._loss_of_rounding(x, module2inspect, linears, output, kwargs)
            saved = module2inspect.state_dict
            module2inspect.state_dict = lambda: {name: tensor.clone() for name, tensor in saved().items()}
            try:
                return super()._compute_best_scale(x, w_mean, x_mean, module2inspect, linears, output, kwargs)
            finally:
                del module2inspect.state_dict

        def _loss_of_rounding(self, x: Any, module2inspect: Any, linears: Any, output: Any, kwargs: Any) -> float:
            originals = [linear.weight.data for linear in linears]
            for linear in linears:
                linear.weight.data = self.pseudo_quantize_tensor(linear.weight.data)[0]
            loss = super()._compute_loss(output, self._module_forward(x, module2inspect, kwargs), x.device)
            for linear, original in zip(linears, originals, strict=True):
                linear.weight.data = original
            return float(loss)

        def _compute_loss(self, *arguments: Any) -> Any:
            loss = super()._compute_loss(*arguments)
            self._losses.append(float(loss))
            return loss

        def _search_best_clip(self, layer: Any, named_linears: Any, input_feat: Any) -> Any:
            self._check_equivalence(layer)
            key = f"{get_op_name(self.model, layer)}.clip"
            recalled = findings.recall(key)
            if recalled is not None:
                return list(recalled.items())
            found = super()._search_best_clip(layer, named_linears, input_feat)
            findings.keep(key, dict(found))
            return found

        def _check_equivalence(self, layer: Any) -> None:
            """Compare the layer's output with that of before scaling: scaling alone must not change it."""
            before, expected = self._probe
            options = self._sanitize_kwargs(self.module_kwargs, layer)
            output = self._module_forward(before.to(self._device), layer.to(self._device), options)
            self.equivalence.append(awq_facts.relative_difference(expected, output))
            layer.cpu()

    return RecordingQuantizer


def _routers(inspected: Any, layers: Any, prev_op: Any) -> list[Any]:
    """Return the linear layers of a mixture of experts that read the same norm as its experts, but were not named."""
    import torch

    if inspected is None or not hasattr(inspected, "experts") or isinstance(prev_op, torch.nn.Linear):
        return []
    width = layers[0].in_features
    direct = [child for child in inspected.children() if isinstance(child, torch.nn.Linear)]
    return [child for child in direct if child.in_features == width and all(child is not layer for layer in layers)]


def _is_fused_with_fewer_values(prev_op: Any, name: str, layer: Any) -> bool:
    """Return whether queries, keys and values come from one layer with fewer rows for values than for queries."""
    fused = name.rsplit(".", 1)[-1] in ("qkv_proj", "Wqkv", "wqkv", "query_key_value", "c_attn")
    return fused and prev_op.out_features != 3 * layer.in_features


def _reporting(channel: Channel) -> Any:
    """Return a stand-in for tqdm that reports layers as progress."""

    def wrapped(layers: Any, **_: Any) -> Any:
        total = len(layers)
        for number, layer in enumerate(layers):
            channel.progress(f"quantizing layer {number + 1} of {total}", done=number, total=total)
            yield layer

    return wrapped


if __name__ == "__main__":
    worker_protocol.serve({"quantize": quantize})

"""AutoAWQ's quantizer, mended, with the results of its searches kept.

It imports AutoAWQ, so the worker imports it only after its protocol is up.
"""

from typing import Any

import torch
from awq.quantize.quantizer import AwqQuantizer
from awq.utils.module import get_op_name
from awq_facts import SearchResults, relative_difference


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

    def __init__(self, searches: SearchResults, left: set[int], *arguments: Any, **options: Any) -> None:
        self._searches = searches
        self._left = left
        self.equivalence: list[float] = []
        self._losses: list[float] = []
        self._rounded = 0.0
        self._probe: tuple[Any, Any] = (None, None)
        self._device: Any = None
        super().__init__(*arguments, **options)

    def init_quant(self, *arguments: Any, **options: Any) -> Any:
        """Return decoder layers, their options and their inputs, with one attention mask for any number of blocks."""
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
        idle = all(id(layer) in self._left for layer in layers)
        if idle or _is_fused_with_fewer_values(prev_op, previous, layers[0]):
            return previous, tuple(names), torch.ones(layers[0].in_features, dtype=layers[0].weight.dtype)
        recalled = self._searches.recall(key)
        if recalled is not None:
            return previous, tuple(names), recalled["scales"]
        self._losses.clear()
        searched = [layer for layer in layers if id(layer) not in self._left] or layers
        _, _, scales = super()._search_best_scale(module, prev_op, searched, inp, **options)
        self._searches.keep(
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
        recalled = self._searches.recall(key)
        if recalled is not None:
            return list(recalled.items())
        found = super()._search_best_clip(layer, named_linears, input_feat)
        self._searches.keep(key, dict(found))
        return found

    def _check_equivalence(self, layer: Any) -> None:
        """Compare the layer's output with that of before scaling: scaling alone must not change it."""
        before, expected = self._probe
        options = self._sanitize_kwargs(self.module_kwargs, layer)
        output = self._module_forward(before.to(self._device), layer.to(self._device), options)
        self.equivalence.append(relative_difference(expected, output))
        layer.cpu()


def _routers(inspected: Any, layers: Any, prev_op: Any) -> list[Any]:
    """Return the linear layers of a mixture of experts that read the same norm as its experts, but were not named."""
    if inspected is None or not hasattr(inspected, "experts") or isinstance(prev_op, torch.nn.Linear):
        return []
    width = layers[0].in_features
    direct = [child for child in inspected.children() if isinstance(child, torch.nn.Linear)]
    return [child for child in direct if child.in_features == width and all(child is not layer for layer in layers)]


def _is_fused_with_fewer_values(prev_op: Any, name: str, layer: Any) -> bool:
    """Return whether queries, keys and values come from one layer with fewer rows for values than for queries."""
    fused = name.rsplit(".", 1)[-1] in ("qkv_proj", "Wqkv", "wqkv", "query_key_value", "c_attn")
    return fused and prev_op.out_features != 3 * layer.in_features

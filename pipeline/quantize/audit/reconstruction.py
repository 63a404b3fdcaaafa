"""Compares a 4-bit checkpoint with its source, so that no mistake of packing, scaling or saving leaves the stage.

AWQ multiplies the input columns of linear layers by scales and divides what the module before them puts out by the same
numbers (arXiv 2306.00978, section 3.2). So each tensor of the source has exactly one expected value: 16-bit tensors
must hold it, and dequantized 4-bit weights must be as near as four bits allow.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import SourceError
from pipeline.base.results import Result
from pipeline.models.layers import LinearLayer, linear_layers
from pipeline.models.tensors import FLOATS, Tensor, blocks, rows, spans
from pipeline.quantize.audit import packing
from pipeline.quantize.audit.packing import MAX_CODE, Packed, is_packed

OFFSET_NORMS = (
    *("gemma", "gemma2", "gemma3", "gemma3_text", "recurrent_gemma", "vaultgemma"),
    *("qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"),
)
"""Model types whose norms multiply by (1 + weight), as in transformers 5.10.1."""
BUDGET = 200_000_000
"""Weights of linear layers that are compared at least, where the model has as many."""
SLACK = 1.1
"""On the bound: scales are stored in FP16 or BF16, and BF16 is off by up to 2^-9 at each of a few roundings."""
MAX_SHRINK = 0.5
"""AutoAWQ clips weights to no less than this share of their group's largest (`_compute_best_clip`)."""
CODE_DISTANCE = 1.1
"""Steps between a stored code and where its weight lies: rounding makes up to 0.5, the backends' 16-bit arithmetic adds
up to 0.1; a weight that AutoAWQ clipped may end a whole code below the top."""
SIXTEEN_BIT_ERROR = 0.01
"""A 16-bit value is rounded at most three times, by up to 2^-9 = 0.002 each in BF16; a forgotten scale is far more."""
SMALLEST_RANGE = 1e-5
"""AutoAWQ takes no smaller range of a group (`pseudo_quantize_tensor`); below it FP16 has no digits for the scale."""
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight")
_HEAD = "lm_head.weight"
_RECOMPUTED = ".rotary_emb.inv_freq"
"""Old Llama checkpoints hold it; every loader computes it anew."""


class LayerReconstruction(Result):
    """How near the 4-bit weights of one layer are to what they stand for."""

    relative_error: float
    """||dequantized - expected|| / ||expected||; expected are the source's weights with the scalings applied."""
    error_bound: float
    """Largest value that 4 bit, the group size and the clipping allow, from the expected weights alone."""


class Reconstruction(Result):
    """How near a whole checkpoint is to its source."""

    layers: dict[str, LayerReconstruction]
    """The 4-bit layers that were compared, by name."""
    problems: tuple[str, ...]
    """Sentences; empty when the checkpoint is what it should be."""


def compare(
    source: Mapping[str, Tensor],
    checkpoint: Mapping[str, Tensor],
    quantization: Mapping[str, Any],
    scalings: Iterable[Mapping[str, Any]],
    scales: Mapping[str, NDArray[Any]],
    *,
    model_type: str,
    zero_point: bool,
    clips: bool,
    budget: int = BUDGET,
) -> Reconstruction:
    """Return how a checkpoint with this `quantization_config` compares with its 16-bit source.

    Looked at are all names, shapes, norms, biases, routers and embeddings, and the linear layers that `sample` picks;
    of the others the shapes, and that nothing is NaN or infinite. `scalings` have `previous` and `layers`, as the
    workers answer; `scales` holds by `previous` one number per input column of the layers. `zero_point` is as in the
    recipe, whatever the format stores; `clips` tells whether the backend clips weights, as AutoAWQ does.
    """
    source = _with_tied_head(source, checkpoint)
    chosen = sample(linear_layers(source), budget)
    expected = Expected(source, scalings, scales, model_type)
    comparison = _Comparison(source, checkpoint, quantization, expected, chosen, zero_point, clips)
    problems = tuple(comparison.problems())
    return Reconstruction(layers=comparison.layers, problems=problems)


def sample(layers: Mapping[str, LinearLayer], budget: int) -> set[str]:
    """Return the linear layers to compare: routers, the first and the last of each kind, and random others.

    Random ones are added until `budget` weights are reached; so all layers of a small model are compared.
    """
    by_kind: dict[str, list[str]] = {}
    for name in sorted(layers, key=lambda name: [int(part) for part in name.split(".") if part.isdigit()]):
        by_kind.setdefault(layers[name].kind, []).append(name)
    chosen = {name for names in by_kind.values() for name in (names[0], names[-1])}
    chosen |= {name for name, layer in layers.items() if layer.is_router}
    others = sorted(layers.keys() - chosen)
    random.Random(0).shuffle(others)  # noqa: S311 -- a reproducible sample, not a secret
    while others and sum(layers[name].parameters for name in chosen) < budget:
        chosen.add(others.pop())
    return chosen


class Expected:
    """What the tensors of a checkpoint should hold: the source's values with all scalings applied."""

    def __init__(
        self,
        source: Mapping[str, Tensor],
        scalings: Iterable[Mapping[str, Any]],
        scales: Mapping[str, NDArray[Any]],
        model_type: str,
    ) -> None:
        self.source = source
        self.problems: list[str] = []
        """What is wrong with the scalings themselves."""
        self._columns: dict[str, NDArray[np.float32]] = {}
        self._outputs: dict[str, NDArray[np.float32]] = {}
        self._has_offset_norms = model_type in OFFSET_NORMS
        for scaling in scalings:
            self._add(scaling["previous"], scaling["layers"], scales)

    def _add(self, previous: str, layers: Sequence[str], scales: Mapping[str, NDArray[Any]]) -> None:
        factors = np.asarray(scales.get(previous, ()), np.float32)
        unknown = [name for name in (previous, *layers) if f"{name}.weight" not in self.source]
        if unknown:
            # An activation function, for one: AutoAWQ would divide there by a new tensor, which vLLM does not load.
            self.problems.append(f"A scaling names {unknown[0]}, which has no weight in the source.")
        elif {self.source[f"{layer}.weight"].shape[-1] for layer in layers} != {factors.size} or not (
            factors > 0
        ).all():
            self.problems.append(f"The scales of {previous} are missing, not positive, or not one for each input.")
        elif self.source[f"{previous}.weight"].shape[0] < factors.size:
            self.problems.append(f"The scales of {previous} are more than it has outputs.")
        else:
            for layer in layers:
                self._columns[layer] = self._columns.get(layer, np.float32(1)) * factors
            self._outputs[previous] = self._outputs.get(previous, np.float32(1)) * factors

    def offset(self, name: str) -> float:
        """Return what is to be added to a tensor before it is compared: 1 for norms that multiply by (1 + weight).

        Both backends add the 1 in 16 bit and take it away again, which rounds the weight, but not what it is used as.
        """
        is_norm = name.endswith(".weight") and len(self.source[name].shape) == 1
        # The gated norm inside Qwen's linear attention multiplies by its weight alone.
        return float(self._has_offset_norms and is_norm and ".linear_attn." not in name)

    def block(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Return the expected rows `first` to `last` of a tensor, its offset added."""
        values = rows(self.source[name], first, last).read() + self.offset(name)
        module, _, part = name.rpartition(".")
        if part == "weight" and module in self._columns:
            values = values * self._columns[module]
        if part in ("weight", "bias") and module in self._outputs:
            # Fused layers (qkv_proj, gate_up_proj) put out the scaled part last.
            divisors = np.ones(self.source[name].shape[0], np.float32)
            divisors[-self._outputs[module].size :] = self._outputs[module]
            values = values / divisors[first:last].reshape(-1, *[1] * (values.ndim - 1))
        return values


@dataclass(frozen=True)
class _Comparison:
    source: Mapping[str, Tensor]
    checkpoint: Mapping[str, Tensor]
    quantization: Mapping[str, Any]
    expected: Expected
    chosen: set[str]
    zero_point: bool
    clips: bool
    layers: dict[str, LayerReconstruction] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, and fill `layers`."""
        yield from self.expected.problems
        known: set[str] = set()
        for name in self.source:
            layer = name.removesuffix(".weight")
            if name.endswith(".weight") and is_packed(self.checkpoint, layer):
                known.update(packing.packed_names(self.checkpoint, layer))
                yield from self._packed(layer)
            elif name in self.checkpoint:
                known.add(name)
                yield from self._plain(name)
            elif not name.endswith(_RECOMPUTED) and not self._is_tied_head(name):
                yield f"{name} of the source is missing."
        for name in sorted(self.checkpoint.keys() - known):
            if not name.endswith(_RECOMPUTED):
                yield f"{name} has no counterpart in the source."

    def _packed(self, layer: str) -> Iterator[str]:
        parts = [self.checkpoint[name] for name in packing.packed_names(self.checkpoint, layer)]
        wanted = self.source[f"{layer}.weight"].shape
        try:
            shape = packing.packed_shape(self.checkpoint, layer, self.quantization)
            if shape != wanted:
                yield f"{layer} is {list(shape)}, where the source has {list(wanted)}."
            elif not all(_is_finite(part) for part in parts if part.dtype in FLOATS):
                yield f"{layer} has scales that are NaN or infinite."
            elif layer in self.chosen:
                yield from self._weights(layer, packing.read_packed(self.checkpoint, layer, self.quantization))
        except SourceError as problem:
            yield problem.message

    def _weights(self, layer: str, packed: Packed) -> Iterator[str]:
        total = np.zeros(5)
        for first, last in spans(self.source[f"{layer}.weight"]):
            wanted = self.expected.block(f"{layer}.weight", first, last)
            total += _damage(wanted, packed.rows(first, last), zero_point=self.zero_point, clips=self.clips)
        error, norm, allowed, groups, codes = total.tolist()
        norm = max(norm, float(np.finfo(np.float32).tiny))
        relative, bound = sqrt(error / norm), SLACK * sqrt(allowed / norm)
        self.layers[layer] = LayerReconstruction(relative_error=relative, error_bound=bound)
        if not relative <= bound:
            yield f"{layer} differs from the source by {relative:.3g} of its norm; 4 bit allows {bound:.3g}."
        if groups:
            yield f"{layer}: {groups:.0f} of {packed.scales.size} groups differ by more than 4 bit allows."
        if codes:
            yield f"{layer}: {codes:.0f} of {packed.codes.size} codes are not those of the source's weights."

    def _plain(self, name: str) -> Iterator[str]:
        found, wanted = self.checkpoint[name], self.source[name]
        is_linear = bool(linear_layers({name: wanted}))
        if found.shape != wanted.shape or (found.dtype in FLOATS) != (wanted.dtype in FLOATS):
            yield f"{name} is {found.dtype} {list(found.shape)}, where the source has {list(wanted.shape)}."
        elif not _is_finite(found):
            yield f"{name} holds NaN or infinite values."
        elif not is_linear or name.removesuffix(".weight") in self.chosen:
            offset = self.expected.offset(name)
            pairs = ((rows(found, *span).read() + offset, self.expected.block(name, *span)) for span in spans(found))
            relative, off = _difference(pairs)
            if off or not relative <= SIXTEEN_BIT_ERROR:
                yield f"{name} differs from what it should hold by {relative:.3g} of its norm, in {off} values."

    def _is_tied_head(self, name: str) -> bool:
        head, embedding = self.source[name], _embedding(self.source)
        if name != _HEAD or embedding is None or embedding.shape != head.shape:
            return False
        return all(np.array_equal(*pair) for pair in zip(blocks(head), blocks(embedding), strict=True))


def _damage(wanted: NDArray[np.float32], packed: Packed, *, zero_point: bool, clips: bool) -> NDArray[np.float64]:
    """Return, added up over some rows: squared error, squared norm, squared allowance, bad groups, bad codes."""
    wanted = wanted.reshape(*packed.scales.shape, -1)
    high, low = wanted.max(-1), wanted.min(-1)
    largest = np.maximum(np.abs(high), np.abs(low))
    extent = np.maximum(high, 0) - np.minimum(low, 0) if zero_point else largest
    half_step = np.maximum(extent, SMALLEST_RANGE) / (MAX_CODE if zero_point else MAX_CODE // 2) / 2
    allowed = wanted.shape[-1] * np.square(half_step)
    if clips:
        allowances = np.maximum(np.abs(wanted) - MAX_SHRINK * largest[..., None], half_step[..., None])
        allowed = np.einsum("rgk,rgk->rg", allowances, allowances)
    difference = packed.dequantize().reshape(wanted.shape) - wanted
    error = np.einsum("rgk,rgk->rg", difference, difference)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        place = np.clip(wanted / packed.scales[..., None] + packed.zeros[..., None], 0, MAX_CODE)
    is_near = np.abs(place - packed.codes.reshape(wanted.shape)) <= CODE_DISTANCE
    bad_codes = ~is_near & (extent >= SMALLEST_RANGE)[..., None]
    bad_groups = ~(error <= SLACK**2 * allowed)
    parts = (error, np.einsum("rgk,rgk->rg", wanted, wanted), allowed, bad_groups, bad_codes)
    return np.array([np.sum(part, dtype=np.float64) for part in parts])


def _difference(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> tuple[float, int]:
    """Return the relative error of (found, wanted) blocks, and how many values are off.

    A value counts as off against its own size plus the block's root mean square: what is added to an offset norm and
    taken away again rounds small values by more of their own size.
    """
    error = norm = 0.0
    off = 0
    for found, wanted in pairs:
        difference = np.abs(found - wanted)
        squares = float(np.sum(np.square(wanted), dtype=np.float64))
        error, norm = error + float(np.sum(difference**2, dtype=np.float64)), norm + squares
        limit = SIXTEEN_BIT_ERROR * (np.abs(wanted) + sqrt(squares / wanted.size))
        off += int(np.count_nonzero(~(difference <= limit)))
    return (sqrt(error / norm) if norm else float(error > 0)), off


def _with_tied_head(source: Mapping[str, Tensor], checkpoint: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the source with its embedding as the head, where only the checkpoint stores a head."""
    embedding = _embedding(source)
    only_there = _HEAD not in source and any(name.startswith("lm_head.") for name in checkpoint)
    return {**source, _HEAD: embedding} if embedding and only_there else source


def _embedding(tensors: Mapping[str, Tensor]) -> Tensor | None:
    return next((tensor for name, tensor in tensors.items() if name.endswith(_EMBEDDINGS)), None)


def _is_finite(tensor: Tensor) -> bool:
    return all(bool(np.isfinite(block).all()) for block in blocks(tensor))

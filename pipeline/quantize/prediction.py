"""What a quantization will take, computed from shapes: bytes of the checkpoint, memory, disk, work and time.

The memory model adds up what a backend holds at the same time, read from AutoAWQ 0.2.9 (`awq/quantize/quantizer.py`),
llm-compressor 0.12.0.2 (`modifiers/transform/awq/base.py`) and our workers; the allocator's losses are left out.
Compared so far: llm-compressor, 42 million parameters: 0.92 GiB predicted, 0.97 measured; AutoAWQ 2 to 6 million only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from pipeline.base.results import Origin, Result
from pipeline.models.headers import ModelHeaders, is_expert, siblings
from pipeline.models.layers import LinearLayer
from pipeline.models.tensors import FLOATS, Tensor
from pipeline.quantize.backends import AUTOAWQ, Backend, is_clipped, quantized_layers
from pipeline.recipe.quantize import Backend as BackendName
from pipeline.recipe.quantize import Quantize
from pipeline.runtimes.specs import Resolved

CORE_SECONDS_PER_TERA_MAC: dict[BackendName, float | None] = {"autoawq": 243.0, "llm-compressor": 32.5}
"""Seconds of one CPU core per 10^12 multiply-accumulates of the search (`search_macs`, and `clip_macs` for AutoAWQ).

From `make bench-quantize` on 2026-11-21: the bare backends' whole run on a 27.8 M model, 2 cores of an AMD EPYC with
AVX-512 and without AMX, one run each; AutoAWQ computes in FP16 there, llm-compressor in BF16. Start-up is included, so
small models come out too long; another CPU may differ several times over. None: not measured.
"""

_HALF, _FLOAT, _GIB = 2, 4, 2**30
_CANDIDATES = 20
"""Scales tried per scaling, by both backends (`n_grid`)."""
_CLIP_CANDIDATES = 10
"""`max_shrink` x `n_grid` of AutoAWQ's clipping."""
_CLIP_TOKENS, _CLIP_ROWS = 512, 256
"""`n_sample_token` and `oc_batch_size` of AutoAWQ's clipping."""
_LOSS_CHUNK = 2**28
"""Elements of the outputs that AutoAWQ compares at once (`max_chunk_memory` / 4 bytes)."""
_PROBE_TOKENS = 256
"""Of our llm-compressor worker's check that scaling changes nothing."""
_ALIVE = 4
"""Activations as wide as the widest linear layer that exist at once inside a decoder layer: the outputs of gate and
up, the activation, the product."""
_CLOSING = ("down_proj", "w2", "fc2", "dense_4h_to_h", "c_proj", "fc_out")
"""Layers that read what another linear layer of their part wrote; an attention output is scaled by itself only where it
has as many inputs as the values have outputs, and is not counted."""
PROCESS_BYTES: dict[tuple[BackendName, Resolved], int] = {
    ("autoawq", "cpu"): int(0.54 * _GIB),
    ("llm-compressor", "cpu"): int(0.58 * _GIB),
    ("autoawq", "cuda"): 4 * _GIB,
    ("llm-compressor", "cuda"): 4 * _GIB,
}
"""Of the worker's process itself: on the CPU the largest peak of models of 2 to 6 million parameters less what is
modelled of them; with CUDA's libraries assumed."""
CUDA_CONTEXT_BYTES = _GIB
"""Taken by a process on the GPU before it computes anything; assumed."""


class Prediction(Result):
    """What a quantization will take."""

    origin: Origin = "modelled"
    checkpoint_bytes: int
    """All tensors of the checkpoint. The safetensors headers add some hundred bytes per linear layer, and AutoAWQ a
    vector of scales wherever a GELU comes before a linear layer (GPT-NeoX, StarCoder2)."""
    disk_bytes: int
    """The checkpoint, into which the worker's files are moved; the control if it is asked for; what a run keeps for one
    that goes on after it."""
    memory_bytes: int
    """Peak of the worker's process in system memory."""
    memory_parts: dict[str, int]
    gpu_memory_bytes: int | None
    """Peak on one GPU; None on the CPU."""
    search_macs: float
    """Multiply-accumulates of the search for scales, attention scores left out."""
    clip_macs: float
    """Of the search for a clipping."""
    seconds: float | None
    """None: not predicted, because it was not measured for this backend or not on a GPU."""


@dataclass(frozen=True)
class Work:
    """What a backend goes through, in numbers."""

    backend: Backend
    accelerator: Resolved
    block: tuple[LinearLayer, ...]
    """The largest decoder layer."""
    tokens: int
    """Of all calibration blocks."""
    tokens_at_once: int
    """In one forward pass."""
    block_tokens: int
    hidden: int
    """Width of the stream between decoder layers."""
    vocabulary: int
    element: int
    """Bytes of a weight or an activation in memory."""
    parameters: int
    """Of the whole model."""
    expert_share: float
    """Of the tokens, per expert."""

    def share(self, layer: LinearLayer) -> float:
        """Return the share of the tokens that a layer sees."""
        return self.expert_share if is_expert(layer.kind) else 1.0

    @property
    def input_width(self) -> float:
        """Return the width of all inputs of the decoder layer's linear layers; an input read by several counts once."""
        inputs = {
            (layer.name.rpartition(".")[0], siblings(layer.kind)): layer.in_features * self.share(layer)
            for layer in self.block
        }
        return sum(inputs.values())

    @property
    def copied_input_width(self) -> float:
        """Return the same, with a copy for every linear layer."""
        return sum(layer.in_features * self.share(layer) for layer in self.block)

    @property
    def widest(self) -> float:
        """Return the width of the widest input or output of a linear layer."""
        return max(max(layer.in_features, layer.out_features) * self.share(layer) for layer in self.block)

    @property
    def largest(self) -> int:
        """Return the parameters of the largest linear layer."""
        return max(layer.parameters for layer in self.block)

    @property
    def inspected(self) -> int:
        """Return the parameters of the largest part (attention, MLP, all experts) that is tried with scales."""
        parts: dict[str, int] = {}
        for layer in self.block:
            part = layer.kind.split(".")[0]
            parts[part] = parts.get(part, 0) + layer.parameters
        return max(parts.values())


def predict(
    backend: Backend,
    model: ModelHeaders,
    settings: Quantize,
    blocks: int,
    accelerator: Resolved,
    cores: int,
    *,
    controlled: bool = False,
) -> Prediction:
    """Return what quantizing a model with `blocks` calibration blocks takes, and a control beside it where asked.

    The model must have decoder layers.
    """
    quantized = quantized_layers(backend, model, settings)
    work = work_of(backend, model, settings, blocks, accelerator)
    checkpoint = checkpoint_bytes(backend, model.tensors, quantized, settings)
    parts = memory_parts(work)
    search, clip = search_macs(work, model.blocks.values()), clip_macs(work, quantized.values())
    return Prediction(
        checkpoint_bytes=checkpoint,
        disk_bytes=checkpoint * (1 + controlled) + resume_bytes(backend, quantized, settings),
        memory_bytes=sum(parts.values()),
        memory_parts=parts,
        gpu_memory_bytes=gpu_memory_bytes(work) if accelerator == "cuda" else None,
        search_macs=search,
        clip_macs=clip,
        seconds=seconds(backend, search, clip, cores) if accelerator == "cpu" else None,
    )


def work_of(backend: Backend, model: ModelHeaders, settings: Quantize, blocks: int, accelerator: Resolved) -> Work:
    """Return the numbers that memory and work follow from. AutoAWQ computes in FP16, llm-compressor as the source."""
    block_tokens = settings.calibration.block_tokens
    at_once = settings.n_parallel_calib_samples or (blocks if backend is AUTOAWQ else 1)
    element = max((_element(tensor) for tensor in model.tensors.values() if tensor.dtype in FLOATS), default=_HALF)
    return Work(
        backend=backend,
        accelerator=accelerator,
        block=max(model.blocks.values(), key=lambda layers: sum(layer.parameters for layer in layers)),
        tokens=blocks * block_tokens,
        tokens_at_once=min(at_once, blocks) * block_tokens,
        block_tokens=block_tokens,
        hidden=model.hidden_size,
        vocabulary=int(model.text.get("vocab_size", 0)),
        element=_HALF if backend is AUTOAWQ else element,
        parameters=model.parameters,
        expert_share=max(model.experts_per_token, 1) / model.experts if model.experts else 1.0,
    )


def checkpoint_bytes(
    backend: Backend, tensors: Mapping[str, Tensor], quantized: Mapping[str, LinearLayer], settings: Quantize
) -> int:
    """Return the bytes of all tensors of the checkpoint.

    AWQ GEMM: 32-bit integers of eight codes, the same of eight zero points, FP16 scales, everything else FP16.
    pack-quantized: the same integers, the last of a row filled up, two 64-bit integers for the shape; scales and
    everything else in the source's type.
    """
    total = 0
    for name, tensor in tensors.items():
        layer = quantized.get(name.removesuffix(".weight")) if name.endswith(".weight") else None
        element = _HALF if backend is AUTOAWQ and tensor.dtype in FLOATS else _element(tensor)
        if layer is None:
            total += tensor.parameters * element
            continue
        groups = 1 if settings.group == -1 else layer.in_features // settings.group
        total += layer.out_features * (4 * ceil(layer.in_features / 8) + groups * element)
        total += 4 * ceil(layer.out_features / 8) * groups if settings.zero_point else 0
        total += 0 if backend is AUTOAWQ else 2 * 8
    return total


def resume_bytes(backend: Backend, quantized: Mapping[str, LinearLayer], settings: Quantize) -> int:
    """Return what a broken-off run keeps at most: AutoAWQ's clipping, one FP16 number per group; scales are small."""
    if not backend.clips or settings.group == -1:
        return 0
    return sum(_HALF * layer.parameters // settings.group for layer in quantized.values() if is_clipped(layer))


def memory_parts(work: Work) -> dict[str, int]:
    """Return what the worker's process holds at its peak in system memory, in bytes by name.

    On a GPU AutoAWQ keeps a copy of the input of every linear layer in system memory, llm-compressor the hidden states.
    """
    weights = work.parameters * work.element
    parts = {"process": PROCESS_BYTES[work.backend.name, work.accelerator], "weights": weights}
    if work.accelerator == "cpu":
        inputs = {"hidden states": 2 * work.hidden, "inputs of one decoder layer": work.input_width}
    elif work.backend is AUTOAWQ:
        inputs = {"inputs of one decoder layer": work.copied_input_width}
    else:
        inputs = {"hidden states": work.hidden}
    search = {"search": search_bytes(work)} if work.accelerator == "cpu" else {}
    return parts | {name: int(work.tokens * width * work.element) for name, width in inputs.items()} | search


def gpu_memory_bytes(work: Work) -> int:
    """Return the peak on one GPU: embedding, one decoder layer, and what is computed with it."""
    widths = 2 * work.hidden + (work.widest if work.backend is AUTOAWQ else work.input_width)
    parameters = work.vocabulary * work.hidden + sum(layer.parameters for layer in work.block)
    return CUDA_CONTEXT_BYTES + int((work.tokens * widths + parameters) * work.element) + search_bytes(work)


def search_bytes(work: Work) -> int:
    """Return the largest amount that a step of the search holds beside weights, hidden states and inputs.

    Trying scales: two outputs of the part, a copy of its weights, temporaries of rounding (four as large as the largest
    layer in AutoAWQ, three in FP32 in llm-compressor), and either a forward pass or the comparison of the outputs.
    Clipping: one product of 256 rows with a sample of the tokens. Packing: 32-bit codes, twice. Our llm-compressor
    worker runs the model once on up to 256 tokens, logits included.
    """
    forward = work.tokens_at_once * _ALIVE * work.widest * work.element
    outputs = work.tokens * work.hidden
    trial = 2 * outputs * work.element + work.inspected * work.element
    if work.backend is AUTOAWQ:
        loss = min(outputs, _LOSS_CHUNK) * (_HALF + 2 * _FLOAT)
        clipped = max((layer.in_features for layer in work.block if is_clipped(layer)), default=0)
        clipping = _CLIP_ROWS * sampled(work.tokens) * clipped * _HALF
        packing = 2 * _FLOAT * work.largest
        return int(max(trial + max(forward, loss) + 4 * work.largest * _HALF, clipping, packing))
    logits = min(work.block_tokens, _PROBE_TOKENS) * work.vocabulary * work.element
    return int(max(trial + forward + 3 * work.largest * _FLOAT, logits))


def sampled(tokens: int) -> int:
    """Return how many of the calibration tokens AutoAWQ's clipping looks at: every n-th, 512 to 1023 of many."""
    return ceil(tokens / max(1, tokens // _CLIP_TOKENS))


def search_macs(work: Work, blocks: Iterable[Iterable[LinearLayer]]) -> float:
    """Return the multiply-accumulates of all forward passes of the search, attention scores left out.

    A layer runs in every trial of its part (attention, MLP), and again in trials of its own when what it reads comes
    from a linear layer. Beside the candidates there is one pass for the reference, and with AutoAWQ one with plain
    rounding. Before the search AutoAWQ makes one pass through a decoder layer, llm-compressor two around it.
    """
    autoawq = work.backend is AUTOAWQ
    trials, passes = _CANDIDATES + (2 if autoawq else 1), 1 if autoawq else 2
    return sum(
        (passes + trials * (2 if _reads_a_linear_layer(layer) else 1)) * layer.parameters * work.share(layer)
        for block in blocks
        for layer in block
    ) * float(work.tokens)


def clip_macs(work: Work, quantized: Iterable[LinearLayer]) -> float:
    """Return the multiply-accumulates of AutoAWQ's search for a clipping, which takes a sample of the tokens."""
    if not work.backend.clips:
        return 0.0
    weights = sum(layer.parameters for layer in quantized if is_clipped(layer))
    return float((_CLIP_CANDIDATES + 1) * sampled(work.tokens) * weights)


def seconds(backend: Backend, search: float, clip: float, cores: int) -> float | None:
    """Return the time on the CPU when all cores are equally busy; None where the cost was not measured."""
    cost = CORE_SECONDS_PER_TERA_MAC[backend.name]
    return None if cost is None else cost * (search + clip) / 1e12 / cores


def _reads_a_linear_layer(layer: LinearLayer) -> bool:
    return layer.name.rsplit(".", 1)[-1] in _CLOSING


def _element(tensor: Tensor) -> int:
    return tensor.bytes // max(tensor.parameters, 1)

"""Bytes of the weights on one GPU as vLLM logs them: parameters, the overhead of quantization, rotary tables."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil

from pipeline.base.errors import SourceError
from pipeline.plan.architecture import Architecture, LatentAttention
from pipeline.plan.matrices import Matrix, layer_matrices, matrices
from pipeline.plan.ranks import ALONE, Ranks

_HALF, _FLOAT = 2, 4
_VOCABULARY_STEP = 64
"""vLLM pads the vocabulary to a multiple of it (`DEFAULT_VOCAB_PADDING_SIZE`)."""
_MXFP4_GROUP = 32
"""Weights per scale."""
_MARLIN_ROUNDING, _HOPPER_ROUNDING = (128, 256), (64, 256)
"""What vLLM rounds an expert's width and the hidden size up to (`mxfp4_round_up_hidden_size_and_intermediate_size`)."""


@dataclass(frozen=True)
class Quantization:
    """How the matrices of a model are stored."""

    name: str
    bits: float
    """Per weight, of what reads it from memory, scales included."""
    size: Callable[[int, int], float]
    """Bytes of a matrix with so many rows and columns."""
    repacked: bool = False
    """Marlin writes a matrix anew beside the old one while it is loaded, and vLLM logs that peak."""
    only_experts: bool = False
    rounding: tuple[int, int] = (1, 1)
    """An expert's width and the hidden size are multiples of it in memory."""


def grouped(group: int, zero_point_bits: int) -> Callable[[int, int], float]:
    """Return what gives the bytes of a 4-bit matrix with a scale per `group` weights of a row, -1 for whole rows."""

    def size(rows: int, columns: int) -> float:
        groups = ceil(columns / group) if group > 0 else 1
        return rows * columns / 2 + rows * groups * (_HALF + zero_point_bits / 8)

    return size


def _per_channel(rows: int, columns: int) -> float:
    return rows * columns + rows * _FLOAT


def _mxfp4(rows: int, columns: int) -> float:
    return rows * columns * (0.5 + 1 / _MXFP4_GROUP)


QUANTIZATIONS: Mapping[str, Quantization] = {
    "none": Quantization("none", 16, lambda rows, columns: rows * columns * _HALF),
    "awq": Quantization("awq", 4 + 20 / 128, grouped(128, 4), repacked=True),
    "gptq": Quantization("gptq", 4 + 16 / 128, grouped(128, 0), repacked=True),
    "int4-experts": Quantization("int4-experts", 4.5, grouped(32, 0), only_experts=True),
    "fp8": Quantization("fp8", 8, _per_channel),
    "int8": Quantization("int8", 8, _per_channel),
    "mxfp4": Quantization("mxfp4", 4.25, _mxfp4, only_experts=True, rounding=_MARLIN_ROUNDING),
    "nvfp4": Quantization("nvfp4", 4.5, lambda rows, columns: rows * columns * (0.5 + 1 / 16) + _FLOAT),
    "bnb4": Quantization("bnb4", 4.127, lambda rows, columns: rows * columns * (0.5 + 1 / 64 + 4 / 64 / 256)),
}
"""What `--quantization` takes. `none` means as the checkpoint is published."""


def quantization_of(name: str, architecture: Architecture, family: str = "") -> Quantization:
    """Return how the model is stored on GPUs of a family: as asked, or for `none` as it is published.

    Raises:
        SourceError: it is published in a way of which nothing is known.
    """
    found = QUANTIZATIONS.get(architecture.published or "none" if name == "none" else name)
    if found is None:
        raise SourceError(
            f"The model is quantized with {architecture.published or name}, and what that takes is not known here. Say "
            f"what comes nearest with --quantization ({', '.join(QUANTIZATIONS)}), or plan the model that it was made "
            f"of."
        )
    return replace(found, rounding=_HOPPER_ROUNDING) if found.name == "mxfp4" and family == "hopper" else found


@lru_cache(maxsize=4096)
def weight_bytes(
    architecture: Architecture, quantization: Quantization, ranks: Ranks = ALONE, pipeline_parallel: int = 1
) -> int:
    """Return the bytes of the weights on the fullest GPU."""
    whole = _ranked(architecture, matrices(architecture), quantization, ranks)
    embedding = sum(_kept(architecture, matrix, ranks) for matrix in _ends(architecture))
    layers = whole - embedding * (1 if architecture.tied else 2)
    share = ceil(architecture.layer_count / pipeline_parallel) / architecture.layer_count
    ends = embedding if architecture.tied or pipeline_parallel > 1 else 2 * embedding
    return int(
        layers * share
        + ends
        + _rotary(architecture)
        + _latent_copies(architecture, quantization, ranks.tensor) * share
        + _peak(architecture, quantization, ranks)
        + _encoder(architecture, ranks.tensor)
    )


def read_bytes(architecture: Architecture, quantization: Quantization, ranks: Ranks, tokens: float) -> float:
    """Return the bytes of weights that one forward pass reads on one GPU; `tokens` are those of all replicas.

    Of the experts those are read that any of the tokens is sent to, taken as drawn evenly: E (1 - (1 - k/E)^tokens).
    """
    always, by_share = _read(architecture, quantization, ranks)
    return always + sum(size * (1 - float((1 - share) ** tokens)) for share, size in by_share)


@lru_cache(maxsize=1024)
def _read(
    architecture: Architecture, quantization: Quantization, ranks: Ranks
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Return the bytes that every pass reads, and those of experts with the share of them that a token is sent to."""
    always = sum(_kept(architecture, matrix, ranks) for matrix in _ends(architecture))
    experts: dict[float, float] = {}
    for layer, number in architecture.layers:
        mlp = layer.mlp
        for matrix in layer_matrices(architecture, layer):
            size = matrix_bytes(architecture, matrix, quantization, ranks) * number
            if matrix.part == "expert":
                share = mlp.experts_per_token / mlp.experts
                experts[share] = experts.get(share, 0.0) + size
            else:
                always += size
    return always, tuple(experts.items())


def matrix_bytes(architecture: Architecture, matrix: Matrix, quantization: Quantization, ranks: Ranks) -> float:
    """Return the bytes of a kind of matrices on one GPU."""
    eligible = matrix.part == "expert" or (matrix.part == "linear" and not quantization.only_experts)
    if not eligible or quantization.name == "none":
        return _kept(architecture, matrix, ranks)
    rows, columns = local_shape(matrix, ranks)
    rows, columns = _padded(matrix, rows, columns, quantization.rounding)
    return quantization.size(rows, columns) * local_copies(matrix, ranks)


def local_shape(matrix: Matrix, ranks: Ranks) -> tuple[int, int]:
    """Return rows and columns of a matrix on one of several GPUs."""
    rows, columns, shares = matrix.rows, matrix.columns, ranks.tensor
    if matrix.experts:
        shares = 1 if ranks.expert_parallel else ranks.experts
    elif matrix.shared:
        shares = ranks.shared_experts
    if matrix.split == "vocabulary":
        rows = ceil(rows / _VOCABULARY_STEP) * _VOCABULARY_STEP if shares > 1 else rows
    if matrix.split == "kv_heads":
        return rows // matrix.heads * max(1, ceil(matrix.heads / shares)), columns
    if matrix.split == "columns":
        return rows, ceil(columns / shares)
    return (rows, columns) if matrix.split == "none" else (ceil(rows / shares), columns)


def local_copies(matrix: Matrix, ranks: Ranks) -> int:
    """Return how many of the matrices the fullest GPU has: of whole experts, its share of them."""
    if not matrix.experts or not ranks.expert_parallel:
        return matrix.copies
    return matrix.copies // matrix.experts * ceil(matrix.experts / ranks.experts)


def _kept(architecture: Architecture, matrix: Matrix, ranks: Ranks) -> float:
    rows, columns = local_shape(matrix, ranks)
    return rows * columns * local_copies(matrix, ranks) * architecture.element_bytes


def _ranked(architecture: Architecture, found: Iterable[Matrix], quantization: Quantization, ranks: Ranks) -> float:
    stored = (matrix for matrix in found if not (matrix.part == "head" and architecture.tied))
    return sum(matrix_bytes(architecture, matrix, quantization, ranks) for matrix in stored)


def _ends(architecture: Architecture) -> tuple[Matrix]:
    return (Matrix("embedding", architecture.vocabulary, architecture.hidden, "vocabulary"),)


def _rotary(architecture: Architecture) -> int:
    return sum(positions * width * architecture.element_bytes for positions, width in architecture.rotary)


def _encoder(architecture: Architecture, tensor_parallel: int) -> int:
    return architecture.encoder_parameters * architecture.element_bytes // tensor_parallel


def _latent_copies(architecture: Architecture, quantization: Quantization, tensor_parallel: int) -> float:
    """Return the 16-bit copies that vLLM keeps of a quantized key-value up-projection, to absorb it into queries."""
    if quantization.name == "none" or quantization.only_experts:
        return 0
    return sum(
        number
        * layer.attention.heads
        / tensor_parallel
        * layer.attention.latent_rank
        * _HALF
        * (layer.attention.nope_size + layer.attention.value_size)
        for layer, number in architecture.layers
        if isinstance(layer.attention, LatentAttention)
    )


def _peak(architecture: Architecture, quantization: Quantization, ranks: Ranks) -> float:
    """Return the largest matrix (gate and up are one), which is in memory twice while it is repacked."""
    if not quantization.repacked:
        return 0
    return max(
        matrix_bytes(architecture, matrix, quantization, ranks)
        for layer, _ in architecture.layers
        for matrix in layer_matrices(architecture, layer)
        if matrix.part in ("linear", "expert")
    )


def _padded(matrix: Matrix, rows: int, columns: int, rounding: tuple[int, int]) -> tuple[int, int]:
    inner, hidden = rounding
    first, second = (inner, hidden) if matrix.split == "rows" else (hidden, inner)
    return ceil(rows / first) * first, ceil(columns / second) * second

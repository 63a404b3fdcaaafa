"""What the quantize stage reports."""

from typing import ClassVar, Literal

from pipeline.base.results import Payload, Result

NOTES = "quantize"
"""Folder of what the stage writes down beside the checkpoint."""
Treatment = Literal["scaled", "rounded", "16 bit"]
"""What became of a linear layer: AWQ scaled its inputs before rounding, it was only rounded, or it was left."""


class LayerAudit(Result):
    """What became of one linear layer of the source model. One row of `quantize/coverage.json`."""

    name: str
    parameters: int
    treatment: Treatment
    reason: str = ""
    """Why it stayed in 16 bit."""
    relative_error: float | None = None
    """||checkpoint - source|| / ||source|| of the weights, the scaling applied to both; layers that were compared."""
    error_bound: float | None = None
    """Largest relative error that 4 bit, the group size and the clipping allow."""
    error_rounded: float | None = None
    """Mean squared error of the output on the calibration data with plain rounding; one value for all layers that are
    scaled together."""
    error_scaled: float | None = None
    """The same with the scales that AWQ chose."""


class KindAudit(Result):
    """Layers of one kind, added up over the decoder layers and experts."""

    kind: str
    layers: int
    scaled: int
    rounded: int
    left: int
    """In 16 bit."""
    parameters: int
    relative_error: float | None
    """Largest of the layers."""
    error_bound: float | None
    """Of that layer."""
    error_ratio: float | None
    """Sum of `error_scaled` / sum of `error_rounded`; below 1 AWQ helped on the calibration data."""


class CoverageResult(Result):
    """The coverage audit, added up. The layers one by one are in `quantize/coverage.json`."""

    share_4bit: float
    """Of the parameters of the linear layers that the recipe does not ignore."""
    share_scaled: float
    share_of_model_4bit: float
    """Of all parameters of the model, embeddings and head included."""
    layers_compared: int
    """4-bit layers whose weights were compared with the source."""
    equivalence: float
    """Largest relative change of outputs through scaling alone, which must not change them."""
    kinds: tuple[KindAudit, ...]


class QuantizeResult(Payload):
    """What the stage `quantize` reports."""

    STAGE: ClassVar = "quantize"
    schema_version: Literal[1] = 1

    source: str
    source_name: str | None = None
    """What the model is called, for readers; None in results of earlier versions."""
    source_path: str
    source_commit: str | None
    licence: str
    backend: str
    backend_versions: dict[str, str]
    bits: int
    format: str
    """`awq-gemm` or `pack-quantized`, as vLLM's loaders call them."""
    group_size: int
    """-1: one group per row."""
    zero_point: bool
    calibration_source: str
    calibration_blocks: int
    calibration_block_tokens: int
    quantized_modules: int
    coverage: CoverageResult
    source_changes: tuple[str, ...] = ()
    """Sentences on what is different in the source since the checkpoint that this one replaced."""
    recalled: int
    """Searches whose result was taken over from an attempt that broke off."""
    parameters: int
    """Of the source model; tied weights count once."""
    quantized_parameters: int
    """Of those, how many are now 4 bit."""
    source_bytes: int
    """Weights of the source, safetensors files."""
    checkpoint_bytes: int
    """Weights of the AWQ checkpoint, safetensors files."""
    bits_per_weight: float
    """Over all parameters: 8 x checkpoint_bytes / parameters, scales and zero points included."""
    bits_per_quantized_weight: float
    """Over the quantized layers alone."""
    quantize_seconds: float
    peak_memory_gib: float
    """Of the process, in system memory."""
    peak_gpu_memory_gib: float | None = None
    checkpoint_digest: str
    """One SHA-256 over the manifest's sums, the model card left out."""
    code_digest: str | None = None
    """SHA-256 over the Python files that come with the source and were trusted; None where it has none."""
    control_digest: str | None = None
    """The same of the round-to-nearest control, where the recipe asks for one."""

"""What the quantize stage reports."""

from pipeline.record import Result


class QuantizeResult(Result):
    """Payload of the stage `quantize`."""

    source: str
    source_path: str
    source_commit: str | None
    licence: str
    backend: str
    backend_versions: dict[str, str]
    bits: int
    group_size: int
    zero_point: bool
    calibration_source: str
    calibration_blocks: int
    calibration_block_tokens: int
    quantized_modules: int
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
    """One SHA-256 over the manifest's sums."""

"""Results of stages with plausible contents, for tests of what reads them."""

from typing import Any

from pipeline.quantize.result import CoverageResult, QuantizeResult


def quantize_result(**changes: Any) -> QuantizeResult:
    """Return what `quantize` reports; keywords replace fields."""
    facts: dict[str, Any] = {
        "source": "packaged:demo",
        "source_path": "source",
        "source_commit": None,
        "licence": "apache-2.0",
        "backend": "autoawq",
        "backend_versions": {"autoawq": "0.2.9", "torch": "2.6.0"},
        "bits": 4,
        "format": "awq-gemm",
        "group_size": 64,
        "zero_point": True,
        "calibration_source": "packaged:demo",
        "calibration_blocks": 128,
        "calibration_block_tokens": 512,
        "quantized_modules": 56,
        "coverage": CoverageResult(
            share_4bit=1.0, share_scaled=0.9444, share_of_model_4bit=0.88, layers_compared=16, equivalence=0.0, kinds=()
        ),
        "recalled": 0,
        "parameters": 26_214_400,
        "quantized_parameters": 23_068_672,
        "source_bytes": 52_428_800,
        "checkpoint_bytes": 18_790_400,
        "bits_per_weight": 5.734,
        "bits_per_quantized_weight": 4.5,
        "quantize_seconds": 73.2,
        "peak_memory_gib": 1.31,
        "checkpoint_digest": "6f" * 32,
    }
    return QuantizeResult(**{**facts, **changes})

"""What a plan's settings may be called, for the command line and for files."""

from collections.abc import Iterable

from pipeline.base.suggestion import suggestion
from pipeline.plan.weights import QUANTIZATIONS

KV_CACHE_DTYPES = ("auto", "fp8", "fp8_e4m3", "fp8_e5m2")
_ALSO = {"4bit": "awq", "4-bit": "awq", "int4": "awq", "w4a16": "awq", "8bit": "fp8", "16bit": "none"}
_ALSO |= dict.fromkeys(("bf16", "bfloat16", "fp16", "float16"), "none")
"""What people call them, and what was most likely meant."""


def quantization(given: str) -> str:
    """Return a quantization as it is planned, whatever its case.

    Raises:
        ValueError: it is none; says what there is.
    """
    return _one_of("quantization", given, QUANTIZATIONS)


def kv_cache_dtype(given: str) -> str:
    """Return a dtype of the KV cache as it is planned, whatever its case.

    Raises:
        ValueError: it is none; says what there is.
    """
    return _one_of("KV cache dtype", given, KV_CACHE_DTYPES)


def _one_of(kind: str, given: str, known: Iterable[str]) -> str:
    choices, name = list(known), given.lower()
    if name in choices:
        return name
    meant = f" Did you mean {_ALSO[name]}?" if _ALSO.get(name) in choices else suggestion(given, choices)
    raise ValueError(f"{given} is no {kind} that is planned.{meant} Choose from {', '.join(choices)}.")

"""How a checkpoint stores its matrices, by its own configuration: the group size and zero points that it has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.plan.architecture import Architecture
from pipeline.plan.weights import QUANTIZATIONS, Quantization, grouped, quantization_of

_SCALE_BITS, _ZERO_POINT_BITS, _BITS = 16, 4, 4
_GROUP = 128
"""Where a checkpoint does not say."""


def stored_as(architecture: Architecture, config: Mapping[str, Any], *, repacked: bool = True) -> Quantization:
    """Return the quantization of a checkpoint; 4 bit with zero points is planned as AWQ, whoever wrote it.

    Args:
        architecture: of the checkpoint.
        config: its config.json.
        repacked: whether the engine writes 4-bit matrices anew while it loads them, as on GPUs.

    Raises:
        SourceError: its size is not known, or the one of its groups is no number.
    """
    found = quantization_of("none", architecture)
    settings = config.get("quantization_config") or (config.get("text_config") or {}).get("quantization_config") or {}
    if found.name not in ("awq", "gptq", "int4-experts"):
        return replace(found, repacked=found.repacked and repacked)
    try:
        group, zero_points = _groups(settings)
    except (TypeError, ValueError) as problem:
        raise SourceError(
            f"The configuration says the size of its groups in a way that is not expected ({problem}), so the size of "
            f"the weights is not known. Give the checkpoint as it was published."
        ) from None
    zero_bits = _ZERO_POINT_BITS if zero_points else 0
    base = QUANTIZATIONS["awq"] if zero_points and found.name == "gptq" else found
    per_weight = (_SCALE_BITS + zero_bits) / group if group > 0 else 0.0
    return replace(base, bits=_BITS + per_weight, size=grouped(group, zero_bits), repacked=base.repacked and repacked)


def _groups(settings: Mapping[str, Any]) -> tuple[int, bool]:
    """Return the weights per scale, -1 for whole rows, and whether there are zero points."""
    groups = settings.get("config_groups")
    listed: list[Any] = list(groups.values()) if isinstance(groups, dict) else []
    first = listed[0].get("weights") if listed and isinstance(listed[0], dict) else None
    if isinstance(first, dict):
        return int(first.get("group_size") or -1), not first.get("symmetric", True)
    size = settings.get("group_size")
    symmetric = bool(settings.get("sym", settings.get("quant_method") == "gptq"))
    return int(_GROUP if size is None else size), bool(settings.get("zero_point", not symmetric))

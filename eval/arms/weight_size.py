"""How much memory an arm's weights take, where the engine does not say it."""

from dataclasses import replace
from typing import Literal

from eval.arms.setup import Weights
from pipeline.models.tensors import weight_bytes
from pipeline.models.trust import read_config
from pipeline.plan.model_config import architecture_of
from pipeline.plan.weights import QUANTIZATIONS, grouped
from pipeline.plan.weights import weight_bytes as planned_bytes

_ZERO_POINT_BITS = 4


def held_by(weights: Weights) -> Literal["files", "configuration"]:
    """Return what their size is known from."""
    return "configuration" if weights.dummy else "files"


def held_gib(weights: Weights) -> float:
    """Return the size of an arm's weights: of their files, or as computed where there are none.

    Raises:
        SourceError: the configuration does not describe a model that this program knows.
    """
    return (_computed(weights) if weights.dummy else weight_bytes(weights.path)) / 2**30


def _computed(weights: Weights) -> int:
    config = read_config(weights.path / "config.json")
    quantization = QUANTIZATIONS["fp8" if weights.online else "none"]
    if found := config.pop("quantization_config", None):
        size = grouped(int(found["group_size"]), _ZERO_POINT_BITS)
        quantization = replace(QUANTIZATIONS["awq"], size=size, repacked=False)
    return planned_bytes(architecture_of(config), quantization)

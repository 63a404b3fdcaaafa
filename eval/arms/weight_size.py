"""How much memory an arm's weights take, where the engine does not say it."""

from typing import Literal

from eval.arms.setup import Weights
from pipeline.models.tensors import weight_bytes
from pipeline.models.trust import read_config
from pipeline.plan.checkpoint import stored_as
from pipeline.plan.model_config import architecture_of
from pipeline.plan.weights import QUANTIZATIONS
from pipeline.plan.weights import weight_bytes as planned_bytes


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
    architecture = architecture_of(config)
    quantization = QUANTIZATIONS["fp8"] if weights.online else stored_as(architecture, config, repacked=False)
    return planned_bytes(architecture, quantization)

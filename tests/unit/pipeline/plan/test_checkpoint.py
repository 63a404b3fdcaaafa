"""How checkpoints store their matrices, by their own configurations."""

from typing import Any

import pytest

from pipeline.base.errors import SourceError
from pipeline.catalogue.models import models
from pipeline.plan.checkpoint import stored_as
from pipeline.plan.model_config import architecture_of

LLAMA = dict(models()["meta-llama/Llama-3.1-8B"].config)
WEIGHTS = {"num_bits": 4, "type": "int", "group_size": 32, "symmetric": False}


def compressed(**changes: Any) -> dict[str, Any]:
    """Return what llm-compressor writes of 4-bit weights."""
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {**WEIGHTS, **changes}}}}


@pytest.mark.parametrize(
    ("settings", "name", "bytes_of_1024"),
    [
        (None, "none", 2 * 1024),
        ({"quant_method": "awq", "group_size": 128, "zero_point": True}, "awq", 512 + 8 * 2.5),
        ({"quant_method": "awq", "group_size": 64, "zero_point": True}, "awq", 512 + 16 * 2.5),
        ({"quant_method": "awq", "group_size": -1, "zero_point": False}, "awq", 512 + 2),
        ({"quant_method": "gptq", "group_size": 128, "sym": True}, "gptq", 512 + 8 * 2),
        (compressed(), "awq", 512 + 32 * 2.5),
        (compressed(symmetric=True), "gptq", 512 + 32 * 2),
        (compressed(group_size=None, symmetric=True), "gptq", 512 + 2),
    ],
)
def test_a_row_takes_what_its_groups_take(settings: dict[str, Any] | None, name: str, bytes_of_1024: float) -> None:
    """Half a byte per weight, two per scale, half a one per zero point."""
    config = {**LLAMA, **({"quantization_config": settings} if settings else {})}
    found = stored_as(architecture_of(config), config)
    assert (found.name, found.size(1, 1024)) == (name, bytes_of_1024)


@pytest.mark.parametrize("size", ["large", [128]])
def test_groups_without_a_size_are_refused(size: Any) -> None:
    """A stranger's configuration ends with a sentence."""
    config = {**LLAMA, "quantization_config": {"quant_method": "awq", "group_size": size}}
    with pytest.raises(SourceError, match="size of the weights is not known"):
        stored_as(architecture_of(config), config)


def test_processors_do_not_write_matrices_anew() -> None:
    """Only Marlin does, on GPUs."""
    config = {**LLAMA, "quantization_config": {"quant_method": "awq", "group_size": 128, "zero_point": True}}
    architecture = architecture_of(config)
    assert stored_as(architecture, config).repacked
    assert not stored_as(architecture, config, repacked=False).repacked

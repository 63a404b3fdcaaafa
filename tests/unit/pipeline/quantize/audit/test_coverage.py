"""The coverage audit: what is scaled, rounded and left, and the gates on it."""

from math import nan, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import WorkerError
from pipeline.models.tensors import Tensor
from pipeline.quantize.audit.coverage import audit, gates
from pipeline.quantize.audit.reconstruction import LayerReconstruction, Reconstruction
from pipeline.quantize.result import CoverageResult, KindAudit, LayerAudit
from pipeline.recipe.quantize import Coverage

SHAPES = {
    "model.embed_tokens.weight": (100, 10),
    "model.layers.0.q_proj.weight": (10, 10),
    "model.layers.0.gate.weight": (4, 10),
    "model.layers.0.norm.weight": (10,),
    "model.layers.1.q_proj.weight": (10, 10),
    "model.layers.1.gate.weight": (4, 10),
    "model.layers.1.norm.weight": (10,),
    "model.layers.1.odd_proj.weight": (20, 10),
    "lm_head.weight": (100, 10),
}
PACKED = ("model.layers.0.q_proj", "model.layers.1.q_proj")
REASONS = {"lm_head": "ignored by the recipe", "model.layers.0.gate": "router", "model.layers.1.gate": "router"}
SCALINGS = [
    {
        "previous": f"model.layers.{number}.norm",
        "layers": [f"model.layers.{number}.q_proj", f"model.layers.{number}.gate"],
        "error_rounded": 0.4,
        "error_scaled": error,
    }
    for number, error in enumerate((0.1, 0.4))
]
SCALES = {"model.layers.0.norm": np.linspace(0.5, 2, 10), "model.layers.1.norm": np.ones(10)}
RECONSTRUCTION = Reconstruction(
    layers={
        "model.layers.0.q_proj": LayerReconstruction(relative_error=0.08, error_bound=0.3),
        "model.layers.1.q_proj": LayerReconstruction(relative_error=0.09, error_bound=0.2),
    },
    problems=(),
)


def tensors(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return headers of BF16 tensors."""
    return {
        name: Tensor(name, "BF16", shape, Path("model.safetensors"), 0, 2 * prod(shape))
        for name, shape in shapes.items()
    }


def audited(packed: tuple[str, ...] = PACKED, **changes: Any) -> tuple[tuple[LayerAudit, ...], CoverageResult]:
    """Audit a model with two decoder layers, of which the backend scaled the first."""
    checkpoint = tensors({f"{layer}.qweight": (10, 2) for layer in packed})
    arguments: dict[str, Any] = {
        "scalings": SCALINGS,
        "scales": SCALES,
        "reasons": REASONS,
        "reconstruction": RECONSTRUCTION,
        "equivalence": 0.01,
    }
    return audit(tensors(SHAPES), checkpoint, **arguments | changes)


def test_what_became_of_each_layer() -> None:
    """Scales that are all equal are plain rounding; what is not packed has a reason."""
    rows, _ = audited()
    assert {row.name: (row.treatment, row.reason) for row in rows} == {
        "model.layers.0.q_proj": ("scaled", ""),
        "model.layers.0.gate": ("16 bit", "router"),
        "model.layers.1.q_proj": ("rounded", ""),
        "model.layers.1.gate": ("16 bit", "router"),
        "model.layers.1.odd_proj": ("16 bit", "the backend left it"),
        "lm_head": ("16 bit", "ignored by the recipe"),
    }


def test_a_row() -> None:
    """Errors of the weights come from the comparison, errors of the output from the backend's search."""
    rows, _ = audited()
    assert rows[0] == LayerAudit(
        name="model.layers.0.q_proj",
        parameters=100,
        treatment="scaled",
        relative_error=0.08,
        error_bound=0.3,
        error_rounded=0.4,
        error_scaled=0.1,
    )


def test_shares() -> None:
    """200 of the 400 parameters that were asked for are 4 bit, 100 scaled; the model has 2500 with all."""
    _, result = audited()
    model = 1000 + 100 + 40 + 10 + 100 + 40 + 10 + 200 + 1000
    assert (result.share_4bit, result.share_scaled, result.share_of_model_4bit) == (0.5, 0.25, 200 / model)
    assert (result.layers_compared, result.equivalence) == (2, 0.01)


def test_kinds_are_added_up() -> None:
    """Over the decoder layers: counts, the worst error with its own bound, and the ratio of summed errors."""
    _, result = audited()
    assert result.kinds[0] == KindAudit(
        kind="q_proj",
        layers=2,
        scaled=1,
        rounded=1,
        left=0,
        parameters=200,
        relative_error=0.09,
        error_bound=0.2,
        error_ratio=0.625,  # (0.1 + 0.4) / (0.4 + 0.4)
    )
    assert [(kind.kind, kind.left, kind.relative_error, kind.error_ratio) for kind in result.kinds[1:]] == [
        ("gate", 2, None, None),
        ("odd_proj", 1, None, None),
        ("lm_head", 1, None, None),
    ]


def test_without_scales_nothing_is_scaled() -> None:
    """A scaling whose scales are not there counts for nothing."""
    _, result = audited(scales={})
    assert (result.share_4bit, result.share_scaled) == (0.5, 0.0)


def test_a_layer_that_was_to_stay_is_an_error() -> None:
    """The backend may not quantize what the recipe ignores."""
    with pytest.raises(WorkerError, match=r"that were to stay in 16 bit: lm_head\. Set quantize\.backend"):
        audited(packed=(*PACKED, "lm_head"))


def test_nothing_asked_for_is_nothing_covered() -> None:
    """A recipe that ignores every layer does not have full coverage."""
    everything = dict.fromkeys((name.removesuffix(".weight") for name in SHAPES), "ignored by the recipe")
    _, result = audited(packed=(), reasons=everything)
    assert (result.share_4bit, result.share_scaled, result.share_of_model_4bit) == (0.0, 0.0, 0.0)


def test_gates_that_pass_say_so_with_figures() -> None:
    """Each gate is one sentence with the figure and the limit."""
    _, result = audited()
    found = gates(result, Coverage(min_4bit=0.5, min_scaled=0.2))
    assert [(gate.name, gate.passed) for gate in found] == [
        ("coverage 4 bit", True),
        ("coverage scaled", True),
        ("equivalence", True),
    ]
    where = "of the parameters in linear layers that the recipe does not ignore"
    changed = "AWQ's scaling alone changed outputs by at most 0.0100 of their norm"
    assert [gate.statement for gate in found] == [
        f"50.00 % {where} are 4 bit, at least the 50.00 % asked for.",
        f"25.00 % {where} were scaled by AWQ before rounding, at least the 20.00 % asked for.",
        f"{changed}, within the 0.05 that 16-bit rounding explains.",
    ]


@pytest.mark.parametrize("equivalence", [0.079, nan])
def test_gates_that_fail_say_so_with_figures(equivalence: float) -> None:
    """Too little in 4 bit, too little scaled, and a router that was not compensated."""
    _, result = audited(equivalence=equivalence)
    found = gates(result, Coverage())
    assert [gate.passed for gate in found] == [False, False, False]
    assert "are 4 bit, less than the 95.00 % asked for." in found[0].statement
    assert f"at most {equivalence:.4f} of their norm, over the 0.05 that" in found[2].statement

"""The coverage audit: what became of every linear layer of the source, from the checkpoint and the backend's scales."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.base.errors import WorkerError
from pipeline.base.phrase import phrase
from pipeline.base.results import Gate, Phrase
from pipeline.base.sentences.stored import ENGLISH, StoredSentences
from pipeline.models.layers import LinearLayer, linear_layers
from pipeline.models.tensors import Tensor
from pipeline.quantize.audit.packing import is_packed
from pipeline.quantize.audit.reconstruction import Reconstruction
from pipeline.quantize.result import CoverageResult, KindAudit, LayerAudit, Treatment
from pipeline.recipe.quantize import Coverage

MAX_EQUIVALENCE = 0.05
"""Largest relative change of outputs through scaling alone. FP16 and BF16 rounding gave 0.002 to 0.02 on small models
of random weights; a router that was not compensated gave 0.08 and 0.16."""
_LEFT = "the backend left it"


def audit(
    source: Mapping[str, Tensor],
    checkpoint: Mapping[str, Tensor],
    scalings: Iterable[Mapping[str, Any]],
    scales: Mapping[str, NDArray[Any]],
    reasons: Mapping[str, str],
    reconstruction: Reconstruction,
    equivalence: float,
) -> tuple[tuple[LayerAudit, ...], CoverageResult]:
    """Return what became of each linear layer of the source, and the sums.

    Args:
        source: the tensors of the 16-bit model.
        checkpoint: those of the 4-bit checkpoint.
        scalings: dictionaries with `previous`, `layers`, `error_rounded` and `error_scaled`, as the workers answer.
        scales: by `previous`; all equal, they are no scaling but plain rounding.
        reasons: why layers were to stay in 16 bit, by name (`layers.ignored`).
        reconstruction: the comparison with the source.
        equivalence: largest relative change of outputs through scaling alone.

    Raises:
        WorkerError: the backend quantized a layer that was to stay in 16 bit.
    """
    layers = linear_layers(source)
    disobeyed = [name for name in reasons if is_packed(checkpoint, name)]
    if disobeyed:
        raise WorkerError(
            f"The backend made layers 4 bit that were to stay in 16 bit: {', '.join(disobeyed)}. "
            f"Set quantize.backend to the other one."
        )
    searches = {layer: scaling for scaling in scalings for layer in scaling["layers"]}
    audits = tuple(
        _audit(layer, is_packed(checkpoint, name), searches.get(name), scales, reasons, reconstruction)
        for name, layer in layers.items()
    )
    asked = [row for row in audits if row.name not in reasons]
    quantized = [row for row in asked if row.treatment != "16 bit"]
    return audits, CoverageResult(
        share_4bit=_share(quantized, asked),
        share_scaled=_share([row for row in asked if row.treatment == "scaled"], asked),
        share_of_model_4bit=_parameters(quantized) / sum(tensor.parameters for tensor in source.values()),
        layers_compared=len(reconstruction.layers),
        equivalence=equivalence,
        kinds=_kinds(audits, layers),
    )


def gates(result: CoverageResult, limits: Coverage) -> tuple[Gate, ...]:
    """Return the gates of the audit: shares at 4 bit and scaled, and that scaling alone changed nothing."""
    say = StoredSentences
    share, scaled, change = result.share_4bit, result.share_scaled, result.equivalence
    enough, enough_scaled, equivalent = (
        share >= limits.min_4bit,
        scaled >= limits.min_scaled,
        change <= MAX_EQUIVALENCE,
    )
    said = (
        phrase(say.enough_4bit if enough else say.too_few_4bit, found=_percent(share), least=_percent(limits.min_4bit)),
        phrase(
            say.enough_scaled if enough_scaled else say.too_few_scaled,
            found=_percent(scaled),
            least=_percent(limits.min_scaled),
        ),
        phrase(
            say.equivalent if equivalent else say.not_equivalent,
            change=f"{change:.4f}",
            limit=f"{MAX_EQUIVALENCE:g}",
        ),
    )
    return (
        _gate("coverage 4 bit", said[0], passed=enough),
        _gate("coverage scaled", said[1], passed=enough_scaled),
        _gate("equivalence", said[2], passed=equivalent),
    )


def _audit(
    layer: LinearLayer,
    packed: bool,  # noqa: FBT001 -- a fact about the layer, read beside the others
    search: Mapping[str, Any] | None,
    scales: Mapping[str, NDArray[Any]],
    reasons: Mapping[str, str],
    reconstruction: Reconstruction,
) -> LayerAudit:
    if not packed:
        reason = reasons.get(layer.name, _LEFT)
        return LayerAudit(name=layer.name, parameters=layer.parameters, treatment="16 bit", reason=reason)
    factors = scales.get(search["previous"]) if search else None
    treatment: Treatment = "scaled" if factors is not None and np.ptp(factors) > 0 else "rounded"
    compared = reconstruction.layers.get(layer.name)
    return LayerAudit(
        name=layer.name,
        parameters=layer.parameters,
        treatment=treatment,
        relative_error=compared.relative_error if compared else None,
        error_bound=compared.error_bound if compared else None,
        error_rounded=search["error_rounded"] if search else None,
        error_scaled=search["error_scaled"] if search else None,
    )


def _kinds(audits: Iterable[LayerAudit], layers: Mapping[str, LinearLayer]) -> tuple[KindAudit, ...]:
    by_kind: dict[str, list[LayerAudit]] = {}
    for row in audits:
        by_kind.setdefault(layers[row.name].kind, []).append(row)
    return tuple(_kind(kind, rows) for kind, rows in by_kind.items())


def _kind(kind: str, rows: Sequence[LayerAudit]) -> KindAudit:
    treatments = [row.treatment for row in rows]
    worst = max(rows, key=lambda row: -1.0 if row.relative_error is None else row.relative_error)
    return KindAudit(
        kind=kind,
        layers=len(rows),
        scaled=treatments.count("scaled"),
        rounded=treatments.count("rounded"),
        left=treatments.count("16 bit"),
        parameters=_parameters(rows),
        relative_error=worst.relative_error,
        error_bound=worst.error_bound,
        error_ratio=_error_ratio(rows),
    )


def _error_ratio(rows: Iterable[LayerAudit]) -> float | None:
    pairs = [
        (row.error_scaled, row.error_rounded)
        for row in rows
        if row.error_scaled is not None and row.error_rounded is not None
    ]
    rounded = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / rounded if rounded else None


def _share(part: Iterable[LayerAudit], whole: Iterable[LayerAudit]) -> float:
    total = _parameters(whole)
    return _parameters(part) / total if total else 0.0


def _parameters(rows: Iterable[LayerAudit]) -> int:
    return sum(row.parameters for row in rows)


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _gate(name: str, said: Phrase, *, passed: bool) -> Gate:
    return Gate(name=name, passed=passed, statement=ENGLISH.text(said), said=said)

"""Writes the model card again once the accuracy is known."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from eval.accuracy.result import EvalResult
from pipeline.base.errors import SourceError
from pipeline.models.manifest import CARD, read_manifest
from pipeline.quantize.result import LayerAudit, QuantizeResult
from pipeline.record.context import RunContext
from pipeline.record.record import RunRecord
from pipeline.record.refresh import refresh
from pipeline.report.card.card import model_card

_LAYERS = TypeAdapter(tuple[LayerAudit, ...])


def refresh_card(context: RunContext, record: RunRecord, accuracy: EvalResult) -> None:
    """Put the measured accuracy into the model card of `out/checkpoint`; the checkpoint's digest stays.

    A card that cannot be written costs a warning, not the evaluation: it holds nothing that the record does not.
    """
    checkpoint = context.out / "checkpoint"
    try:
        made = record.result(QuantizeResult)
        layers = read_layers(context.out / "quantize" / "coverage.json")
        card = model_card(made, read_manifest(checkpoint), layers, accuracy)
        refresh(checkpoint, {CARD: card}, context)
    except (OSError, SourceError, ValidationError) as problem:
        reason = str(problem).splitlines()[0]
        context.reporter.warn(
            f"the measured accuracy could not be written into {checkpoint / CARD} ({reason}); "
            f"it is in the record and in the report"
        )


def read_layers(path: Path) -> tuple[LayerAudit, ...]:
    """Return the coverage audit layer by layer, as the quantize stage stored it: a JSON list.

    Raises:
        OSError: there is no such file.
        ValidationError: it is something else.
    """
    return _LAYERS.validate_json(path.read_bytes())

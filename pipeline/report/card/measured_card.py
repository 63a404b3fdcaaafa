"""The card to publish with the checkpoint, from what lies in the output folder and what the evaluation found."""

from pydantic import ValidationError

from pipeline.base.errors import SourceError
from pipeline.base.manner import printed_in
from pipeline.models.manifest import CARD, read_manifest
from pipeline.quantize.audit.layers import read_layers
from pipeline.quantize.card.card import model_card
from pipeline.quantize.result import NOTES
from pipeline.record.checkpoint import recorded_checkpoint
from pipeline.record.context import CHECKPOINT, RunContext
from pipeline.report.card.accuracy import accuracy_text
from pipeline.report.inputs import Inputs


def measured_card(context: RunContext, inputs: Inputs) -> str | None:
    """Return the model card with the measured accuracy; the checkpoint's folder is read, never written.

    A card that cannot be made costs a warning and not the report: it says nothing that the report does not.
    """
    made = inputs.quantize
    try:
        checkpoint = recorded_checkpoint(context, made.checkpoint_digest)
        layers = read_layers(context.out / NOTES)
        with printed_in(inputs.manner):
            accuracy = accuracy_text(inputs.accuracy, inputs.say)
            return model_card(made, read_manifest(checkpoint), layers, accuracy, inputs.say.card)
    except (OSError, SourceError, ValidationError) as problem:
        reason = str(problem).splitlines()[0]
        context.reporter.warn(
            f"the report comes without a model card to publish ({reason}); {CHECKPOINT}/{CARD} has all but the accuracy"
        )
        return None

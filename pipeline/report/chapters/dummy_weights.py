"""What has to be said wherever weights were made up."""

from eval.bench.result import BenchResult
from pipeline.report.document import Finding
from pipeline.report.inputs import Inputs


def dummy_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say that the engine made the weights up; nothing where it loaded some."""
    if not inputs.has(BenchResult) or (found := inputs.load.dummy_weights) is None:
        return ()
    say = inputs.say.dummy_weights
    return (
        Finding(
            topic=say.topic,
            stage=BenchResult.STAGE,
            headline=say.headline,
            detail=say.detail(found.model, say.configurations[found.configuration], say.tokenizers[found.tokenizer]),
            tone="caution",
            origin="measured",
            evidence=inputs.evidence.of(found, "model", "configuration", "tokenizer"),
        ),
    )

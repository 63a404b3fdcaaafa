"""What has to be said wherever weights were made up."""

from eval.bench.result import ArmLoad, BenchResult
from pipeline.report.document import Finding
from pipeline.report.inputs import Inputs


def dummy_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Say which arms' weights the engine made up; nothing where it loaded all."""
    if not inputs.has(BenchResult):
        return ()
    say = inputs.say.dummy_weights
    if (found := inputs.load.dummy_weights) is None:
        arms = [load for load in inputs.load.arms if load.dummy_weights]
        return tuple(_beside(load, inputs) for load in arms)
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


def _beside(load: ArmLoad, inputs: Inputs) -> Finding:
    say = inputs.say.dummy_weights
    return Finding(
        topic=say.topic,
        stage=BenchResult.STAGE,
        headline=say.one_headline(say.title_of(load.arm)),
        detail=say.one_detail,
        tone="caution",
        origin="measured",
        evidence=inputs.evidence.of(load, "dummy_weights"),
    )

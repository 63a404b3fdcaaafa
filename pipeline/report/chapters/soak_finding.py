"""What is said of the soak on the first page."""

from eval.bench.result import BenchResult
from eval.bench.soak.figures import Drift
from eval.bench.soak.result import Soak
from pipeline.base.format import drift as as_drift
from pipeline.base.format import extent, percent, seconds
from pipeline.report.chapters.soak import VERDICT_TONES
from pipeline.report.document import Finding
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.soak import SoakSentences


def soak_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Return what became of each arm that was held under load; nothing where none was."""
    return tuple(_finding(soak, inputs) for soak in inputs.load.soaks)


def _finding(soak: Soak, inputs: Inputs) -> Finding:
    say = inputs.say.soak
    arm = say.title_of(soak.arm or "")
    if soak.verdict is None:
        return Finding(
            topic=say.topic,
            stage=BenchResult.STAGE,
            headline=say.void_headline(arm),
            detail=say.sentence("; ".join(soak.void or ())),
            tone="caution",
        )
    deciding = [one for one in soak.drifts if one.verdict == soak.verdict]
    return Finding(
        topic=say.topic,
        stage=BenchResult.STAGE,
        headline=say.headlines[soak.verdict](arm, seconds(soak.duration_s or 0.0)),
        detail=say.sentence("; ".join(_moved(one, say) for one in deciding)),
        tone=VERDICT_TONES[soak.verdict],
        origin="measured",
        evidence=inputs.evidence.of_all((one, "verdict") for one in deciding),
    )


def _moved(one: Drift, say: SoakSentences) -> str:
    name = say.names[one.quantity]
    if one.drift is None or one.low is None or one.high is None:
        return say.unbounded(name)
    smallest = "" if one.smallest_drift is None else percent(one.smallest_drift)
    return say.moved(name, as_drift(one.drift), extent(one.low, one.high, as_drift), smallest)

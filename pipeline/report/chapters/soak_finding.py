"""What is said of the soak on the first page."""

from collections.abc import Sequence

from eval.bench.result import BenchResult
from eval.bench.soak.figures import Drift, Verdict
from eval.bench.soak.result import Soak
from pipeline.base.format import drift as as_drift
from pipeline.base.format import extent, percent, seconds
from pipeline.report.chapters.soak import VERDICT_TONES
from pipeline.report.document import Finding, Tone
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.soak import SoakSentences
from pipeline.report.language.language import Language

_GRAVEST: tuple[Tone, ...] = ("bad", "caution", "good")


def soak_findings(inputs: Inputs) -> tuple[Finding, ...]:
    """Return what became of the arms that were held under load, in one finding; nothing where none was."""
    soaks, say = inputs.load.soaks, inputs.say.soak
    if not soaks:
        return ()
    tones = {_tone(soak) for soak in soaks}
    return (
        Finding(
            topic=say.topic,
            stage=BenchResult.STAGE,
            headline=" ".join(_headline(soak, say) for soak in soaks),
            detail=" ".join(_of_arm(soak, soaks, inputs.say) for soak in soaks),
            tone=next(tone for tone in _GRAVEST if tone in tones),
            origin="measured",
            evidence=inputs.evidence.of_all((one, "verdict") for soak in soaks for one in _deciding(soak)),
        ),
    )


def _tone(soak: Soak) -> Tone:
    return "caution" if soak.verdict is None else VERDICT_TONES[soak.verdict]


def _headline(soak: Soak, say: SoakSentences) -> str:
    arm = say.title_of(soak.arm or "")
    if soak.verdict is None:
        return say.void_headline(arm)
    return say.headlines[soak.verdict](arm, seconds(soak.duration_s or 0.0))


def _of_arm(soak: Soak, soaks: Sequence[Soak], language: Language) -> str:
    say, detail = language.soak, _detail(soak, language)
    return detail if len(soaks) == 1 else say.of_arm(say.title_of(soak.arm or ""), detail)


def _detail(soak: Soak, language: Language) -> str:
    """Return what moved or is not bounded; of what is stable, how large a drift would have shown."""
    say = language.soak
    if soak.verdict is None:
        return say.sentence("; ".join(language.stored.texts(soak.phrases, soak.void or ())))
    if soak.verdict != "stable":
        return say.sentence("; ".join(_moved(one, say) for one in _deciding(soak)))
    smallest = [one.smallest_drift for one in soak.drifts if one.smallest_drift is not None]
    names = say.listing([say.inside[one.quantity] for one in soak.drifts])
    return say.within(names, percent(soak.drift_limit), percent(max(smallest)) if smallest else "")


def _deciding(soak: Soak) -> list[Drift]:
    verdict: Verdict | None = soak.verdict
    return [one for one in soak.drifts if one.verdict == verdict]


def _moved(one: Drift, say: SoakSentences) -> str:
    name = say.inside[one.quantity]
    if one.drift is None or one.low is None or one.high is None:
        return say.unbounded(name)
    return say.moved(name, as_drift(one.drift), extent(one.low, one.high, as_drift))

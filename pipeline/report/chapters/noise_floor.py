"""What measuring the same model twice explains."""

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import NoiseFloor
from pipeline.base.format import NONE, change, count, score
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs
from pipeline.report.language.en.noise_floor import NoiseFloorSentences


def floor_sentence(accuracy: EvalResult, say: NoiseFloorSentences) -> str:
    """Return which differences the noise floor explains and which not; empty where it was not measured."""
    if not accuracy.noise_floor:
        return ""
    words = {row.task: floor_word(row, say) for row in accuracy.gated}
    inside, beyond, unknown = (
        [task for task, word in words.items() if word == wanted]
        for wanted in (say.inside, say.beyond, say.not_measured)
    )
    sentences = (
        say.again,
        say.inside_sentence(say.listing(inside)) if inside else "",
        say.beyond_sentence(say.listing(beyond)) if beyond else "",
        say.unknown_sentence(say.listing(unknown)) if unknown else "",
    )
    return " ".join(filter(None, sentences))


def floor_word(row: TaskScore, say: NoiseFloorSentences) -> str:
    """Return how a task's difference stands to its noise floor."""
    if row.floor is None:
        return say.not_measured
    if row.inside_floor:
        return say.inside
    return say.beyond if row.delta else say.no_difference


def floor_table(inputs: Inputs) -> Table:
    """Return the baseline against itself beside AWQ against the baseline, one row per task."""
    accuracy, say = inputs.accuracy, inputs.say.noise_floor
    awq = {row.task: row for row in accuracy.gated}
    pairs = dict.fromkeys(floor.concurrency for floor in accuracy.noise_floor)
    return Table(
        id="accuracy-floor",
        title=say.title,
        columns=(*words(*say.columns[:1]), *numbers(*say.columns[1:8]), *words(*say.columns[8:])),
        rows=tuple(_row(floor, awq.get(floor.task), inputs) for floor in accuracy.noise_floor),
        origin="measured",
        note=say.note(say.listing([say.runs(str(first), str(second)) for first, second in pairs])),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(floor: NoiseFloor, awq: TaskScore | None, inputs: Inputs) -> tuple[Cell, ...]:
    evidence = inputs.evidence
    return (
        word(floor.task),
        shown(evidence, floor, "items", count),
        shown(evidence, floor, "delta", change),
        shown(evidence, floor, "changed", count),
        _flips(floor, evidence),
        shown(evidence, floor, "floor", score),
        word(NONE) if awq is None else shown(evidence, awq, "delta", change),
        _flips(awq, evidence),
        word("" if awq is None else floor_word(awq, inputs.say.noise_floor)),
    )


def _flips(row: NoiseFloor | TaskScore | None, evidence: Evidence) -> Cell:
    if row is None or row.flips_to_wrong is None or row.flips_to_right is None:
        return word(NONE)
    text = f"{count(row.flips_to_wrong)}, {count(row.flips_to_right)}"
    return word(text, evidence=evidence.of(row, "flips_to_wrong", "flips_to_right"))

"""What measuring the same model twice explains."""

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import NoiseFloor
from pipeline.base.format import MINUS, NONE, change, count, listed, score
from pipeline.report.cells import numbers, shown, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.evidence import Evidence
from pipeline.report.inputs import Inputs

_INSIDE = "inside the floor"
_BEYOND = "beyond the floor"
_NO_DIFFERENCE = "no difference"
_NOT_MEASURED = "no floor"


def floor_sentence(accuracy: EvalResult) -> str:
    """Return which differences the noise floor explains and which not; empty where it was not measured."""
    if not accuracy.noise_floor:
        return ""
    words = {row.task: floor_word(row) for row in accuracy.gated}
    inside, beyond, unknown = (
        [task for task, word in words.items() if word == wanted] for wanted in (_INSIDE, _BEYOND, _NOT_MEASURED)
    )
    difference = "the difference between AWQ and the baseline is"
    sentences = (
        "The baseline was measured a second time, on a fresh server at another concurrency.",
        f"On {listed(inside)} {difference} inside this noise floor: measuring the same model twice explains as much."
        if inside
        else "",
        f"On {listed(beyond)} {difference} larger than what that explains." if beyond else "",
        f"On {listed(unknown)} there is no noise floor, because items are not scored one by one." if unknown else "",
    )
    return " ".join(filter(None, sentences))


def floor_word(row: TaskScore) -> str:
    """Return how a task's difference stands to its noise floor."""
    if row.floor is None:
        return _NOT_MEASURED
    if row.inside_floor:
        return _INSIDE
    return _BEYOND if row.delta else _NO_DIFFERENCE


def floor_table(inputs: Inputs) -> Table:
    """Return the baseline against itself beside AWQ against the baseline, one row per task."""
    accuracy, evidence = inputs.accuracy, inputs.evidence
    awq = {row.task: row for row in accuracy.gated}
    return Table(
        id="accuracy-floor",
        title="Noise floor: the baseline against itself",
        columns=(
            *words("Task"),
            *numbers(
                "Items", f"Second {MINUS} first run", "Items changed", "Flips (to wrong, to right)", "Noise floor"
            ),
            *numbers(f"AWQ {MINUS} baseline", "Flips with AWQ"),
            *words("AWQ's difference"),
        ),
        rows=tuple(_row(floor, awq.get(floor.task), evidence) for floor in accuracy.noise_floor),
        origin="measured",
        note=(
            f"{_concurrency(accuracy.noise_floor)} The floor is the difference that chance alone adds when the same "
            f"weights are measured again, with 95 % confidence; zero when both runs gave the same answers. A loss "
            f"inside the floor still counts in full at the gate."
        ),
        sources=inputs.sources(EvalResult.STAGE),
    )


def _row(floor: NoiseFloor, awq: TaskScore | None, evidence: Evidence) -> tuple[Cell, ...]:
    return (
        word(floor.task),
        shown(evidence, floor, "items", count),
        shown(evidence, floor, "delta", change),
        shown(evidence, floor, "changed", count),
        _flips(floor, evidence),
        shown(evidence, floor, "floor", score),
        word(NONE) if awq is None else shown(evidence, awq, "delta", change),
        _flips(awq, evidence),
        word("" if awq is None else floor_word(awq)),
    )


def _flips(row: NoiseFloor | TaskScore | None, evidence: Evidence) -> Cell:
    if row is None or row.flips_to_wrong is None or row.flips_to_right is None:
        return word(NONE)
    text = f"{count(row.flips_to_wrong)}, {count(row.flips_to_right)}"
    return word(text, evidence=evidence.of(row, "flips_to_wrong", "flips_to_right"))


def _concurrency(floors: tuple[NoiseFloor, ...]) -> str:
    pairs = dict.fromkeys(floor.concurrency for floor in floors)
    runs = [f"{first} in the first run, {second} in the second" for first, second in pairs]
    return f"Requests in flight: {listed(runs)}."

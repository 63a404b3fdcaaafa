"""What measuring the same model twice explains."""

from eval.accuracy.result import EvalResult, TaskScore
from eval.comparison.result import NoiseFloor
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.document import Cell, Table
from pipeline.report.format import MINUS, change, count, listed, score


def floor_sentence(accuracy: EvalResult) -> str:
    """Return which differences are inside the noise floor; empty where it was not measured."""
    if not accuracy.noise_floor:
        return ""
    inside = [row.task for row in accuracy.gated if row.inside_floor]
    measured = "The baseline was measured a second time, on a fresh server at another concurrency."
    if not inside:
        return (
            f"{measured} On every task the difference between AWQ and the baseline is larger than what that explains."
        )
    return (
        f"{measured} On {listed(inside)} the difference between AWQ and the baseline is inside this noise floor: "
        f"measuring the same model twice explains as much."
    )


def floor_table(accuracy: EvalResult, sources: tuple[str, ...]) -> Table:
    """Return the baseline against itself beside AWQ against the baseline, one row per task."""
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
        rows=tuple(_row(floor, awq.get(floor.task)) for floor in accuracy.noise_floor),
        origin="measured",
        note=(
            f"{_concurrency(accuracy.noise_floor)} The floor is the difference that chance alone adds when the same "
            f"weights are measured again, with 95 % confidence; zero when both runs gave the same answers. A loss "
            f"inside the floor still counts in full at the gate."
        ),
        sources=sources,
    )


def _row(floor: NoiseFloor, awq: TaskScore | None) -> tuple[Cell, ...]:
    return (
        word(floor.task),
        figure(floor.items, count),
        figure(floor.delta, change),
        figure(floor.changed, count),
        word(_flips(floor)),
        figure(floor.floor, score),
        figure(None if awq is None else awq.delta, change),
        word(_flips(awq)),
        word("" if awq is None else "inside the floor" if awq.inside_floor else "beyond the floor"),
    )


def _flips(row: NoiseFloor | TaskScore | None) -> str:
    if row is None or row.flips_to_wrong is None or row.flips_to_right is None:
        return figure(None).text
    return f"{count(row.flips_to_wrong)}, {count(row.flips_to_right)}"


def _concurrency(floors: tuple[NoiseFloor, ...]) -> str:
    pairs = dict.fromkeys(floor.concurrency for floor in floors)
    runs = [f"{first} in the first run, {second} in the second" for first, second in pairs]
    return f"Requests in flight: {listed(runs)}."

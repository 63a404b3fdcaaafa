"""The gates between a checkpoint and those it would be served to: not passed is refused, not measured is said."""

from datetime import UTC, datetime

from pipeline.base.commands import command
from pipeline.base.errors import GateError
from pipeline.base.progress import Reporter
from pipeline.base.results import Gate
from pipeline.recipe.recipe import Recipe
from pipeline.record.context import RunContext
from pipeline.record.record import RECORD, RunRecord, ServedDespite, load_record, save_record
from pipeline.record.stage import Stage
from pipeline.run.stages import STAGES, stage_named, upstream_of

_ACCURACY = "eval"
"""The stage without whose gates nobody knows whether the checkpoint may be served."""
_PATIENCE_S = 10


def gates_not_passed(recipe: Recipe, record: RunRecord, *, without: str | None = None) -> tuple[Gate, ...]:
    """Return the gates that the present checkpoint did not pass, undecided ones included, in the order of a run.

    A result counts when it was made from the present results of the stages before it. That the recipe has other margins
    by now takes nothing away from it: whoever lowers them measures again.

    Args:
        recipe: of the run.
        record: of the run.
        without: a stage whose own gates do not count, as it would be run again.
    """
    return tuple(gate for stage, gate in held_gates(recipe, record) if stage != without and not gate.passed)


def held_gates(recipe: Recipe, record: RunRecord) -> tuple[tuple[str, Gate], ...]:
    """Return all gates that speak of the present checkpoint, each with its stage, in the order of a run."""
    held = [stage.name for stage in STAGES if _is_of_these(stage, recipe, record)]
    gates = ((name, gate) for name in held for gate in record.stages[name].gates)
    return tuple((name, gate) for name, gate in gates if gate.about == "checkpoint")


def said_of(gate: Gate) -> str:
    """Return what a gate says, with its name and outcome."""
    return f"{gate.name} ({gate.outcome}): {gate.statement}"


def require_gates(recipe: Recipe, record: RunRecord, reporter: Reporter, *, despite: bool) -> tuple[str, ...]:
    """Return the statements of gates that are passed over: none, unless asked for.

    That accuracy was not measured is a warning: no gate was asked for then, or none was run yet.

    Args:
        recipe: of the run.
        record: of the run.
        reporter: told about what is passed over, and what was not measured.
        despite: serve although a gate was not passed.

    Raises:
        GateError: a gate was not passed, and `despite` is not set.
    """
    measured = stage_named(_ACCURACY)
    if not _is_of_these(measured, recipe, record):
        way = "The recipe has no section `eval`." if measured.lacks(recipe) else f"`{command('eval')}` measures it."
        reporter.warn(f"The accuracy of this checkpoint was not measured, so no gate says that it may be served. {way}")
    said = tuple(said_of(gate) for gate in gates_not_passed(recipe, record))
    if said and not despite:
        raise GateError(
            f"This checkpoint did not pass {_a_gate(said)}, so it is not served: {' '.join(said)} Mend that and "
            f"run `{command('run')}`, or serve it all the same with `{command('serve', '--despite-gates')}`, which is "
            f"recorded."
        )
    if said:
        reporter.warn(f"Serving although this checkpoint did not pass {_a_gate(said)}: {' '.join(said)}")
    return said


def left_out(stage: Stage, recipe: Recipe, record: RunRecord) -> str | None:
    """Return why a run leaves out a stage that serves, as a sentence; None where no gate speaks against it."""
    said = [said_of(gate) for gate in gates_not_passed(recipe, record, without=stage.name)] if stage.serves else []
    if not said:
        return None
    return (
        f"{stage.name} is left out, because the checkpoint did not pass {_a_gate(said)}: {' '.join(said)} "
        f"`{command('run', '--despite-gates')}` tries the endpoint all the same."
    )


def record_despite(context: RunContext, gates: tuple[str, ...], address: str) -> None:
    """Write into the record that the checkpoint is served although it did not pass these gates.

    Raises:
        BusyError: another process works in the output folder.
    """
    busy = ", so it cannot be recorded that gates are passed over. Wait for it."
    with context.alone(busy, patience_s=_PATIENCE_S):
        record = load_record(context.out / RECORD)
        if record is not None:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            served = (*record.served_despite, ServedDespite(at=now, address=address, gates=gates))
            save_record(record.model_copy(update={"served_despite": served}), context.out / RECORD)


def _is_of_these(stage: Stage, recipe: Recipe, record: RunRecord) -> bool:
    """Return whether a stage has a result, and one that was made from the present results of others."""
    result = record.stages.get(stage.name)
    if result is None or not result.usable:
        return False
    return all(result.inputs.get(name) == value for name, value in upstream_of(stage, recipe, record).items())


def _a_gate(said: tuple[str, ...] | list[str]) -> str:
    return "a gate" if len(said) == 1 else f"{len(said)} gates"

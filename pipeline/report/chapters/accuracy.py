"""The chapter on accuracy."""

from eval.accuracy.overlap import OverlapResult
from eval.accuracy.result import AGAIN, BASELINE, CONTROL, GATED, EvalResult
from pipeline.base.format import certainty, count, listed
from pipeline.recipe.arms import arm_name
from pipeline.report.chapter import Chapter
from pipeline.report.chapters.accuracy_limits import accuracy_limits
from pipeline.report.chapters.accuracy_tables import changes_table, others_table, scores_table, verdicts_table
from pipeline.report.chapters.alarm import alarm_table, not_scored
from pipeline.report.chapters.control import control_sentence, control_table
from pipeline.report.chapters.examples import example_groups
from pipeline.report.chapters.noise_floor import floor_sentence, floor_table
from pipeline.report.charts.accuracy import forest_chart
from pipeline.report.document import Section, Table
from pipeline.report.inputs import Inputs


def accuracy_section(inputs: Inputs) -> Section:
    """Return what every arm lost against the baseline, how sure that is, and the verdict per task."""
    accuracy = inputs.accuracy
    sentences = (
        not_scored(accuracy),
        _how(accuracy),
        _verdict(accuracy),
        control_sentence(accuracy),
        floor_sentence(accuracy),
        _overlap(accuracy.overlap),
    )
    return Section(
        id="accuracy",
        title="Accuracy",
        paragraphs=tuple(filter(None, sentences)),
        charts=(forest_chart(inputs),) if accuracy.tasks else (),
        tables=tuple(_tables(inputs)),
        examples=example_groups(accuracy.gated, inputs.sources("eval")),
    )


def _tables(inputs: Inputs) -> list[Table]:
    accuracy = inputs.accuracy
    tables = [verdicts_table(accuracy.gated, inputs)] if accuracy.gated else []
    if accuracy.tasks:
        tables += [scores_table(accuracy.tasks, inputs), changes_table(accuracy.tasks, inputs)]
    others = tuple(row for row in accuracy.tasks if row.arm != GATED)
    if others:
        tables.append(others_table(others, inputs))
    if accuracy.contrasts:
        tables.append(control_table(inputs))
    if accuracy.noise_floor:
        tables.append(floor_table(inputs))
    if accuracy.fidelity:
        tables.append(alarm_table(inputs))
    return tables


def _how(accuracy: EvalResult) -> str:
    if accuracy.stopped is not None:
        return ""
    names = {BASELINE: "the baseline", CONTROL: "the rounded control", AGAIN: "the baseline once more"}
    arms = listed([names.get(arm, arm_name(arm)) for arm in accuracy.arms])
    return f"{arms[:1].upper()}{arms[1:]} answered the same items through the same server settings."


def _verdict(accuracy: EvalResult) -> str:
    if accuracy.stopped is not None:
        return ""
    sure = certainty(accuracy.gated[0].confidence)
    return (
        f"The gate asks whether AWQ's loss is within the margin agreed in the recipe. A task passes when the loss is "
        f"below its margin with {sure} confidence, and fails when it is beyond it with {sure} confidence; in between "
        f"the items do not decide it, which is neither a pass nor a proof of harm."
    )


def _overlap(found: OverlapResult | None) -> str:
    if found is None:
        return ""
    seen = [f"{count(task.overlapping)} of {count(task.items)} items of {task.task}" for task in found.tasks]
    what = f"share a run of {found.run_words} words with the calibration text"
    if not any(task.overlapping for task in found.tasks):
        return f"No item of these tasks was found to {what}."
    return f"{listed(seen)} {what}: on these AWQ may look better than on text it was not calibrated on."


ACCURACY = Chapter(
    id="accuracy",
    write=accuracy_section,
    needs=(EvalResult,),
    limits=accuracy_limits,
    absent="Accuracy was not measured: `awqctl eval` was not run.",
)

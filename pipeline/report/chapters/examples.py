"""Items that changed, to be read: question, expected answer, and what both arms said."""

import re
from collections.abc import Sequence

from eval.accuracy.result import TaskScore
from eval.comparison.result import FlippedItem
from pipeline.recipe.arms import arm_name
from pipeline.report.document import Example, ExampleGroup, Excerpt

_OPEN_GROUPS = 2
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_CODE = re.compile(
    r"^(?: {2,}|\t)\S|[;{}]\s*$|^\s*(?:def|class|import|from|return|#include)\b|\w\([^()\n]*\):?$", re.MULTILINE
)


def example_groups(tasks: Sequence[TaskScore], sources: tuple[str, ...]) -> tuple[ExampleGroup, ...]:
    """Return the examples of every task that has some, in both directions."""
    shown = [row for row in tasks if row.examples_to_wrong or row.examples_to_right]
    return tuple(
        ExampleGroup(
            id=f"accuracy-examples-{place}",
            title=f"Examples of changed answers: {row.task}",
            examples=_examples(row),
            note="The first items that changed, taken in turn from the task's parts; long texts are shortened.",
            sources=sources,
            folded=len(shown) > _OPEN_GROUPS,
        )
        for place, row in enumerate(shown, 1)
    )


def _examples(row: TaskScore) -> tuple[Example, ...]:
    directions = (("Right to wrong", row.examples_to_wrong), ("Wrong to right", row.examples_to_right))
    return tuple(_example(title, item, row) for title, items in directions for item in items)


def _example(direction: str, item: FlippedItem, row: TaskScore) -> Example:
    part = "" if item.subtask == row.task else f"{item.subtask}, "
    quoted = (
        ("Question", item.question),
        ("Expected", item.expected),
        ("Baseline", item.baseline_answer),
        (arm_name(row.arm), item.candidate_answer),
    )
    texts = [(label, _clean(text)) for label, text in quoted]
    code = any(_CODE.search(text) for _, text in texts)
    return Example(
        title=f"{direction}: {part}item {item.doc_id}",
        excerpts=tuple(Excerpt(label=label, text=text or "(empty)", code=code) for label, text in texts),
    )


def _clean(text: str) -> str:
    """Return text with its line breaks; what cannot be printed, or would turn its direction, is marked."""
    lines = text.expandtabs(4).splitlines()
    return "\n".join("".join(map(_visible, line)).rstrip() for line in lines).strip("\n")


def _visible(character: str) -> str:
    return character if character.isprintable() or character in _JOINERS else "\N{REPLACEMENT CHARACTER}"

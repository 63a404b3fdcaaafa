"""Items that changed, to be read: question, expected answer, and what both arms said."""

import re
from collections.abc import Sequence

from eval.accuracy.result import TaskScore
from eval.comparison.result import FlippedItem
from pipeline.report.document import Example, ExampleGroup, Excerpt
from pipeline.report.language.en.examples import Examples

_OPEN_GROUPS = 2
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_CODE = re.compile(
    r"^(?: {2,}|\t)\S|[;{}]\s*$|^\s*(?:def|class|import|from|return|#include)\b|\w\([^()\n]*\):?$", re.MULTILINE
)


def example_groups(tasks: Sequence[TaskScore], sources: tuple[str, ...], say: Examples) -> tuple[ExampleGroup, ...]:
    """Return the examples of every task that has some, in both directions."""
    shown = [row for row in tasks if row.examples_to_wrong or row.examples_to_right]
    return tuple(
        ExampleGroup(
            id=f"accuracy-examples-{place}",
            title=say.title(row.task),
            examples=_examples(row, say),
            note=say.note,
            sources=sources,
            folded=len(shown) > _OPEN_GROUPS,
        )
        for place, row in enumerate(shown, 1)
    )


def _examples(row: TaskScore, say: Examples) -> tuple[Example, ...]:
    directions = ((say.to_wrong, row.examples_to_wrong), (say.to_right, row.examples_to_right))
    return tuple(_example(title, item, row, say) for title, items in directions for item in items)


def _example(direction: str, item: FlippedItem, row: TaskScore, say: Examples) -> Example:
    part = "" if item.subtask == row.task else f"{item.subtask}, "
    quoted = (
        (say.question, item.question),
        (say.expected, item.expected),
        (say.baseline, item.baseline_answer),
        (say.name_of(row.arm), item.candidate_answer),
    )
    texts = [(label, _clean(text)) for label, text in quoted]
    code = any(_CODE.search(text) for _, text in texts)
    return Example(
        title=say.item(direction, part, str(item.doc_id)),
        excerpts=tuple(Excerpt(label=label, text=text or say.empty, code=code) for label, text in texts),
    )


def _clean(text: str) -> str:
    """Return text with its line breaks; what cannot be printed, or would turn its direction, is marked."""
    lines = text.expandtabs(4).splitlines()
    return "\n".join("".join(map(_visible, line)).rstrip() for line in lines).strip("\n")


def _visible(character: str) -> str:
    return character if character.isprintable() or character in _JOINERS else "\N{REPLACEMENT CHARACTER}"

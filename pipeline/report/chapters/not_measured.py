"""The chapter on what the run did not measure, collected from all others."""

from collections.abc import Sequence

from pipeline.report.chapter import Chapter
from pipeline.report.document import Section
from pipeline.report.inputs import Inputs


def not_measured(chapters: Sequence[Chapter]) -> Chapter:
    """Return the chapter that collects the limits of others, and names those that are not there."""
    return Chapter(id="not-measured", write=lambda inputs: _section(chapters, inputs))


def _section(chapters: Sequence[Chapter], inputs: Inputs) -> Section:
    absent = [chapter.absent(inputs.say) for chapter in chapters if not chapter.stands_in(inputs)]
    limits = [limit for chapter in chapters if chapter.stands_in(inputs) for limit in chapter.limits(inputs)]
    return Section(
        id="not-measured",
        title=inputs.say.not_measured.title,
        paragraphs=(inputs.say.not_measured.paragraph,),
        bullets=tuple(dict.fromkeys(filter(None, (*absent, *limits)))),
    )

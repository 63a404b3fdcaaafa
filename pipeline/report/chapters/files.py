"""The chapter on the files of the run, with the time that each stage took."""

from pipeline.base.format import moment
from pipeline.record.record import RECORD
from pipeline.report.cells import figure, numbers, word, words
from pipeline.report.chapter import Chapter
from pipeline.report.document import Section, Table
from pipeline.report.evidence import in_stage
from pipeline.report.inputs import Inputs

_OPEN_ROWS = 20


def files_section(inputs: Inputs) -> Section:
    """Return every file of the run, with the time its stage took."""
    rows = [
        (word(stage), word(name), word(path))
        for stage in inputs.stages
        for name, path in sorted(inputs.record.stages[stage].artifacts.items())
    ]
    sources, say = (RECORD,), inputs.say.files
    stages = tuple(
        (
            word(stage),
            word(say.outcomes.get(result.outcome, result.outcome)),
            word(moment(result.started_at)),
            figure(result.seconds, evidence=in_stage(stage, "seconds")),
        )
        for stage in inputs.stages
        for result in (inputs.record.stages[stage],)
    )
    return Section(
        id="files",
        background=True,
        title=say.title,
        paragraphs=(say.paragraph,),
        tables=(
            Table(
                id="files-stages",
                title=say.stages,
                columns=(*words(*say.stages_columns[:3]), *numbers(*say.stages_columns[3:])),
                rows=stages,
                origin="measured",
                sources=sources,
            ),
            Table(
                id="files-list",
                title=say.artifacts,
                columns=words(*say.artifacts_columns),
                rows=(*rows, (word(say.all), word(say.record), word(RECORD))),
                sources=sources,
                folded=len(rows) > _OPEN_ROWS,
            ),
            *_sums(inputs),
        ),
    )


def _sums(inputs: Inputs) -> tuple[Table, ...]:
    """Return every single file with its SHA-256; no table for results of versions that kept none."""
    say = inputs.say.files
    rows = tuple(
        (word(path), word(digest))
        for stage in inputs.stages
        for path, digest in sorted(inputs.record.stages[stage].sums.items())
    )
    table = Table(
        id="files-sums",
        title=say.sums,
        columns=words(*say.sums_columns),
        rows=rows,
        note=say.sums_note,
        sources=(RECORD,),
        folded=True,
    )
    return (table,) if rows else ()


FILES = Chapter(id="files", write=files_section)

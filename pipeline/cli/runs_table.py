"""Runs and their comparison as tables, for the terminal and for the page."""

from collections.abc import Callable, Sequence

from pipeline.base.commands import command
from pipeline.base.format import NONE, change, extent, number, ratio, score, seconds, usd
from pipeline.cli.table import minute
from pipeline.report.cells import numbers, word, words
from pipeline.report.document import Cell, Table, Tone
from pipeline.runs.result import FigureRow, Group, RunFigure, RunOverview, RunsComparison, Topic, Verdict

_TONES: dict[str, Tone] = {
    "passed": "good",
    "failed": "bad",
    "inconclusive": "caution",
    "not decided": "caution",
    "not measured": "caution",
    "gate failed": "bad",
    "gate not passed": "caution",
    "interrupted": "caution",
}
_TITLES: dict[Topic, str] = {"accuracy": "Accuracy", "speed": "Speed and latency", "cost": "Cost (modelled)"}
_GROUPS = {
    "recipe": "What differs: recipe",
    "machine": "What differs: machine",
    "versions": "What differs: versions",
    "engine": "What differs: engine",
}
_NOTES: dict[Topic, str] = {
    "accuracy": "Difference to the first run, paired on the items both answered, with its 95 % interval.",
    "speed": "Ratio to the first run; the intervals of all ratios hold together with 95 % confidence.",
    "cost": "Ratio to the first run; decided where the ranges are apart.",
}


def runs_table(runs: Sequence[RunOverview]) -> Table:
    """Return a row per run."""
    return Table(
        id="runs",
        title="Runs",
        columns=words("run", "model", "last stage", "on", "stages", "gates", "acceptance"),
        rows=tuple(
            (
                word(one.folder),
                word(one.model),
                word(minute(one.date)),
                word(one.hardware),
                word(", ".join(stage.stage for stage in one.stages) or NONE),
                _outcome(one.gates),
                _outcome(one.acceptance or NONE),
            )
            for one in runs
        ),
    )


def run_tables(run: RunOverview) -> tuple[Table, ...]:
    """Return one run: facts, stages, gates, clauses."""
    facts = (
        ("recipe", run.recipe),
        ("model", run.model),
        ("measured on", run.hardware),
        ("awqctl", run.awqctl),
        ("recommendation", run.recommendation or f"none yet: {command('report')}"),
        ("folder", run.folder),
        ("MLflow run", f"{run.mlflow_run_id} ({command('ui')})" if run.mlflow_run_id else NONE),
    )
    tables = (
        Table(
            id="run",
            title=run.name,
            columns=words("", ""),
            rows=tuple((word(name), word(value.replace("`", ""))) for name, value in facts),
        ),
        Table(
            id="stages",
            title="Stages",
            columns=(*words("stage", "outcome", "began"), *numbers("took"), *words("error")),
            rows=tuple(
                (
                    word(one.stage),
                    _outcome(one.outcome),
                    word(minute(one.started_at)),
                    word(seconds(one.seconds)),
                    word(one.error or ""),
                )
                for one in run.stages
            ),
        ),
        _outcomes(
            "gates", "Gates", {f"{one.stage}: {gate}": said for one in run.stages for gate, said in one.gates.items()}
        ),
        _outcomes("clauses", "Acceptance", run.clauses),
    )
    return tuple(table for table in tables if table.rows)


def comparison_tables(found: RunsComparison) -> tuple[Table, ...]:
    """Return the runs, what differs between them, the figures that are compared, and those that are not."""
    names = [run.name for run in found.runs]
    figures = [_figures(topic, [row for row in found.figures if row.topic == topic], names) for topic in _TITLES]
    refused = Table(
        id="refused",
        title="Not compared",
        columns=words("figure", "of", "why"),
        rows=tuple((word(one.topic), word(one.what), word(one.why)) for one in found.refused),
    )
    tables = (runs_table(found.runs), *(_group(group, names) for group in found.settings), *figures, refused)
    return tuple(table for table in tables if table.rows)


def _group(group: Group, names: Sequence[str]) -> Table:
    return Table(
        id=f"differs-{group.name}",
        title=_GROUPS[group.name],
        columns=words("setting", *names),
        rows=tuple((word(one.name), *(word(one.values[name]) for name in names)) for one in group.differences),
    )


def _figures(topic: Topic, rows: Sequence[FigureRow], names: Sequence[str]) -> Table:
    return Table(
        id=f"figures-{topic}",
        title=_TITLES[topic],
        columns=(*words("figure"), *numbers(*names)),
        rows=tuple(
            (word(f"{row.name}, {row.unit}"), *(_figure(row.runs.get(name), row) for name in names)) for row in rows
        ),
        note=_NOTES[topic],
    )


def _figure(one: RunFigure | None, row: FigureRow) -> Cell:
    if one is None:
        return word(NONE)
    form: Callable[[float], str] = {"accuracy": score, "speed": number, "cost": usd}[row.topic]
    text = form(one.value)
    if one.interval is not None and one.interval[0] < one.interval[1]:
        text += f" ({extent(*one.interval, form)})"
    if one.verdict is not None:
        text += f"; {_against(one, row)}"
    return Cell(text=text, value=one.value, origin=row.origin, tone=_tone(one.verdict))


def _against(one: RunFigure, row: FigureRow) -> str:
    form: Callable[[float], str] = change if row.topic == "accuracy" else ratio
    ends = f" ({extent(*one.against_first_interval, form)})" if one.against_first_interval else ""
    figure = "" if one.against_first is None else f"{form(one.against_first)}{ends}, "
    return f"{figure}{one.verdict}"


def _tone(verdict: Verdict | None) -> Tone:
    return "caution" if verdict in ("not decided", "not repeated") else "plain"


def _outcomes(name: str, title: str, outcomes: dict[str, str]) -> Table:
    rows = tuple((word(one), _outcome(said)) for one, said in outcomes.items())
    return Table(id=name, title=title, columns=words("", "outcome"), rows=rows)


def _outcome(text: str) -> Cell:
    return word(text, _TONES.get(text, "plain"))

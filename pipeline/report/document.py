"""What a report consists of. Every format is a rendering of one `ReportDocument`."""

import base64
from typing import Literal

from pydantic import Field

from pipeline.base.format import NONE
from pipeline.base.manner import manner
from pipeline.base.results import Origin, Result
from pipeline.report.decision import Choice
from pipeline.roi.model import PricingModel

SCHEMA_VERSION = 3
Tone = Literal["plain", "good", "bad", "caution"]
Statistic = Literal["value", "mean", "p50", "p95", "p99", "bounds", "margin", "floor", "trend"]


class Cell(Result):
    """One printed figure or word of a table."""

    text: str
    value: float | None = None
    """Unrounded; None for words."""
    tone: Tone = "plain"
    origin: Origin | None = None
    """Only where it differs within a table; otherwise the table says it."""
    evidence: tuple[str, ...] = ()
    """File and JSON pointer of what is printed; several where it was calculated from them."""
    tag: bool = False
    """Whether the cell names the origin of its row, and is shown as a label."""


class Column(Result):
    """One column: its heading and whether it holds numbers."""

    title: str
    numeric: bool = True


class Table(Result):
    """Rows under headings; the first cell of a row names it."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    origin: Origin | None = None
    """Of all figures in the table."""
    note: str = ""
    sources: tuple[str, ...] = ()
    """Files with the raw figures, relative to the output folder."""
    folded: bool = False
    """Closed until asked for, on screen; printed in full."""

    def mark_of(self, cell: Cell, row: tuple[Cell, ...]) -> Origin | None:
        """Return the origin whose mark follows a figure; None where its table or row tells it, or nothing stands."""
        told = {self.origin, *(one.origin for one in row if one.tag)}
        return None if cell.tag or cell.text == NONE or cell.origin in told else cell.origin


class Series(Result):
    """Figures of a chart that belong together: one per place on the x axis."""

    name: str
    arm: str | None = None
    statistic: Statistic = "value"
    """What of the arm is shown; each kind of chart says which it draws, and how."""
    x: tuple[int | float | str, ...]
    y: tuple[float | None, ...] = ()
    """Empty where the series is a range alone."""
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    """With `low`: the range around each figure; None where there is none."""
    labels: tuple[str, ...] = ()
    """What is said of each figure."""
    tones: tuple[Tone, ...] = ()
    unit: str
    origin: Origin
    evidence: tuple[str, ...]
    """File and JSON pointer of the figures, or of what they were calculated from."""


class Mark(Result):
    """A line across a chart that figures are held against."""

    axis: Literal["x", "y"]
    value: float
    text: str


class Chart(Result):
    """Figures that stand in a table of the same section, ready to be drawn."""

    id: str
    kind: Literal["line", "dot", "bar", "step", "forest", "pareto", "time", "crossover"]
    title: str
    caption: str
    alternative: str
    """What is to be seen, for those who cannot see it."""
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    language: str = Field(default_factory=lambda: manner().language)
    """Code of the language whose numbers stand at the axes: the report's."""


class Excerpt(Result):
    """Text of the data or of a model, quoted as it is; it may have several lines."""

    label: str
    text: str
    code: bool = False
    """Whether spaces and columns matter, as in program code."""


class Example(Result):
    """One item that readers can look at for themselves."""

    title: str
    excerpts: tuple[Excerpt, ...]


class ExampleGroup(Result):
    """Items that belong together."""

    id: str
    title: str
    examples: tuple[Example, ...]
    note: str = ""
    sources: tuple[str, ...] = ()
    folded: bool = False
    """Closed until asked for, on screen; printed in full."""


class Finding(Result):
    """One verdict in plain words."""

    topic: str
    stage: str = ""
    """Whose result it is about."""
    headline: str
    detail: str = ""
    tone: Tone = "plain"
    origin: Origin | None = None
    """Of the figures in it."""
    evidence: tuple[str, ...] = ()
    """File and JSON pointer of each."""


class KeyFigure(Result):
    """One of the few figures on the first page."""

    label: str
    text: str
    value: float | None
    detail: str
    origin: Origin
    evidence: tuple[str, ...]
    """File and JSON pointer of what is printed, or of what it was calculated from."""
    tone: Tone = "plain"


class Section(Result):
    """A chapter: paragraphs, charts, a list, tables and examples, in this order."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    bullets: tuple[str, ...] = ()
    examples: tuple[ExampleGroup, ...] = ()
    background: bool = False
    """Whether it says how the figures came about rather than what to decide by; slides leave it to the other files."""


class Fact(Result):
    """A label and what it stands for."""

    label: str
    text: str


class Cover(Result):
    """Who made the report of what, for whom, and when."""

    title: str
    client: str | None
    prepared_by: str | None
    facts: tuple[Fact, ...]


class CalculatorLabels(Result):
    """What the page says around the figures that it computes again; `{...}` is filled in by it."""

    title: str
    static: str
    invitation: str
    groups: dict[str, str]
    inputs: dict[str, str]
    """By an input's name, or by its last part where each variant has one."""
    arm_names: dict[str, str]
    tenures: dict[str, str]
    options: str
    options_columns: dict[str, str]
    options_note: str
    stated_note: str
    pairs: str
    pairs_columns: dict[str, str]
    pairs_note: str
    against: str
    no_payback: str
    no_break_even: str
    chart: str
    chart_x: str
    chart_y: str
    chart_alternative: str
    chart_figures: str
    reset: str
    yours: str
    reported: str
    unchanged: str
    changed: str
    change: str
    invalid: str
    not_a_number: str
    not_whole: str
    out_of_bounds: str
    failed: str
    group: str
    """Between thousands; what a number looks like is the language's."""
    point: str
    minus: str


class Labels(Result):
    """Headings and labels around the chapters, in the language of the report."""

    language: str
    """Its code, as HTML has it."""
    client: str
    for_client: str
    prepared_by: str
    summary: str
    next_steps: str
    contents: str
    source: str
    origins_title: str
    figure: str
    value: str
    detail: str
    origin: str
    signatures: str
    role: str
    name: str
    date: str
    signature: str
    charts_elsewhere: str
    """Said where charts cannot be drawn."""
    page_of: str = ""
    """Number of a page, with the places `{page}` and `{pages}`."""
    continued: str = ""
    """Behind the title of a table that goes on on another slide."""
    evidence: str = ""
    """Heading of the keys of figures."""
    lowest: str = ""
    highest: str = ""
    """Behind the name of a series: the ends of its ranges."""
    no_loss: str = ""
    attachment: str = ""
    """What the file is that is attached to a PDF."""
    key_figures: str = ""
    origins: dict[Origin, str]
    """What the label of each origin says."""
    decision: str = ""
    decisions: dict[Choice, str] = Field(default_factory=dict)
    """What each recommendation says in few words."""
    skip: str = ""
    """Leads the keyboard past the cover."""
    calculator: CalculatorLabels | None = None
    """None: a document of before, whose page computes nothing."""
    marks: dict[Origin, str]
    """A sign per origin, beside single figures: no two look alike, in colour or without."""


class Logo(Result):
    """A picture, checked: an SVG does nothing but draw."""

    media_type: Literal["image/png", "image/jpeg", "image/svg+xml"]
    width: float
    height: float
    """In units of its own."""
    base64: str

    @property
    def content(self) -> bytes:
        """The file."""
        return base64.b64decode(self.base64)

    @property
    def suffix(self) -> str:
        """Of its file's name."""
        return {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}[self.media_type]


class Brand(Result):
    """Whose report it looks like."""

    name: str | None = None
    logo: Logo | None = None
    colour: str | None = None
    """As `#0067a3`, at least 4.5:1 on white."""


class OriginMeaning(Result):
    """A line of the legend."""

    origin: Origin
    meaning: str


class ReportDocument(Result):
    """The whole report."""

    schema_version: int = SCHEMA_VERSION
    labels: Labels
    cover: Cover
    findings: tuple[Finding, ...]
    summary: tuple[Table, ...]
    """The figures of each stage in short, printed in the terminal; `summary-STAGE` is the id of each."""
    key_figures: tuple[KeyFigure, ...]
    recommendation: str
    """Why the decision is what it is."""
    decision: Choice | None = None
    """The one recommendation; None in documents of earlier versions."""
    next_steps: tuple[str, ...]
    legend: tuple[OriginMeaning, ...]
    sections: tuple[Section, ...]
    signatures: tuple[Fact, ...]
    """Role and name, each with a line to sign on."""
    date: str = ""
    """Day of the latest stage, ISO 8601."""
    brand: Brand | None = None
    """None: the report looks like ours."""
    run: str = ""
    """Names the results that it is made of, as `evidence.json` has them."""
    pricing: PricingModel | None = None
    """What the money is computed from, where a format computes it again; None: nothing was priced so."""

"""Tables as one self-contained HTML page: light and dark, phone width, print."""

from collections.abc import Sequence
from html import escape

from pipeline.report.document import Cell, Column, Table

_STYLE = """:root{color-scheme:light;--ink:#1c1c1c;--soft:#5a5a5a;--line:#d9d9d9;--paper:#fff;--good:#1d6b3a;
--bad:#a3201a;--caution:#7a5200}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e8e8e8;--soft:#a8a8a8;--line:#3d3d3d;
--paper:#161616;--good:#74c795;--bad:#ff9a92;--caution:#f0c05c}}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:var(--ink);
background:var(--paper)}h1{font-size:1.6rem;overflow-wrap:anywhere}h2{font-size:1.2rem;margin-top:2.2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:break-word}
thead th{color:var(--soft);font-weight:600;white-space:nowrap}th[scope=row]{font-weight:400}
.number{text-align:right}.good{color:var(--good)}.bad{color:var(--bad)}.caution{color:var(--caution)}
.note{color:var(--soft)}
@media(max-width:40rem){body{margin:1rem auto}}
@media print{body{max-width:none;margin:0;font-size:10pt}.wide{overflow:visible}tr{break-inside:avoid}
h2{break-after:avoid}}"""


def runs_page(title: str, tables: Sequence[Table], notes: Sequence[str] = ()) -> str:
    """Return the page; it loads nothing."""
    body = "\n".join(
        (
            f"<h1>{escape(title)}</h1>",
            *map(_section, tables),
            *(f'<p class="note">{escape(note)}</p>' for note in notes),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def _section(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{_side(column)}>{escape(column.title) or "&nbsp;"}</th>' for column in table.columns
    )
    rows = "".join(_row(row, table.columns) for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    label = escape(table.title)
    return (
        f'<h2>{label}</h2><div class="wide" role="region" aria-label="{label}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> str:
    first, *rest = row
    cells = "".join(
        f"<td{_side(column, cell)}>{escape(cell.text)}</td>" for cell, column in zip(rest, columns[1:], strict=True)
    )
    return f'<tr><th scope="row">{escape(first.text)}</th>{cells}</tr>'


def _side(column: Column, cell: Cell | None = None) -> str:
    kinds = ["number"] if column.numeric else []
    kinds += [cell.tone] if cell is not None and cell.tone != "plain" else []
    return f' class="{" ".join(kinds)}"' if kinds else ""

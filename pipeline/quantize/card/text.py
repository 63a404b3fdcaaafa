"""Text and tables of the model card, as Markdown that nothing in a name can break."""

import re
from collections.abc import Sequence

from pipeline.quantize.card.metadata import flat


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def text(words: str) -> str:
    """Return text that Markdown shows as it is, in a table too."""
    return re.sub(r"([\\|<>\[\]*_#`&~])", r"\\\1", flat(words))


def code(words: str) -> str:
    """Return text as inline code; what would end it or a table cell becomes a plain stroke."""
    return f"`{flat(words).replace('`', chr(39)).replace('|', '/')}`"

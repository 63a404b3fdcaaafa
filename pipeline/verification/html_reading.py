"""What an HTML report prints: its pieces by the names in `data-figure` attributes, and all that stands around these."""

from html.parser import HTMLParser

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_RUN = "awqctl-run"
_MARK = "mark"
_DRAWING = "svg"
_SHAPES = frozenset({"circle", "clippath", "defs", "g", "line", "path", "polygon", "polyline", "rect", "svg", "use"})
_LETTERS = frozenset({"desc", "metadata", "style", "text", "title", "tspan"})


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.run = ""
        self.pieces: dict[str, list[str]] = {}
        self._open: list[tuple[str, str | None, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name") == _RUN:
            self.run = given.get("content") or ""
        if tag in _VOID:
            return
        name = given.get("data-figure")
        if name is not None:
            self.pieces.setdefault(name, [])
        self._open.append((tag, name, _MARK in (given.get("class") or "").split()))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, _, _ = self._open.pop()
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if any(mark for _, _, mark in self._open):
            return
        for _, name, _ in self._open:
            if name is not None:
                self.pieces[name].append(data)


class _Whole(HTMLParser):
    """Collects every tag and every text; of drawings the texts, and what is no shape."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._near = "the beginning"
        self._drawings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == _DRAWING:
            self._drawings += 1
        if self._drawings:
            if tag not in _SHAPES and tag not in _LETTERS:
                self._add(f"<{tag}>")
            return
        given = dict(attrs)
        self._near = given.get("data-figure") or given.get("id") or self._near
        self._add(self.get_starttag_text() or tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == _DRAWING and self._drawings:
            self._drawings -= 1

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, text: str) -> None:
        if joined := " ".join(text.split()):
            self.found.append((f"beside '{self._near}'", joined))


def page_of(text: str) -> list[tuple[str, str]]:
    """Return all tags and texts of a page in their order, each with the name of the piece that it stands beside."""
    page = _Whole()
    page.feed(text)
    page.close()
    return page.found


def read_html(text: str) -> tuple[str, dict[str, str]]:
    """Return the identity of the run that a page names, and its pieces as text, spaces joined."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.run, {name: plain("".join(parts)) for name, parts in page.pieces.items()}


def plain(text: str) -> str:
    """Return a text as it is compared: without the backticks around code, spaces joined."""
    return " ".join(text.replace("`", "").split())

"""The pieces that an HTML report prints, by the names in its `data-figure` attributes."""

from html.parser import HTMLParser

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_RUN = "awqctl-run"
_MARK = "mark"


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


def read_html(text: str) -> tuple[str, dict[str, str]]:
    """Return the identity of the run that a page names, and its pieces as text, spaces joined."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.run, {name: plain("".join(parts)) for name, parts in page.pieces.items()}


def plain(text: str) -> str:
    """Return a text as it is compared: without the backticks around code, spaces joined."""
    return " ".join(text.replace("`", "").split())

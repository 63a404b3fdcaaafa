"""The templates of the pages."""

from importlib import resources

from jinja2 import DictLoader, Environment, StrictUndefined

_TEMPLATES = ("report.html.j2", "calculator.html.j2", "report.md.j2", "report.css")


def environment(*, escape: bool) -> Environment:
    """Return what renders a template; values are escaped for HTML where asked for."""
    sources = {name: source(name) for name in _TEMPLATES}
    return Environment(
        loader=DictLoader(sources),
        autoescape=escape,  # noqa: S701 -- off for Markdown alone, where `markdown_text` escapes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def source(name: str) -> str:
    """Return a template as it is."""
    return resources.files("pipeline.report").joinpath("templates", name).read_text(encoding="utf-8")

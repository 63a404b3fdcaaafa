"""What stands above every printed page."""

import re

import pytest

from pipeline.report.render.html import css_string, running_head


@pytest.mark.parametrize(
    "text", ['"; } body { display: none', "</style><script>", "a\\", "two\nlines", "Prüfung", "a/*b"]
)
def test_a_title_stays_inside_its_string(text: str) -> None:
    """Nothing in it ends the string, the rule or the element, and CSS reads it back as it was."""
    quoted = css_string(text)

    assert re.fullmatch(r'"[^"\n<>]*"', quoted)
    assert re.sub(r"\\([0-9a-f]+) ", lambda match: chr(int(match.group(1), 16)), quoted[1:-1]) == text


def test_the_cover_has_no_head() -> None:
    """Title and client stand on every page but the first."""
    head = running_head("Example GmbH", "Report")

    assert '@top-left { content: "Report"; }' in head
    assert '@top-right { content: "Example GmbH"; }' in head
    assert head.count("content: none") == 2

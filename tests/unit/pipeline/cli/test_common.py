"""What `--json` prints is JSON."""

import pytest

from pipeline.cli.common import console, emit


def test_no_document_has_what_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    """NaN and Infinity are Python's, and other readers refuse them: better an error here."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        emit(True, {"score": float("nan")}, "")  # noqa: FBT003 -- the flag
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("told", ["", "0", "wide", "-3", "\N{SUPERSCRIPT TWO}"])
def test_columns_that_are_no_width(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A container without a terminal says 0; the usual width holds."""
    monkeypatch.setenv("COLUMNS", told)
    assert console().width == 100

"""What `--json` prints is JSON."""

import pytest

from pipeline.cli.common import emit


def test_no_document_has_what_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    """NaN and Infinity are Python's, and other readers refuse them: better an error here."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        emit(True, {"score": float("nan")}, "")  # noqa: FBT003 -- the flag
    assert capsys.readouterr().out == ""

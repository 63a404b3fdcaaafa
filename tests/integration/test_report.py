"""`awqctl report` in processes of its own: what each format imports, and a run's folder with all formats."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import awqctl

_HEAVY = ("pptx", "typst", "xlsxwriter", "matplotlib", "mlflow", "PIL")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("pipeline.cli.report", _HEAVY),
        ("pipeline.report.render.formats", _HEAVY),
        ("pipeline.report.render.html", ("pptx", "typst", "xlsxwriter")),
        ("pipeline.report.render.pdf", ("pptx", "xlsxwriter")),
        ("pipeline.report.render.pptx", ("typst",)),
    ],
)
def test_a_format_imports_its_own_libraries_alone(module: str, absent: tuple[str, ...]) -> None:
    """So that HTML alone waits for no typesetter, and the help for nothing."""
    code = f"import sys, {module}; print([name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """With the list of those that there are."""
    answer = awqctl("report", tmp_path / "nowhere", "--format", "html,docx")
    assert answer.returncode == 2
    assert "html, pdf, pptx, xlsx, md, csv, json" in " ".join(answer.stderr.split())


def test_help_names_every_format_and_shows_examples() -> None:
    """For whoever has a folder and wants a file."""
    assert "--format pdf,pptx,xlsx" in awqctl("report", "--help").stdout

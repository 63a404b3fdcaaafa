"""The exported unit file, read by systemd itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from serve.exports.systemd import unit_for


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_unit_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd has nothing to say against it."""
    monkeypatch.setenv("AWQCTL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "awqctl-demo.service"
    file.write_text(unit_for("demo", ("demo", "--host", "0.0.0.0"), out=tmp_path, drain_timeout_s=30).text())  # noqa: S104
    answer = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (answer.returncode, [line for line in answer.stderr.splitlines() if "awqctl" in line]) == (0, [])

"""Sums that several processes make of one folder."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from pipeline.models.checksums import SumCache, sum_files
from tests.helpers import RecordingReporter

REPO = Path(__file__).parents[2]
LONG_AGO_NS = 10**18


def test_several_processes_at_once(tmp_path: Path) -> None:
    """Four processes sum the same folder; all get it right, and the document they leave is whole."""
    folder, cache, reporter = tmp_path / "model", SumCache(tmp_path / "home"), RecordingReporter()
    folder.mkdir()
    for name, content in (("a", b"abc"), ("b", b"weights" * 1000)):
        (folder / name).write_bytes(content)
        os.utime(folder / name, ns=(LONG_AGO_NS, LONG_AGO_NS))
    program = (
        "import sys; from pathlib import Path; from pipeline.models.checksums import SumCache, sum_files\n"
        "for _ in range(20):\n"
        "    found = sum_files(Path(sys.argv[1]), cache=SumCache(Path(sys.argv[2]), trusted=False))\n"
        "print(found['a'].sha256, len(found))"
    )
    line = [sys.executable, "-c", program, str(folder), str(cache.home)]
    processes = [subprocess.Popen(line, cwd=REPO, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=120)[0] for process in processes}
    assert answers == {f"{hashlib.sha256(b'abc').hexdigest()} 2\n"}
    sum_files(folder, cache=cache, reporter=reporter)
    assert not any(done for done, *_ in reporter.updates)

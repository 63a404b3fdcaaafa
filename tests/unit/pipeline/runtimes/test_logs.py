"""Log files: every start has its own, the newest is found under the usual name, old ones go, used ones stay."""

import os
import sys
from pathlib import Path

from pipeline.runtimes.logs import KEPT, new_log, newest_log
from pipeline.runtimes.process import GuardedProcess


def test_every_start_has_a_file_of_its_own(tmp_path: Path) -> None:
    """What was written before stays; the usual name is a link to the newest."""
    link = tmp_path / "logs" / "serve-vllm.log"
    first = new_log(link)
    first.write_text("why it died")
    second = new_log(link)
    second.write_text("up")
    assert first != second
    assert (first.read_text(), link.read_text()) == ("why it died", "up")
    assert newest_log(link) == second


def test_file_of_an_earlier_version_is_kept(tmp_path: Path) -> None:
    """A plain file under the usual name gets its time into its name."""
    link = tmp_path / "serve-vllm.log"
    link.write_text("old")
    os.utime(link, (0, 0))
    new_log(link)
    assert (tmp_path / "serve-vllm.19700101T000000-000000Z.log").read_text() == "old"


def test_number_of_files_is_bounded_and_other_logs_are_left_alone(tmp_path: Path) -> None:
    """The newest are kept; a log whose name begins alike is another one."""
    names = ("eval-vllm-awq.log", "eval-vllm-awq.restart1.log", "eval-vllm-awq-2.log")
    others = [new_log(tmp_path / name) for name in names[1:]]
    made = [new_log(tmp_path / names[0]) for _ in range(KEPT + 3)]
    assert [path for path in made if path.exists()] == made[-KEPT:]
    assert all(path.exists() for path in others)
    assert newest_log(tmp_path / names[0]).exists()


def test_log_of_a_running_process_is_never_removed(tmp_path: Path) -> None:
    """However many starts there are beside it, its file stays until it ends."""
    link = tmp_path / "serve-haproxy.log"
    used = new_log(link)
    with GuardedProcess([sys.executable, "-c", "import time; time.sleep(600)"], log=used, environment=os.environ):
        for _ in range(KEPT + 1):
            new_log(link)
        assert used.exists()
    new_log(link)
    assert not used.exists()

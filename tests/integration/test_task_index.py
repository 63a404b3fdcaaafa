"""lm-eval's index of its own tasks, kept between processes: the real lm-eval, its real folder of tasks."""

import json
import subprocess
import sys
from pathlib import Path

from pipeline.runtimes.worker import worker_script

COUNT = """
import sys
sys.path.insert(0, sys.argv[1])
from lm_eval_index import own_tasks
found = own_tasks()
entry = found["arc_easy"]
print(len(found), entry.kind.name, entry.cfg["output_type"], sorted(entry.tags))
"""


def count(index: Path) -> str:
    """Return what a fresh process finds: how many tasks, and one of them."""
    line = [sys.executable, "-c", COUNT, str(worker_script("lm_eval_index").parent)]
    environment = {"AWQCTL_TASK_INDEX": str(index), "PATH": ""}
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


def test_index_is_read_while_no_task_file_changed(tmp_path: Path) -> None:
    """The second process reads what the first one wrote; an index of another state of the files is made again."""
    index = tmp_path / "home" / "index.json"
    first = count(index)
    document = json.loads(index.read_text(encoding="utf-8"))
    fewer = document | {"entries": [entry for entry in document["entries"] if entry[0] == "arc_easy"]}
    index.write_text(json.dumps(fewer), encoding="utf-8")
    assert count(index).split() == ["1", *first.split()[1:]], "the file is what is read"
    index.write_text(json.dumps(fewer | {"state": "of other files"}), encoding="utf-8")
    assert count(index) == first
    assert sorted(path.name for path in index.parent.iterdir()) == ["index.json"]

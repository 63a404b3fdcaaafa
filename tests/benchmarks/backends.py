"""`make compare-backends`: the demo model in 16 bit, by both backends and plainly rounded, all tasks in full.

Quantizes with each backend, evaluates every arm with real vLLM, and prints the table of recipes/README.md. The
baseline and the control are measured beside each backend; where the two measurements differ, both are printed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BACKENDS = {"autoawq": "AutoAWQ", "llm-compressor": "llm-compressor"}
TITLES = {"baseline": "16 bit", "rtn": "round to nearest"}


_NO_PASS = 3
"""A margin that guessed answers are within is never passed."""


def run(stage: str, backend: str, out: Path) -> dict[str, Any]:
    """Run one stage of the demo recipe with one backend; return its payload."""
    values = (
        f"quantize.backend={backend}",
        "arms=[baseline, awq, rtn]",
        "quantize.calibration.blocks=16",
        "eval.tasks.0.limit=null",
        "eval.tasks.1.limit=null",
        "eval.tasks.0.margin=1",  # measured here, judged by the demo
        "eval.tasks.1.margin=1",
    )
    line = [sys.executable, "-m", "pipeline.cli", stage, "demo", "--json", "--out", str(out / backend)]
    line += ["--store", f"sqlite:///{out}/mlflow.db"]
    line += [part for value in values for part in ("--set", value)]
    answer = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode not in (0, _NO_PASS):
        raise SystemExit(answer.returncode)
    payload: dict[str, Any] = json.loads(answer.stdout)["payload"]
    return payload


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out") / "compare-backends")
    out = parser.parse_args().out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, set[str]]] = {}
    for backend, title in BACKENDS.items():
        run("quantize", backend, out)
        for task in run("eval", backend, out)["tasks"]:
            cells = {
                "baseline": f"{task['baseline']['value']:.4f}",
                task["arm"]: f"{task['candidate']['value']:.4f} ({task['delta']:+.4f} ± {task['delta_stderr']:.4f})",
            }
            for arm, cell in cells.items():
                name = TITLES.get(arm, f"AWQ, {title}")
                row = rows.setdefault(name, {})
                row.setdefault(f"{task['task']} {task['metric']}", set()).add(cell)
                if task["metric"] == "bits_per_byte":
                    value = task["baseline" if arm == "baseline" else "candidate"]["value"]
                    row.setdefault("perplexity per byte", set()).add(f"{2**value:.4f}")
    columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    print(f"| weights | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join('; '.join(sorted(cells[column])) for column in columns)} |")


if __name__ == "__main__":
    main()

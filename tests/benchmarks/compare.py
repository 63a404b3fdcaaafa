"""`make bench-compare`: seconds that `awqctl compare` takes on sample files as large as MMLU's.

Makes the files of two models in a temporary folder, as lm-eval 0.4.13 writes them: one per subject, with documents,
prompts and responses, and results beside them. Then runs the command `--repeats` times, process start and reading
included, and prints the median and the range. The first run is not counted: it reads files that are not in memory.
With `--groups 1 --metric f1` it is the costliest case: values that are not 0 or 1, and no groups to resample.
Nothing else should run on the machine.
"""

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SENTENCE = "One of the questions of which the prompt has five, “quoted”, before the one that counts.\n"
STAMP = "2026-11-01T12-00-00.000000"


def sample(rng: random.Random, number: int, ease: float, row_bytes: int) -> dict[str, Any]:
    """Return one multiple-choice sample of about that many bytes; `rng` decides what the model does, not the document.

    Both models find the same documents easy, and 6 % of the answers are turned round at random.
    """
    document = random.Random(number)  # noqa: S311 -- not cryptography
    right = (document.random() < ease) != (rng.random() < 0.06)
    doc = {"question": f"Question {number}?", "choices": ["one", "two", "three", "four"]}
    target = str(document.randrange(4))
    prompt = f"{SENTENCE * ((row_bytes - 1000) // len(SENTENCE) // 4)}{doc['question']}\nAnswer:"
    responses = [[str(-rng.random() * 9), "False"] for _ in range(4)]
    return {
        "doc_id": number,
        "doc": doc | {"answer": int(target)},
        "target": target,
        "arguments": {f"gen_args_{i}": {"arg_0": prompt, "arg_1": f" {letter}"} for i, letter in enumerate("ABCD")},
        "resps": [[response] for response in responses],
        "filtered_resps": responses,
        "filter": "none",
        "metrics": ["acc", "f1"],
        "doc_hash": _hash(str(number)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(target),
        "acc": float(right),
        "f1": right * document.random() * (0.98 + 0.02 * rng.random()),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_model(folder: Path, items: int, groups: int, row_bytes: int, seed: int) -> int:
    """Write the samples and results of one model; return the bytes."""
    folder.mkdir()
    rng = random.Random(seed)  # noqa: S311 -- not cryptography
    totals: dict[str, list[dict[str, Any]]] = {}
    for group in range(groups):
        name, ease = f"subject_{group:02d}", 0.4 + 0.5 * group / groups
        numbers = range(items * group // groups, items * (group + 1) // groups)
        totals[name] = [sample(rng, number, ease, row_bytes) for number in numbers]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in totals[name])
        (folder / f"samples_{name}_{STAMP}.jsonl").write_text(text)
    (folder / f"results_{STAMP}.json").write_text(json.dumps(results(totals)))
    return sum(path.stat().st_size for path in folder.iterdir())


def results(totals: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return lm-eval's results document of subjects, and of the group of them all where there are several."""
    scores = {name: _scores(rows) for name, rows in totals.items()}
    everything = [row for rows in totals.values() for row in rows]
    names = list(totals)
    return {
        "results": scores | ({"mmlu": _scores(everything)} if len(names) > 1 else {}),
        "group_subtasks": {"mmlu": names} if len(names) > 1 else {},
        "configs": {name: {"task": name, "num_fewshot": 5} for name in names},
        "n-shot": dict.fromkeys(names, 5),
        "higher_is_better": {name: {"acc": True, "f1": True} for name in (*names, "mmlu")},
        "n-samples": {name: {"original": len(rows), "effective": len(rows)} for name, rows in totals.items()},
        "config": {"model": "hf", "model_args": "pretrained=model", "limit": None, "gen_kwargs": None},
    }


def _scores(rows: list[dict[str, Any]]) -> dict[str, Any]:
    means = {f"{metric},none": sum(row[metric] for row in rows) / len(rows) for metric in ("acc", "f1")}
    return means | {"acc_stderr,none": "N/A", "f1_stderr,none": "N/A"}


def measure(command: list[str], repeats: int) -> list[float]:
    """Return the seconds of each run after a first one."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        seconds.append(time.perf_counter() - started)
        if done.returncode not in (0, 3):
            sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return seconds[1:]


def main() -> None:
    """Make the files, run the command, print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("items", 14042), ("groups", 57), ("row-bytes", 4096), ("draws", 10_000), ("repeats", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--metric", choices=["acc", "f1"], default="acc")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / name for name in ("baseline", "candidate")]
        sizes = [
            write_model(folder, options.items, options.groups, options.row_bytes, seed)
            for seed, folder in enumerate(folders)
        ]
        command = [sys.executable, "-m", "pipeline.cli", "compare", *map(str, folders), "--margin", "0.01"]
        command += ["--draws", str(options.draws), "--metric", options.metric]
        seconds = measure(command, options.repeats)
    print(f"{options.items} items in {options.groups} subtasks, metric {options.metric}, {options.draws} draws")
    print(f"files: {sizes[0] / 2**20:.0f} and {sizes[1] / 2**20:.0f} MiB; {os.cpu_count()} cores")
    print(f"seconds: median {statistics.median(seconds):.2f}, {min(seconds):.2f} to {max(seconds):.2f}")


if __name__ == "__main__":
    main()

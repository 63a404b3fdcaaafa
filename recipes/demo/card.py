"""Writes the demo model's documents from the record of its training run, so that they cannot drift."""

import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recipes.demo.corpus import Corpus, library_folder

PACKAGES = ("torch", "tokenizers", "safetensors")

TEMPLATE = """\
---
license: other
license_name: psf-2.0
license_link: LICENSE
library_name: transformers
---

# Demo model: a small Llama trained on Python's standard library

A real language model, small enough to live in the repository, so that every stage of the pipeline can be
tried and tested on a machine without a network or an accelerator. It is good enough for an accuracy delta to
mean something, and good for nothing else.

| | |
|---|---|
| architecture | `LlamaForCausalLM`: {model[num_hidden_layers]} layers, hidden {model[hidden_size]}, \
intermediate {model[intermediate_size]}, {model[num_attention_heads]} query heads and \
{model[num_key_value_heads]} key/value heads of {model[head_dim]}, tied embeddings |
| parameters | {model[parameters]:,} (BF16, {model[bytes]:,} bytes) |
| context | {model[max_position_embeddings]} tokens |
| tokenizer | byte-level BPE, {model[vocab_size]} tokens, learned from the training part; \
{data[held_out_bytes_per_token]:.2f} bytes per token on the held-out part |
| tokens seen | {run[tokens]:,} in {run[steps]:,} steps: the library \
{run[library_passes]:.1f} times, its test suite {run[test_passes]:.1f} times |
| seed | {settings[seed]} |
| training time | {minutes:.1f} minutes of wall time with {settings[threads]} threads |
| machine | {run[machine]}{note} |
| software | {software} |

## Scores on held-out modules

| task | score |
|---|---|
| `stdlib_next_line`, accuracy | {next_line:.1f} % of {final[questions]} questions (chance: 25 %) |
| `stdlib_next_line`, accuracy by log-likelihood per byte | {next_line_norm:.1f} % |
| `stdlib_bits` | {final[bits_per_byte]:.3f} bits per byte |
| all held-out modules in full | {final[held_out_bits_per_byte]:.3f} bits per byte, \
{final[held_out_loss_nats_per_token]:.3f} nats per token |

Computed by the training script on the saved BF16 weights. The standard error of the accuracy is \
{error:.1f} points.

## Data

The `Lib` folder of CPython {data[python]}; the rules are in `recipes/demo/corpus.py`: no generated tables, no
data files, no site packages, no exact duplicates.

- Training: {data[training_modules]:,} files, {data[training_bytes]:,} bytes ({data[library_bytes]:,} of the
  library itself, the rest its test suite). {library:.0f} % of each step's rows come from library files, and
  {late_library:.0f} % in the second half.
- Held out: {data[held_out_modules]} library modules, {data[held_out_bytes]:,} bytes, chosen by a hash of seed
  and path. Their tests are in neither part, nor is any file that shares more than 1 % of its runs of three
  lines with them; {shared:.1f} % of the held-out runs occur somewhere in the training part (imports, idioms).
  The list is in `training.json`.
- SHA-256 over both parts: `{data[sha256]}`
- Calibration text (`recipes/demo/calibration.jsonl`) comes from training modules that share no run of three
  lines with a held-out one.

## Training

`python -m recipes.demo.train --minutes {settings[minutes]:g}`, once. Muon on the matrices (peak
rate {settings[matrix_lr]}), AdamW on embedding and gains (peak rate {settings[other_lr]}),
{settings[batch_tokens]:,} tokens a step, windows of {settings[short_context]} tokens, of
{settings[long_context]} in the last quarter. The schedule follows the clock: a second run sees another number
of tokens and ends with other weights. `training.json` has the losses over time, hyperparameters, versions.

## Limits

It knows one code base in one language. It continues Python source with plausible lines; it follows no
instructions, knows no facts, and its `chat_template` only joins the messages. It may repeat lines of the
standard library word for word. Do not use it for anything but trying out the pipeline.

## Licence

Trained on CPython's standard library, which is under the Python Software Foundation Licence Version 2. That
licence permits use and derivative works as long as its notice is kept; the notice is in `LICENSE` beside this
file and covers the model as far as it derives from that code. The source is copyright (c) Python Software
Foundation.
"""


def machine(note: str) -> dict[str, Any]:
    """Return the machine, what else ran on it (`note`), and the versions of what did the work."""
    return {
        "machine": f"{platform.machine()}, {processor()}",
        "note": note,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def processor() -> str:
    """Return the CPU's name where Linux tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def data_record(corpus: Corpus, held_out_tokens: int) -> dict[str, Any]:
    """Return what the model was trained on, with the digest that tells whether another corpus is the same."""
    held_out_bytes = sum(len(module.text.encode()) for module in corpus.held_out)
    return {
        "python": platform.python_version(),
        "sha256": corpus.sha256(),
        "training_modules": len(corpus.training),
        "training_bytes": sum(len(module.text.encode()) for module in corpus.training),
        "library_bytes": sum(len(module.text.encode()) for module in corpus.training if not module.is_test),
        "held_out_modules": len(corpus.held_out),
        "held_out_bytes": held_out_bytes,
        "held_out_bytes_per_token": held_out_bytes / held_out_tokens,
        "held_out_shared_windows": corpus.shared_windows(),
        "held_out": [module.path for module in corpus.held_out],
    }


def render(record: dict[str, Any]) -> str:
    """Return the model card of `record`."""
    final, run, settings = record["final"], record["run"], record["settings"]
    accuracy = final["next_line_acc"]
    return TEMPLATE.format(
        **record,
        minutes=run["wall_seconds"] / 60,
        library=100 * settings["library_part"],
        late_library=100 * settings["late_library_part"],
        note=f"; {run['note']}" if run["note"] else "",
        software=", ".join(f"{name} {number}" for name, number in run["versions"].items()),
        shared=100 * record["data"]["held_out_shared_windows"],
        next_line=100 * accuracy,
        next_line_norm=100 * final["next_line_acc_norm"],
        error=100 * (accuracy * (1 - accuracy) / final["questions"]) ** 0.5,
    )


def write(record: dict[str, Any], folder: Path) -> None:
    """Write `training.json`, the model card and the licence of the training data to `folder`."""
    (folder / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(render(record), encoding="utf-8")
    shutil.copyfile(library_folder() / "LICENSE.txt", folder / "LICENSE")

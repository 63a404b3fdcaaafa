"""Trains the demo model: `python -m recipes.demo.train`.

A Llama of 5.8 million parameters learns the source code of Python's standard library on CPU cores, in
bfloat16 by autocast with float32 weights. Matrices are trained by Muon in small batches, with a linear decay to
zero. On 2 idle cores with AMX: 3.4 thousand tokens a second in float32, 5.3 in bfloat16, 9.6 compiled.

Steps allocate and free hundreds of megabytes. Under glibc, keeping that memory and using huge pages makes
them faster by a third (5.0 to 6.8 thousand tokens a second on 2 cores beside other work):

    export MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=17179869184
    export MALLOC_TOP_PAD_=268435456 GLIBC_TUNABLES=glibc.malloc.hugetlb=1

Needs torch, tokenizers and safetensors, and no network. Data comes from `recipes.demo.corpus`. The last line
of output is the record that also stands in `training.json`. `--score-only` measures a saved model again.
"""

import argparse
import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from recipes.demo import card, items
from recipes.demo.corpus import SEED, Corpus, library_folder, split
from recipes.demo.train import checkpoint, score
from recipes.demo.train.loop import History, train
from recipes.demo.train.network import Network, Shape
from recipes.demo.train.settings import Settings
from recipes.demo.train.stream import Source
from recipes.demo.train.tokenizer import save_tokenizer, train_tokenizer

MODEL_FOLDER = Path(__file__).parents[1] / "model"
SCRATCH_FOLDER = Path("out") / "demo"
SAMPLE_QUESTIONS = 300
"""Questions asked at each evaluation on the way; the last one asks all."""


def measure(network: Network, tokenizer: Tokenizer, corpus: Corpus, sample: int | None = None) -> dict[str, float]:
    """Return the held-out scores over `sample` questions (None: all) and all documents of `stdlib_bits`."""
    rows = items.next_line(corpus)
    if sample is not None:
        rows = random.Random(SEED).sample(rows, sample)
    plain, normed = score.next_line_accuracy(network, tokenizer, rows)
    texts = [row["text"] for row in items.bits(corpus)]
    return {
        "questions": len(rows),
        "next_line_acc": plain,
        "next_line_acc_norm": normed,
        "bits_per_byte": score.bits_per_byte(network, tokenizer, texts),
    }


def describe(folder: Path, corpus: Corpus) -> dict[str, Any]:
    """Return what `corpus` holds, and the scores of the model saved in `folder` on all that is held out."""
    network, tokenizer = checkpoint.load(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = [module.text for module in corpus.held_out]
    bits = score.bits_per_byte(network, tokenizer, texts)
    scores = {
        **measure(network, tokenizer, corpus),
        "held_out_bits_per_byte": bits,
        "held_out_loss_nats_per_token": score.nats_per_token(bits, tokenizer, texts),
    }
    return {"data": card.data_record(corpus, score.count_tokens(tokenizer, texts)), "final": scores}


def sources(corpus: Corpus, tokenizer: Tokenizer, settings: Settings) -> list[Source]:
    """Return the training rows of the library itself and those of its test suite."""
    return [
        Source(
            [module for module in corpus.training if module.is_test is test],
            tokenizer,
            settings.long_context,
            f"{settings.seed}:{name}",
        )
        for name, test in {"library": False, "tests": True}.items()
    ]


def run(settings: Settings, corpus: Corpus, output: Path, scratch: Path, note: str) -> dict[str, Any]:
    """Train, save to `output` and return the record of the run."""
    torch.manual_seed(settings.seed)
    texts = [module.text for module in corpus.training if not module.is_test]
    tokenizer = train_tokenizer(texts, Shape().vocab_size)
    network = Network(Shape())
    library, tests = sources(corpus, tokenizer, settings)

    def evaluate(history: History) -> None:
        entry = {"minutes": history.seconds() / 60, "tokens": history.tokens, "training_loss": history.loss}
        entry |= measure(network, tokenizer, corpus, SAMPLE_QUESTIONS)
        history.evaluations.append(entry)
        checkpoint.save(network, scratch)
        print(json.dumps(entry), flush=True)

    history = train(network, library, tests, settings, evaluate)
    seconds = history.seconds()
    size = checkpoint.save(network, output)
    save_tokenizer(tokenizer, output, settings.long_context)
    return {
        "settings": asdict(settings),
        "run": {
            "wall_seconds": seconds,
            "steps": history.steps,
            "tokens": history.tokens,
            "library_passes": library.passes,
            "test_passes": tests.passes,
            **card.machine(note),
        },
        "model": {
            "parameters": sum(p.numel() for p in network.parameters()),
            "bytes": size,
            **asdict(Shape()),
        },
        "evaluations": history.evaluations,
    }


def main() -> None:
    """Parse the command line, train, score, and write the model card."""
    parser = argparse.ArgumentParser(description="Train the demo model on Python's standard library.")
    parser.add_argument("--minutes", type=float, default=58.0, help="time budget of the training itself")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--output", type=Path, default=MODEL_FOLDER, help="where the model goes")
    parser.add_argument("--scratch", type=Path, default=SCRATCH_FOLDER, help="where checkpoints on the way go")
    parser.add_argument("--note", default="", help="what else the machine did, for the model card")
    parser.add_argument("--score-only", action="store_true", help="measure the model in --output again")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    corpus = split(library_folder())
    if options.score_only:
        record = json.loads((options.output / "training.json").read_text(encoding="utf-8"))
        if corpus.sha256() != record["data"]["sha256"]:
            parser.error("this interpreter's library is not the one that the model was trained on")
    else:
        settings = Settings(minutes=options.minutes, threads=options.threads)
        record = run(settings, corpus, options.output, options.scratch, options.note)
    record |= describe(options.output, corpus)
    card.write(record, options.output)
    print(json.dumps(record))


if __name__ == "__main__":
    main()

"""The load of a recipe: one run of the client, with the figures that the stage's results are made of."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from eval.bench.load.client import LoadClient, Target
from eval.bench.load.details import Answer, answers_of, errors_of
from eval.bench.load.prompts import Words, words_from
from eval.bench.load.spec import Lengths, LoadSpec
from pipeline.models.tokenizer import Vocabulary, load_tokenizer
from pipeline.recipe.bench import Bench

_LIMIT_S = 24 * 3600.0
"""An engine that died ends a run sooner; one that is slow is measured."""
_PERCENTILES = (50, 95, 99)
_NOT_KEPT = ("generated_texts",)


class RecipeLoad:
    """Offers the load of a recipe's section `bench`."""

    def __init__(self, client: LoadClient, words: Words, settings: Bench, log: Path) -> None:
        self._client = client
        self._log = log
        self._words = words
        self._settings = settings

    def run(self, target: Target, concurrency: int, requests: int, seed: int, output: Path) -> dict[str, Any]:
        """Return the figures of one run, under the names of vLLM's benchmark; the details stay in `output`.gz.

        Raises:
            WorkerError: the client failed.
        """
        spec = LoadSpec(
            concurrency=concurrency,
            requests=requests,
            input_tokens=Lengths.fixed(self._settings.input_tokens),
            output_tokens=Lengths.fixed(self._settings.output_tokens),
            seed=seed,
        )
        run = self._client.run(spec, target, self._words, output, self._log, limit_s=_LIMIT_S)
        raw: dict[str, Any] = json.loads(run.file)
        with gzip.open(output.with_suffix(".json.gz"), "wt", encoding="utf-8") as stream:
            json.dump({key: value for key, value in raw.items() if key not in _NOT_KEPT}, stream)
        output.unlink()
        return figures_of(raw, run.asked.prompt_tokens)


def words_of_model(folder: Path, *, trust_remote_code: bool) -> Words:
    """Return words that are one token each for the model in a folder.

    Raises:
        SourceError: its tokenizer cannot be loaded.
    """
    tokenizer = cast("Vocabulary", load_tokenizer(folder, trust_remote_code=trust_remote_code))
    return words_from(tokenizer.get_vocab(), lambda text: len(tokenizer.encode(text, add_special_tokens=True)))


def figures_of(raw: dict[str, Any], prompt_tokens: int | None) -> dict[str, Any]:
    """Return counts, rates over the whole run, and latencies in milliseconds from the client's file.

    Args:
        raw: the file.
        prompt_tokens: as the model's tokenizer counts them; None where only the client did.
    """
    answers = answers_of(raw)
    duration, tokens = float(raw["duration"]), sum(answer.tokens for answer in answers)
    prompt_tokens = int(raw["total_input_tokens"]) if prompt_tokens is None else prompt_tokens
    return {
        "completed": len(answers),
        "failed": len(raw["errors"]) - len(answers),
        "first_error": next(iter(errors_of(raw)), None),
        "total_input_tokens": prompt_tokens,
        "total_output_tokens": tokens,
        "duration": duration,
        "output_throughput": tokens / duration,
        "total_token_throughput": (tokens + prompt_tokens) / duration,
        "request_throughput": len(answers) / duration,
        **_latencies(answers),
    }


def _latencies(answers: Sequence[Answer]) -> dict[str, float]:
    times = {
        "ttft": [answer.ttft for answer in answers],
        "tpot": [answer.tpot for answer in answers if answer.tpot is not None],
        "itl": [gap for answer in answers for gap in answer.gaps],
        "e2el": [answer.e2e for answer in answers],
    }
    found: dict[str, float] = {}
    for name, seconds in times.items():
        values = np.asarray(seconds or [0.0]) * 1000
        found[f"mean_{name}_ms"] = float(values.mean())
        found |= {f"p{share}_{name}_ms": float(np.percentile(values, share)) for share in _PERCENTILES}
    return found

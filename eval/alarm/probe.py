"""Held-out text for the fidelity alarm, and the question put to a running engine: which tokens are most likely?"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from eval.alarm.divergence import SMALLEST
from eval.alarm.fidelity import NO_TOKEN, TopTokens, prompts_digest
from eval.arms.setup import SERVED_NAME
from pipeline.base.errors import EngineError, RecipeError
from pipeline.base.homes import expanded
from pipeline.base.progress import Reporter
from pipeline.base.sentences.alarm import FOREIGN, PACKAGED
from pipeline.engines.engine import Engine
from pipeline.models.tokenizer import Tokenizer, load_tokenizer
from pipeline.recipe.eval import Alarm

TOP_K = 20
"""vLLM's `--max-logprobs` by default."""
BLOCK_TOKENS = 512
_PYTHON = re.compile(r"stdlib_|humaneval|mbpp")
"""Tasks of Python code."""
_SHORTEST = 200
"""Positions below which a mean says little."""
_CHARACTERS_PER_TOKEN = 32
"""At most read of a file of one's own, so that a large one need not be tokenized as a whole."""
_IN_FLIGHT = 4
_TIMEOUT_S = 600.0
_NOT_A_NUMBER = "Out of range float values are not JSON compliant"
"""vLLM's answer (status 400) where weights overflow and probabilities are NaN."""

Row = list[tuple[float, int]]
"""Log-probability and token id, most likely first."""
_ADVICE = "Read why in its log, or set eval.alarm.enabled=false."


def held_out(
    alarm: Alarm,
    recipe_dir: Path,
    tokenizer_folder: Path,
    max_len: int,
    *,
    tasks: Iterable[str] = (),
    trust_remote_code: bool = False,
) -> tuple[list[list[int]], str]:
    """Return prompts of at most 512 tokens of held-out text, and where the text is from.

    The blocks are spread evenly over the text. Each begins as the tokenizer begins any text (with a BOS token, or not).
    The packaged text is that of the task `stdlib_bits`, which neither the demo model nor its calibration saw.

    Args:
        alarm: the recipe's section.
        recipe_dir: folder that relative paths start from.
        tokenizer_folder: the baseline.
        max_len: longest sequence of the engine.
        tasks: names of what the recipe evaluates, which say whether the packaged text is of its domain.
        trust_remote_code: whether the tokenizer's own code may run.

    Raises:
        RecipeError: the file cannot be read, or is too short to tell anything.
    """
    tokenizer = load_tokenizer(tokenizer_folder, trust_remote_code=trust_remote_code)
    if alarm.text is None:
        texts, name = _packaged(), PACKAGED if any(map(_PYTHON.match, tasks)) else FOREIGN
    else:
        file = alarm_file(alarm.text, recipe_dir)
        texts, name = [_beginning_of(file, alarm.tokens * _CHARACTERS_PER_TOKEN)], file.name
    start = _opening(tokenizer)
    size = max(2, min(BLOCK_TOKENS, max_len - 1) - len(start))
    blocks = [start + block for text in texts for block in _cut(tokenizer.encode(text, add_special_tokens=False), size)]
    chosen = _spread(blocks, alarm.tokens)
    found = positions(chosen)
    if found < min(_SHORTEST, alarm.tokens):
        raise RecipeError(
            f"eval.alarm.text: {name} has {found} tokens to look at, and {min(_SHORTEST, alarm.tokens)} are needed. "
            f"Give a longer text, or leave it out for the packaged one."
        )
    return chosen, name


def alarm_file(text: str, recipe_dir: Path) -> Path:
    """Return the file that the recipe names as held-out text.

    Raises:
        RecipeError: it is not there.
    """
    file = recipe_dir / expanded(text, "eval.alarm.text")
    if not file.is_file():
        raise RecipeError(f"eval.alarm.text: there is no file {file}. Give one, or leave it out for the packaged text.")
    return file


def positions(blocks: Sequence[Sequence[int]]) -> int:
    """Return how many tokens are predicted: all but the first of each block."""
    return sum(len(block) - 1 for block in blocks)


def probe(server: Engine, blocks: Sequence[Sequence[int]], reporter: Reporter, top_k: int = TOP_K) -> TopTokens:
    """Return the engine's most likely tokens at every position of the blocks but the first of each.

    Raises:
        EngineError: the engine died, or refused or could not answer a request.
    """
    rows: dict[int, list[Row]] = {}
    pool = ThreadPoolExecutor(_IN_FLIGHT)
    try:
        with (
            reporter.task("token probabilities on held-out text", len(blocks)) as task,
            server.client(_TIMEOUT_S) as client,
        ):
            pending = {pool.submit(_ask, client, server, block, top_k): at for at, block in enumerate(blocks)}
            for future in as_completed(pending):
                rows[pending[future]] = future.result()
                task.update(done=len(rows))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    flat = [row for at in range(len(blocks)) for row in rows[at]]
    return TopTokens(
        prompts=prompts_digest(blocks),
        ids=tuple(tuple(token for _, token in row) for row in flat),
        logprobs=tuple(tuple(logprob for logprob, _ in row) for row in flat),
    )


def _ask(client: httpx.Client, server: Engine, block: Sequence[int], top_k: int) -> list[Row]:
    request = {
        "model": SERVED_NAME,
        "prompt": list(block),
        "max_tokens": 1,
        "temperature": 0,
        "prompt_logprobs": top_k,
    }
    try:
        answer = client.post("/v1/completions", json=request)
    except httpx.HTTPError as problem:
        server.require_alive()
        raise EngineError(f"vLLM did not answer the request for token probabilities: {problem}. {_ADVICE}") from problem
    if _NOT_A_NUMBER in answer.text:
        return [_unknown(top_k)] * (len(block) - 1)
    if answer.status_code != httpx.codes.OK:
        server.require_alive()
        raise EngineError(f"vLLM refused the request for token probabilities: {answer.text[:300]} {_ADVICE}")
    return parse_prompt_logprobs(answer.json(), top_k)


def parse_prompt_logprobs(answer: dict[str, Any], top_k: int) -> list[Row]:
    """Return (log-probability, token id) per position but the first, most likely first.

    vLLM adds the prompt's own token where it is not among the `top_k`; it is left out.

    Raises:
        EngineError: the answer has another form than this version knows.
    """
    try:
        found = answer["choices"][0]["prompt_logprobs"][1:]
        rows = [
            sorted((int(e["rank"]), int(token), _finite(e["logprob"])) for token, e in row.items()) for row in found
        ]
    except (LookupError, TypeError, AttributeError, ValueError) as problem:
        raise EngineError(
            "vLLM's answer holds no prompt log-probabilities in the form this version knows. "
            "Use the version that `awqctl env sync` installs."
        ) from problem
    return [[(logprob, token) for _, token, logprob in row[:top_k]] for row in rows]


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else math.log(SMALLEST)


def _unknown(top_k: int) -> Row:
    """Return a position without probabilities: tokens that no vocabulary has, next to impossible."""
    return [(math.log(SMALLEST), NO_TOKEN - at) for at in range(top_k)]


def _packaged() -> list[str]:
    file = resources.files("eval.tasks") / "data" / "stdlib_bits.jsonl"
    return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]


def _beginning_of(file: Path, characters: int) -> str:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return stream.read(characters)
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeError(f"eval.alarm.text: {file} cannot be read: {problem}. Give a UTF-8 text file.") from problem


def _opening(tokenizer: Tokenizer) -> list[int]:
    """Return the special tokens that the tokenizer puts before a text."""
    plain, full = (tokenizer.encode("a", add_special_tokens=special) for special in (False, True))
    starts = [at for at in range(len(full)) if full[at : at + len(plain)] == plain]
    return full[: starts[0]] if starts else []


def _cut(ids: list[int], size: int) -> Iterator[list[int]]:
    """Yield blocks of `size` tokens; a rest of less than half of that only where it is all there is."""
    least = min(size // 2, len(ids))
    yield from (ids[at : at + size] for at in range(0, len(ids), size) if len(ids) - at >= max(2, least))


def _spread(blocks: list[list[int]], tokens: int) -> list[list[int]]:
    """Return blocks from all over the text, `tokens` positions in all where there are as many."""
    wanted = max(1, round(len(blocks) * tokens / max(1, positions(blocks))))
    step = max(1, len(blocks) // wanted)
    chosen: list[list[int]] = []
    for at in sorted(range(len(blocks)), key=lambda at: (at % step, at)):
        left = tokens - positions(chosen)
        if left <= 0:
            break
        chosen.append(blocks[at][: left + 1])
    return chosen

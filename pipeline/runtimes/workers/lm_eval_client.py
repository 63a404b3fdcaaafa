"""lm-eval's client of an OpenAI-compatible completions server, with responses that survive an interruption.

Prompts, payloads and the reading of responses are lm-eval's own (`local-completions`). Different are:

- A response is kept as soon as it is there (`Responses`), and a kept one is not asked again, unless it was sampled.
  lm-eval's own cache stores pickles, and fails on rolling log-likelihoods that are asked concurrently.
- A request that the server refuses, and responses that are too few, not numbers, or of another length than asked, end
  the evaluation at once.
- Documents of rolling log-likelihoods are asked concurrently, not one after the other.
- Texts are generated with one prompt per request and as many prompts in flight as with several per request, so that
  none waits for the longest of its batch.
- Prompts get the tokenizer's BOS token where the tokenizer adds one on its own; a rendered chat template brings its
  own. A model such as Gemma is lost without it.
"""

import asyncio
import copy
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from lm_eval import utils
from lm_eval.api.model import hash_args
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval_responses import Responses
from lm_eval_transport import open_session, post

_REPORT_EVERY_S = 0.2
_DATE = "{% macro strftime_now(format) %}26 Jul 2024{% endmacro %}"
"""Today, for chat templates that tell the model the date: the fallback in Llama 3's own template. A real date would
change the prompts at midnight, between two arms."""
_LOGLIKELIHOOD, _GENERATION = "loglikelihood", "generate_until"


class MalformedResponseError(RuntimeError):
    """The server answered something that cannot be scored."""


class NoRoomError(ValueError):
    """The context has no room for a prompt."""


class NotStoredError(LookupError):
    """There is no server to ask, and not every response is stored."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing} responses are not stored")
        self.missing = missing


class Completions(LocalCompletionsAPI):
    """`local-completions` with kept responses.

    `recalled` counts responses that were kept from before, `asked` those that were asked, `cut` the prompts of both
    that were longer than the context and lost their beginning.
    """

    def __init__(
        self,
        *,
        responses: Responses,
        report: Callable[[int, int], None],
        before_asking: Callable[[], None],
        num_concurrent: int,
        ask: bool = True,
        **settings: Any,
    ) -> None:
        # lm-eval asks without concurrency on another path; here both take the same, and the semaphore counts.
        super().__init__(num_concurrent=max(2, num_concurrent), **settings)
        self._header = self.header  # with the key, which may not stay in the environment
        self._in_flight = num_concurrent
        self._ask = ask
        self._responses, self._report, self._before_asking = responses, report, before_asking
        self._reported_at = 0.0
        self._arrived, self._expected = 0, 0
        self._too_long: set[str] = set()
        self.recalled, self.asked, self.cut = 0, 0, 0

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:  # noqa: FBT001, FBT002 -- lm-eval's signature
        """Return log-likelihood and greediness of each continuation."""
        ask = super().loglikelihood
        answers = self._answered(
            _LOGLIKELIHOOD,
            [request.args for request in requests],
            lambda missing: ask([requests[i] for i in missing], disable_tqdm=disable_tqdm),
        )
        return [(value, greedy) for value, greedy in answers]

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:  # noqa: ARG002, FBT001, FBT002 -- lm-eval's signature
        """Return the log-likelihood of each document, the sum over its windows."""
        windows = [(owner, *window) for owner, request in enumerate(requests) for window in self._windows(request)]
        answers = self._answered(
            _LOGLIKELIHOOD,
            [key for _, key, *_ in windows],
            lambda missing: self._loglikelihood_tokens([windows[i][1:] for i in missing]),
        )
        sums = [0.0] * len(requests)
        for (owner, *_), (value, _) in zip(windows, answers, strict=True):
            sums[owner] += value
        return sums

    def _windows(self, request: Any) -> list[tuple[tuple[str, int], list[int], list[int]]]:
        """Return lm-eval's windows of a document, each with the key of its response."""
        (text,) = request.args
        tokens = self.tokenizer(text, add_special_tokens=False).input_ids  # the prefix token takes the place of BOS
        pieces = utils.get_rolling_token_windows(
            token_list=tokens, prefix_token=self.prefix_token_id, max_seq_len=self.max_length - 1, context_len=1
        )
        return [((text, number), *utils.make_disjoint_window(piece)) for number, piece in enumerate(pieces)]

    def _loglikelihood_tokens(self, requests: list[Any], **settings: Any) -> list[tuple[float, bool]]:
        for key, context, continuation in requests:
            if len(continuation) >= self.max_length:
                raise NoRoomError(_no_room(f"asks for the probability of {len(continuation)} tokens", self.max_length))
            if len(context) + len(continuation) > self.max_length:
                self._too_long.add(hash_args(_LOGLIKELIHOOD, key))
        return super()._loglikelihood_tokens(requests, **settings)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:  # noqa: FBT001, FBT002 -- lm-eval's signature
        """Return the generated texts."""
        ask = super().generate_until

        def checked(missing: list[int]) -> list[str]:
            wanted = [requests[i] for i in missing]
            self._check_room(wanted)
            return ask(wanted, disable_tqdm=disable_tqdm)

        return self._answered(_GENERATION, [request.args for request in requests], checked)

    def _check_room(self, requests: list[Any]) -> None:
        """Note prompts that are cut to leave room for the text; lm-eval cuts wrongly where there is no room at all."""
        lengths = [len(ids) for ids in self.tok_encode([request.args[0] for request in requests])]
        for request, length in zip(requests, lengths, strict=True):
            tokens = request.args[1].get("max_gen_toks", self._max_gen_toks)
            if tokens >= self.max_length:
                raise NoRoomError(_no_room(f"generates up to {tokens} tokens", self.max_length))
            if length > self.max_length - tokens:
                self._too_long.add(hash_args(_GENERATION, request.args))

    def _answered(self, method: str, keys: Sequence[Any], ask: Callable[[list[int]], Sequence[Any]]) -> list[Any]:
        """Return one answer per key: the kept one, or what `ask` returns for the positions that have none."""
        self._before_asking()
        hashes = [hash_args(method, key) for key in keys]
        kept = [None if _sampled(key) else self._responses.get(name) for key, name in zip(keys, hashes, strict=True)]
        missing = [position for position, entry in enumerate(kept) if entry is None]
        if missing and not self._ask:
            raise NotStoredError(len(missing))
        self._arrived, self._expected = 0, len(missing)
        answers = dict(zip(missing, ask(missing) if missing else [], strict=True))
        self.recalled += len(keys) - len(missing)
        self.asked += len(missing)
        self.cut += sum(
            name in self._too_long if entry is None else entry[1] for name, entry in zip(hashes, kept, strict=True)
        )
        return [answers[position] if entry is None else entry[0] for position, entry in enumerate(kept)]

    async def get_batched_requests(
        self,
        requests: list[Any],
        cache_keys: list[Any],
        *,
        generate: bool = True,
        ctxlens: list[int] | None = None,
        **settings: Any,
    ) -> list[list[Any]]:
        """Ask everything concurrently, keep each response as it comes; return the answers batch by batch."""
        size = 1 if generate else self._batch_size
        in_flight = self._in_flight * self._batch_size // size
        seats = asyncio.Semaphore(in_flight)
        async with open_session(in_flight, self.header) as session:

            async def batch(start: int) -> list[Any]:
                part = slice(start, start + size)
                payload = self._payload(requests[part], generate=generate, **settings)
                async with seats:
                    outputs = await post(session, self.base_url, payload)
                answers = self._read(outputs, requests[part], (ctxlens or [])[part], generate=generate)
                self._keep(_GENERATION if generate else _LOGLIKELIHOOD, cache_keys[part], answers)
                return answers

            return await _all_or_first_problem([batch(start) for start in range(0, len(requests), size)])

    def _payload(self, prompts: list[Any], *, generate: bool, **settings: Any) -> dict[str, Any]:
        settings = copy.deepcopy(settings)  # lm-eval takes what it uses out of `gen_kwargs`
        payload: dict[str, Any] = self._create_payload(
            self.create_message(prompts), generate=generate, seed=self._seed, **settings
        )
        return payload

    def _read(self, outputs: Any, prompts: list[Any], ctxlens: list[int], *, generate: bool) -> list[Any]:
        """Return the answers to the prompts of one request.

        Raises:
            MalformedResponseError: they are not what was asked for.
        """
        try:
            if generate:
                answers = self.parse_generations(outputs=outputs)
                sound = all(isinstance(answer, str) for answer in answers)
            else:
                answers = self.parse_logprobs(outputs=outputs, tokens=prompts, ctxlens=ctxlens)
                sound = _lengths(outputs) == [len(prompt) + 1 for prompt in prompts]
                sound = sound and not any(math.isnan(value) for value, _ in answers)
        except (KeyError, TypeError, IndexError) as problem:
            raise MalformedResponseError(f"the server's response has no scores: {str(outputs)[:200]}") from problem
        if not sound or len(answers) != len(prompts):
            raise MalformedResponseError(
                f"the server's response to {len(prompts)} prompts is incomplete or not a number: {str(outputs)[:200]}"
            )
        return answers

    def _keep(self, method: str, keys: list[Any], answers: list[Any]) -> None:
        named = [(hash_args(method, key), answer) for key, answer in zip(keys, answers, strict=True)]
        if not _sampled(keys[0]):
            self._responses.add((name, answer, name in self._too_long) for name, answer in named)
        self._arrived += len(answers)
        now = time.monotonic()
        if now - self._reported_at > _REPORT_EVERY_S or self._arrived == self._expected:
            self._reported_at = now
            self._report(self._arrived, self._expected)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:  # noqa: FBT001, FBT002 -- lm-eval's signature
        """Return a chat as the tokenizer's template renders it, on a fixed day."""
        text: str = self.tokenizer.apply_chat_template(
            chat_history,
            chat_template=_DATE + self.tokenizer.get_chat_template(),
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return text


def begins_with_bos(tokenizer: Any) -> bool:
    """Whether the tokenizer puts a BOS token before a text on its own, and no EOS token behind it."""
    ids = tokenizer("a").input_ids
    return bool(ids) and None is not tokenizer.bos_token_id == ids[0] and ids[-1] != tokenizer.eos_token_id


def _sampled(key: Any) -> bool:
    """Whether a request's response is drawn at random, so that another one would be another sample."""
    settings = key[1] if len(key) > 1 and isinstance(key[1], dict) else {}
    return bool(settings.get("do_sample")) or float(settings.get("temperature") or 0) > 0


def _lengths(outputs: Any) -> list[int]:
    """Return how many tokens each prompt's scores are for: its own, and one generated token that lm-eval drops."""
    choices = sorted(outputs["choices"], key=lambda choice: int(choice["index"]))
    return [len(choice["logprobs"]["token_logprobs"]) for choice in choices]


def _no_room(what: str, max_length: int) -> str:
    return (
        f"the task {what}, which leaves no room for a prompt in a context of {max_length + 1}; "
        f"raise engine.max_model_len and eval.max_length, or leave the task out"
    )


async def _all_or_first_problem(jobs: list[Any]) -> list[Any]:
    """Return all results, or raise the first problem as soon as it is there."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except ExceptionGroup as problems:
        raise problems.exceptions[0] from None
    return [task.result() for task in tasks]

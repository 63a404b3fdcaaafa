"""The alarm: divergence of token probabilities, the text it looks at, and how engines are asked."""

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest

from eval.alarm.divergence import SMALLEST, divergences
from eval.alarm.fidelity import (
    NO_TOKEN,
    OVER_CONTROL,
    TopTokens,
    alarm_sentence,
    fidelity,
    prompts_digest,
    read_top_tokens,
)
from eval.alarm.probe import alarm_file, held_out, parse_prompt_logprobs, positions, probe
from pipeline.base.errors import EngineError, RecipeError, VoidMeasurementError
from pipeline.base.progress import SilentReporter
from pipeline.base.sentences.alarm import PACKAGED
from pipeline.engines.vllm import VllmServer
from pipeline.recipe.eval import Alarm

pytestmark = pytest.mark.whole

DEMO = Path(__file__).resolve().parents[4] / "recipes" / "demo" / "model"
BLOCKS = [[5, 6, 7], [8, 9]]
LIMITS = Alarm(max_kl=0.5, min_top1=0.6)


def top(*rows: dict[int, float], prompts: str = "p") -> TopTokens:
    """Return positions from their probabilities by token, most likely first."""
    return TopTokens(
        prompts=prompts,
        ids=tuple(tuple(row) for row in rows),
        logprobs=tuple(tuple(math.log(value) for value in row.values()) for row in rows),
    )


def measured(baseline: TopTokens, candidate: TopTokens) -> tuple[float, float, bool]:
    """Return divergence, agreement and whether the alarm is raised."""
    found = fidelity(baseline, candidate, name="awq", text="a text", alarm=LIMITS)
    return found.mean_kl_nats, found.top1_agreement, found.absurd


def test_the_baseline_agrees_with_itself() -> None:
    """No divergence at all, not a rounded one."""
    once = top({1: 0.7, 2: 0.2}, {3: 0.5, 1: 0.3})
    assert measured(once, once) == (0.0, 1.0, False)


def test_divergence_of_whole_distributions() -> None:
    """Where the lists hold every token it is the textbook's: 0.75 ln 1.5 + 0.25 ln 0.5, one top token of two kept."""
    whole = top({1: 0.75, 2: 0.25}, {1: 0.75, 2: 0.25})
    other = top({1: 0.5, 2: 0.5}, {2: 0.5, 1: 0.5})
    divergence, agreement, _ = measured(whole, other)
    assert divergence == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-7)
    assert agreement == 0.5


def test_lists_without_a_common_token_diverge() -> None:
    """Q lists token 3 at 0.01, so token 7, which it does not list, has at most that: 0.9 ln 90 + 0.1 ln(0.1 / 0.99)."""
    divergence, agreement, absurd = measured(top({7: 0.9}), top({3: 0.01}))
    assert divergence == pytest.approx(0.9 * math.log(90) + 0.1 * math.log(0.1 / 0.99))
    assert (agreement, absurd) == (0.0, True)


@pytest.mark.parametrize("width", [0.1, 1.0, 4.0])
def test_the_divergence_is_a_lower_bound(width: float) -> None:
    """Of the full divergence over 300 tokens, for near and for unrelated distributions; never negative."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (200, 300))
    p, q = (_log_softmax(each) for each in (logits, logits + random.normal(0, width, logits.shape)))
    full = (np.exp(p) * (p - q)).sum(1)
    found = divergences(*_top(p, 20), *_top(q, 20))
    assert np.all(found <= full + 1e-9)
    assert np.all(found >= -1e-9)
    assert found.mean() > 0.5 * full.mean()


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)))


def _top(logprobs: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.argsort(-logprobs, axis=1)[:, :count]
    return ids, np.take_along_axis(logprobs, ids, axis=1)


def test_probabilities_that_vanish_stay_finite() -> None:
    """VLLM writes -9999 for a probability of zero; lists that sum to a little more than 1 have a rest."""
    ids = np.array([[1, 2]])
    sharp, flat = np.array([[1e-7, -9999.0]]), np.array([[-9999.0, -9999.0]])
    assert divergences(ids, sharp, ids, sharp)[0] == 0.0
    assert divergences(ids, sharp, ids, flat)[0] == pytest.approx(-math.log(SMALLEST), rel=1e-6)
    assert np.isfinite(divergences(ids, flat, ids, sharp)[0])


@pytest.mark.parametrize(
    ("candidate", "absurd", "agreement"),
    [
        (top({1: 0.8, 2: 0.2}), False, "100.0%"),
        (top({2: 0.51, 1: 0.49}), True, "0.0%"),
        (top({1: 0.999, 2: 1e-5}), True, "100.0%"),
    ],
    ids=["near", "another top token", "far, same top token"],
)
def test_either_limit_raises_the_alarm(candidate: TopTokens, absurd: bool, agreement: str) -> None:  # noqa: FBT001 -- a parameter
    """Divergence above its limit, or agreement below its own."""
    baseline = top({1: 0.9, 2: 0.1})
    found = fidelity(baseline, candidate, name="awq", text="a text", alarm=LIMITS)
    assert found.absurd is absurd
    sentence = alarm_sentence(found, LIMITS)
    assert f"{found.mean_kl_nats:.3f} nats per token (alarm above 0.5)" in sentence
    assert f"and {agreement} of the positions agree" in sentence
    assert "(alarm below 60%)" in sentence
    assert "eval.alarm.stop=false" in sentence


def _flat(noise: float, spread: float = 0.01) -> tuple[TopTokens, TopTokens]:
    """Return 4 096 positions whose tokens are all about equally likely, and the same with noise in the logits."""
    random = np.random.default_rng(1)
    logits = random.normal(0, spread, (4096, 200))
    pair = logits, logits + random.normal(0, noise, logits.shape)
    before, after = (
        TopTokens(prompts="p", ids=ids.tolist(), logprobs=found.tolist())
        for ids, found in (_top(_log_softmax(each), 20) for each in pair)
    )
    return before, after


def test_flat_distributions_raise_no_false_alarm() -> None:
    """Where no token leads, which one is first is chance: hardly any divergence, 62 % or less agreement, no alarm.

    Nor beside a control that is nearer still: both are no farther than rounding to 16 bit.
    """
    before, after = _flat(0.006)
    found = fidelity(before, after, name="awq", text="a text", alarm=Alarm())
    assert found.mean_kl_nats < 0.00005
    assert found.top1_agreement < 0.7
    assert (found.absurd, found.agreement) == (False, 1.0)
    nearer = fidelity(*_flat(0.003), name="rtn", text="a text", alarm=Alarm())
    assert nearer.mean_kl_nats * OVER_CONTROL < found.mean_kl_nats
    assert not fidelity(before, after, name="awq", text="a text", alarm=Alarm(), control=nearer).absurd


def test_flat_distributions_hide_no_damage() -> None:
    """Logits that are far from the baseline's diverge, whatever the baseline's were."""
    assert fidelity(*_flat(1.5), name="awq", text="a text", alarm=Alarm()).absurd


@pytest.mark.parametrize("spread", [0.01, 1.0, 1.5, 3.0])
def test_noise_of_a_quantization_is_no_damage(spread: float) -> None:
    """0.3 in the logits, 0.045 nats: many first tokens change, hardly one that was clear, whatever the distribution."""
    found = fidelity(*_flat(0.3, spread), name="awq", text="a text", alarm=Alarm())
    assert found.top1_agreement < 0.9
    assert (found.agreement > 0.95, found.absurd) == (True, False)


def test_positions_without_numbers_do_not_agree() -> None:
    """Where the candidate computed NaN no token is tied with the baseline's, however flat that is."""
    broken = TopTokens(prompts="p", ids=((NO_TOKEN, NO_TOKEN - 1),), logprobs=((math.log(SMALLEST),) * 2,))
    assert fidelity(top({1: 0.01, 2: 0.01}), broken, name="awq", text="a text", alarm=LIMITS).agreement == 0.0


def test_a_text_of_another_domain_is_said_to_be_one(tmp_path: Path) -> None:
    """Packaged Python for a model that is asked no Python: in the alarm, with the key that takes its own."""
    name = held_out(Alarm(), tmp_path, DEMO, 1024, tasks=["mmlu"])[1]
    found = fidelity(top({7: 0.9}), top({3: 0.01}), name="awq", text=name, alarm=LIMITS)
    sentence = alarm_sentence(found, LIMITS)
    assert "not the domain of this recipe" in sentence
    assert "own domain, in eval.alarm.text" in sentence


def test_awq_far_beyond_plain_rounding_raises_the_alarm() -> None:
    """Half as far again from the baseline as the control, though within both limits: the scales do harm."""
    baseline, near, far = top({1: 0.5, 2: 0.5}), top({1: 0.55, 2: 0.45}), top({1: 0.59, 2: 0.41})
    control = fidelity(baseline, near, name="rtn", text="a text", alarm=LIMITS)
    found, like_control = (
        fidelity(baseline, each, name="awq", text="a text", alarm=LIMITS, control=control) for each in (far, near)
    )
    assert (found.absurd, like_control.absurd, control.absurd) == (True, False, False)
    sentence = alarm_sentence(found, LIMITS, control)
    assert f"plain rounding (rtn) is at {control.mean_kl_nats:.3f}, alarm above 1.5 times that" in sentence
    assert "rtn" not in alarm_sentence(found, LIMITS)


def test_other_prompts_are_not_compared() -> None:
    """Positions of another text would give a divergence that means nothing."""
    with pytest.raises(VoidMeasurementError, match="same text"):
        fidelity(top({1: 0.5}), top({1: 0.5}, prompts="q"), name="awq", text="a text", alarm=LIMITS)


def test_stored_probabilities_are_read_for_the_same_prompts_only(tmp_path: Path) -> None:
    """What was written comes back as it was; for other prompts, from a damaged file or none, nothing does."""
    stored = top({1: 0.7, 2: 0.2}, {3: 0.1, 4: 0.05}, prompts=prompts_digest(BLOCKS))
    path = tmp_path / "top.json"
    stored.write(path)
    assert read_top_tokens(path, BLOCKS, 2) == stored
    assert read_top_tokens(path, [[5, 6]], 2) is None
    assert read_top_tokens(path, BLOCKS, 20) is None
    path.write_text(path.read_text()[:40])
    assert read_top_tokens(path, BLOCKS, 2) is None
    assert read_top_tokens(tmp_path / "none", BLOCKS, 2) is None


def answer(*rows: dict[str, tuple[float | None, int]]) -> dict[str, Any]:
    """Return vLLM's answer from log-probability and rank by token id."""
    found = [{token: {"logprob": logprob, "rank": rank} for token, (logprob, rank) in row.items()} for row in rows]
    return {"choices": [{"prompt_logprobs": [None, *found]}]}


def test_the_prompt_s_own_token_is_left_out_when_unlikely() -> None:
    """VLLM puts it first, with its rank; the list is what the rank says."""
    row = {"9": (-8.0, 300), "4": (-1.0, 2), "3": (-0.5, 1)}
    assert parse_prompt_logprobs(answer(row), 2) == [[(-0.5, 3), (-1.0, 4)]]


@pytest.mark.parametrize(
    "odd", [{}, {"choices": [{"prompt_logprobs": None}]}, {"choices": [{"prompt_logprobs": [3, 4]}]}]
)
def test_an_answer_in_another_form_is_an_error(odd: dict[str, Any]) -> None:
    """It is not taken for agreement."""
    with pytest.raises(EngineError, match="in the form this version knows"):
        parse_prompt_logprobs(odd, 20)


class Server:
    """Stands in for a running engine; counts what it is asked."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response], *, alive: bool = True) -> None:
        self.requests: list[dict[str, Any]] = []
        self._handle = handle
        self._alive = alive
        self._lock = threading.Lock()

    def client(self, _timeout_s: float) -> httpx.Client:
        """Return a client that answers by itself."""

        def handle(request: httpx.Request) -> httpx.Response:
            with self._lock:
                self.requests.append(json.loads(request.content))
            return self._handle(request)

        return httpx.Client(base_url="http://vllm", transport=httpx.MockTransport(handle))

    def alive(self) -> bool:
        """Return what was set."""
        return self._alive

    require_alive = VllmServer.require_alive

    def failure(self) -> EngineError:
        """Return why it died."""
        return EngineError("vLLM ended unexpectedly: out of memory")


def likely_next(request: httpx.Request) -> httpx.Response:
    """Find the token after the prompt's own the most likely one at every position."""
    prompt = json.loads(request.content)["prompt"]
    return httpx.Response(200, json=answer(*({str(token + 1): (-0.1, 1)} for token in prompt[1:])))


def test_positions_come_back_in_the_prompts_order() -> None:
    """Requests are answered side by side; the first token of a block is never predicted."""
    server, blocks = Server(likely_next), [[at, at + 1, at + 2] for at in range(0, 60, 3)]
    found = probe(cast("VllmServer", server), blocks, SilentReporter(), top_k=1)
    assert [row[0] for row in found.ids] == [token + 1 for block in blocks for token in block[1:]]
    assert {(request["prompt_logprobs"], request["model"]) for request in server.requests} == {(1, "model")}
    assert len(found.ids) == positions(blocks)


def overflow(_: httpx.Request) -> httpx.Response:
    """Answer as vLLM 0.32 does when probabilities are NaN."""
    message = "Out of range float values are not JSON compliant"
    return httpx.Response(400, json={"error": {"message": message, "type": "BadRequestError", "code": 400}})


def test_overflowed_weights_raise_the_alarm() -> None:
    """VLLM refuses to write NaN; that is the arm's fault, not the question's. A baseline that overflows is void."""
    sound, broken = (
        probe(cast("VllmServer", Server(handle)), BLOCKS, SilentReporter(), top_k=1)
        for handle in (likely_next, overflow)
    )
    found = fidelity(sound, broken, name="awq", text="a text", alarm=LIMITS)
    assert found.mean_kl_nats > 10
    assert (found.top1_agreement, found.absurd) == (0.0, True)
    with pytest.raises(VoidMeasurementError, match=r"source model itself .*NaN"):
        fidelity(broken, broken, name="awq", text="a text", alarm=LIMITS)


def test_a_refused_request_is_an_error() -> None:
    """With the engine's own words."""
    server = Server(lambda _: httpx.Response(400, text="prompt_logprobs is too large"))
    with pytest.raises(EngineError, match="prompt_logprobs is too large"):
        probe(cast("VllmServer", server), BLOCKS, SilentReporter())


def test_a_dead_engine_says_why() -> None:
    """The cause in its log, not the broken connection."""

    def drop(_: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("gone")

    with pytest.raises(EngineError, match="out of memory"):
        probe(cast("VllmServer", Server(drop, alive=False)), BLOCKS, SilentReporter())
    with pytest.raises(EngineError, match=r"did not answer .* gone"):
        probe(cast("VllmServer", Server(drop)), BLOCKS, SilentReporter())


def test_packaged_text_fills_the_wanted_positions(tmp_path: Path) -> None:
    """4 096 by default, in blocks the engine can take, the same ones each time."""
    blocks, name = held_out(Alarm(), tmp_path, DEMO, 1024, tasks=["mmlu", "stdlib_bits"])
    assert (positions(blocks), name) == (4096, PACKAGED)
    assert max(map(len, blocks)) == 512
    assert held_out(Alarm(), tmp_path, DEMO, 1024)[0] == blocks
    short, _ = held_out(Alarm(tokens=1000), tmp_path, DEMO, 128)
    assert (positions(short), max(map(len, short))) == (1000, 127)


def test_text_of_one_s_own_is_spread_over_the_file(tmp_path: Path) -> None:
    """Blocks come from all over what is read, and the file is named."""
    (tmp_path / "own.txt").write_text("".join(f"value_{number} = {number}\n" for number in range(2000)))
    blocks, name = held_out(Alarm(text="own.txt", tokens=1000), tmp_path, DEMO, 101)
    whole = [
        token for block in held_out(Alarm(text="own.txt", tokens=10**6), tmp_path, DEMO, 101)[0] for token in block
    ]
    assert (positions(blocks), name) == (1000, "own.txt")
    starts = [next(at for at in range(len(whole)) if whole[at : at + len(block)] == block) for block in blocks]
    assert max(starts) > len(whole) // 2


def test_blocks_begin_as_the_tokenizer_begins_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that expect a BOS token are beside themselves without it; the token that ends a text is left out."""

    class Bracketed:
        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            ids = [ord(letter) for letter in text]
            return [1, *ids, 2] if add_special_tokens else ids

    monkeypatch.setattr("eval.alarm.probe.load_tokenizer", lambda *_, **__: Bracketed())
    blocks, _ = held_out(Alarm(), tmp_path, DEMO, 1024)
    assert all(block[0] == 1 and 2 not in block for block in blocks)
    assert max(map(len, blocks)) == 512


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (None, "there is no file"),
        (b"\xff\xfe\x00binary", "cannot be read"),
        (b"", "has 0 tokens to look at, and 200 are needed"),
        (b"too short", "tokens to look at, and 200 are needed"),
    ],
)
def test_text_that_tells_nothing_is_refused(tmp_path: Path, contents: bytes | None, message: str) -> None:
    """Before an engine starts, with the key and what to do."""
    if contents is not None:
        (tmp_path / "own.txt").write_bytes(contents)
    with pytest.raises(RecipeError, match=rf"eval\.alarm\.text: .*{message}"):
        held_out(Alarm(text="own.txt"), tmp_path, DEMO, 1024)


def test_held_out_file_may_lie_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home folder, whatever folder the recipe is in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.txt").write_text("text")
    assert alarm_file("~/own.txt", Path("/elsewhere")) == tmp_path / "own.txt"

"""The honesty gate: what voids a load, and what is only not known."""

from typing import Any

import pytest

from eval.bench.load.result import Distribution, LoadResult, MachineLoad
from eval.bench.load.spec import Arrivals
from eval.bench.load.validity import Evidence, checks, void_reasons
from pipeline.base.phrase import quoted
from tests.unit.eval.bench.runs import counted, load

SPEC = load().spec
NONE = Distribution()


def result(**changes: Any) -> LoadResult:
    """Return a faultless load, of which of all times only that of whole requests is known."""
    times = {"ttft_ms": NONE, "tpot_ms": NONE, "itl_ms": NONE, "e2e_ms": Distribution(mean=1_000)}
    return load(steady=None, throughput_over="steady state", **(times | changes))


def machine(**changes: Any) -> MachineLoad:
    """Return a quiet machine."""
    return MachineLoad(cores=4, wall_s=10, foreign_cpu_s=0.5, steal_s=0).model_copy(update=changes)


def reasons(evidence: Evidence) -> str:
    """Return why a load is void, in one text."""
    return "; ".join(void_reasons(checks(evidence)))


def evidence(load: LoadResult | None = None, **changes: Any) -> Evidence:
    """Return all that is known of a faultless load, with changes."""
    known: dict[str, Any] = {"engine": counted(), "machine": machine(), "tokenizer_known": True, "unhealthy": ()}
    return Evidence(**({"result": load or result(), "ceiling_tokens_per_s": 100} | known | changes))


def test_faultless_load_stands() -> None:
    """Everything was checked, and nothing speaks against it."""
    found = checks(evidence())
    assert all(check.checked for check in found)
    assert void_reasons(found) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"failed": 1, "answered": 79, "errors": {"HTTP 500": 1}}, "1 of 80 requests failed: HTTP 500"),
        ({"answered": 0, "failed": 80}, "80 of 80 requests failed: no reason was given"),
        ({"sent": 79, "answered": 79}, "79 of 80 requests were sent"),
        ({"answers_too_short": 2}, "2 of 80 answers ended before"),
        ({"answers_too_long": 3}, "3 of 80 answers count more tokens"),
        ({"pieces_beyond_tokens": 4}, "4 of 80 answers have more pieces than tokens"),
        ({"output_tokens": 405}, "the client counts 405 output tokens, the engine 400"),
        ({"input_tokens": 790}, "the client counts 790 prompt tokens, the engine 800"),
        ({"peak_concurrency": 7}, "at most 7 of 8 requests"),
        ({"output_tokens_per_s": 101}, "101 tokens/s are above the 100"),
        ({"client_cpu_s": 21}, "the client itself took 52% of the processors"),
    ],
)
def test_what_the_client_saw_voids(changes: dict[str, Any], reason: str) -> None:
    """Each fault in the client's result is a reason."""
    assert reason in reasons(evidence(result(**changes)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cached_prompt_tokens": 9}, "1.1% of the prompt tokens came from the prefix cache"),
        ({"peak_requests": 7}, "the engine never had more than 7 of 8 requests"),
        ({"output_tokens": 0}, "the engine 0"),
    ],
)
def test_what_the_engine_counted_voids(changes: dict[str, Any], reason: str) -> None:
    """Each contradiction of the engine's counters is a reason."""
    assert reason in reasons(evidence(engine=counted(**changes)))


@pytest.mark.parametrize("changes", [{"foreign_cpu_s": 10.1}, {"steal_s": 9.6}])
def test_company_on_the_machine_voids(changes: dict[str, Any]) -> None:
    """A quarter of the processors for others, or for the hypervisor, is too much."""
    assert "of this machine's processors" in reasons(evidence(machine=machine(**changes)))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"engine": None}, "token counts of client and engine"),
        ({"engine": None}, "no prompts from the prefix cache"),
        ({"machine": machine(foreign_cpu_s=None)}, "nobody else on the machine"),
        ({"ceiling_tokens_per_s": None}, "client below its limits"),
        ({"unhealthy": None}, "healthy machine"),
    ],
)
def test_what_is_not_known_is_labelled(changes: dict[str, Any], name: str) -> None:
    """A condition that cannot be checked is named and voids nothing."""
    found = checks(evidence(**changes))
    assert name in [check.name for check in found if not check.checked and check.reason]
    assert void_reasons(found) == ()


def test_prompt_tokens_are_compared_only_with_the_models_tokenizer() -> None:
    """Words are not tokens: without the tokenizer another count is no contradiction."""
    assert reasons(evidence(result(input_tokens=900), tokenizer_known=False)) == ""


def test_what_failed_of_the_machine_voids() -> None:
    """A GPU that was slowed down by heat says so in the reason."""
    hot = "GPU 0, clocks: slowed down by the hardware because of heat in 50% of the time"
    assert hot in reasons(evidence(unhealthy=(quoted(hot),)))


def test_short_requests_are_not_judged_by_sampled_gauges() -> None:
    """Of requests of some milliseconds many are between client and engine at any moment."""
    short = result(e2e_ms=Distribution(mean=20))
    assert reasons(evidence(short, engine=counted(peak_requests=3))) == ""


def test_gauges_read_a_few_times_say_nothing_of_a_peak() -> None:
    """Requests of one length come and go together: eight readings of a demo's load found 10 of 16."""
    assert "never had more than 3" in reasons(evidence(engine=counted(peak_requests=3, samples=12)))
    assert reasons(evidence(engine=counted(peak_requests=3, samples=11))) == ""


def test_natural_lengths_may_be_short() -> None:
    """Answers that may end by themselves do."""
    spec = SPEC.model_copy(update={"ignore_eos": False})
    assert reasons(evidence(result(spec=spec, answers_too_short=5))) == ""


def test_open_loop_has_no_concurrency_to_hold() -> None:
    """Whatever was under way follows from the rate."""
    spec = SPEC.model_copy(update={"concurrency": None, "arrivals": Arrivals(rate_per_s=1)})
    assert reasons(evidence(result(spec=spec, peak_concurrency=1))) == ""


def test_fewer_requests_than_concurrency_are_all_there_can_be() -> None:
    """Four requests are never eight at a time."""
    spec = SPEC.with_requests(4)
    few = result(spec=spec, sent=4, answered=4, peak_concurrency=4)
    assert "requests" not in reasons(evidence(few, engine=counted(peak_requests=4)))


def test_engine_that_was_started_again_voids_a_load() -> None:
    """Its counters fell, which is no difference of a negative share."""
    fallen = counted(prompt_tokens=-9_000, output_tokens=-5_000)
    assert "it was started again while the load ran" in reasons(evidence(engine=fallen))


def test_counters_that_end_with_the_load_void_it() -> None:
    """A server that counted before and does not answer afterwards is not one without counters."""
    assert "could not be read any more after the load" in reasons(evidence(engine=None, counters_lost=True))
    assert reasons(evidence(engine=None)) == ""


def test_cache_may_hold_what_conversations_sent_before() -> None:
    """Of replayed conversations it is what is measured; more than they sent came from somewhere else."""
    turns = result(turns=40, history_tokens=400)
    assert reasons(evidence(turns, engine=counted(cached_prompt_tokens=400))) == ""
    assert "62.5% of the prompt tokens came from the prefix cache, and only 50.0%" in reasons(
        evidence(turns, engine=counted(cached_prompt_tokens=500))
    )


def test_turn_that_does_not_wait_voids() -> None:
    """Nobody asks on before the answer is there."""
    assert "3 of 40 turns were sent before the one before was answered" in reasons(
        evidence(result(turns=40, turns_too_early=3))
    )

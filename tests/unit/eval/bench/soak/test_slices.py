"""Slices of runs whose answers come at known times."""

import pytest

from eval.bench.load.details import Answer
from eval.bench.soak.slices import Sample, Window, slices_of, window_of


def loop(seconds: float, gap: float = 0.1, ttft: float = 0.1, offset: float = 0.0) -> list[Answer]:
    """Return answers of ten tokens, one after the other."""
    each = ttft + 9 * gap
    return [Answer(offset + number * each, ttft, (gap,) * 9, 10, 10) for number in range(round(seconds / each))]


def run(*loops: list[Answer]) -> list[Answer]:
    """Return the answers of several at once."""
    return sorted((answer for one in loops for answer in one), key=lambda answer: answer.start)


def test_first_wave_and_drain_are_cut_off() -> None:
    """The window begins when the first requests have ended, and ends with the first loop that does."""
    window = window_of(run(loop(10), loop(12)), 2)
    assert window is not None
    assert (window.start_s, window.end_s) == (pytest.approx(1.0), pytest.approx(10.0))


def test_nothing_beside_the_first_wave_is_no_window() -> None:
    """Two requests at once and no more say nothing over time."""
    assert window_of(run(loop(1), loop(1)), 2) is None


def test_concurrency_that_was_never_there_is_no_window() -> None:
    """One loop is not four."""
    assert window_of(loop(10), 4) is None


def test_slices_are_equal_and_use_the_whole_window() -> None:
    """Nine seconds by two: four slices of 2.25 seconds, each with twenty tokens a second."""
    found = slices_of(run(loop(12), loop(12)), Window(1.0, 10.0), 2.0)
    assert [one.start_s for one in found] == pytest.approx([1.0, 3.25, 5.5, 7.75])
    assert [one.output_tokens_per_s for one in found] == pytest.approx([20.0] * 4)
    assert [one.ttft_ms for one in found] == pytest.approx([100.0] * 4)
    assert [one.itl_ms for one in found] == pytest.approx([100.0] * 4)


def test_what_changes_is_seen_in_its_slice() -> None:
    """A server that is half as fast from the tenth second on."""
    answers = run(loop(10), loop(10, gap=0.2, ttft=0.2, offset=10.0))
    first, second = slices_of(answers, Window(0.0, 20.0), 10.0)
    assert (first.output_tokens_per_s, second.output_tokens_per_s) == (pytest.approx(10.0), pytest.approx(5.0))
    assert (first.itl_ms, second.itl_ms) == (pytest.approx(100.0), pytest.approx(200.0))
    assert (first.ttft_ms, second.ttft_ms) == (pytest.approx(100.0), pytest.approx(200.0))


def test_slice_without_a_first_token_has_none() -> None:
    """One long answer: tokens in every slice, a first one only at the beginning."""
    first, second = slices_of([Answer(0.0, 1.0, (1.0,) * 9, 10, 10)], Window(0.0, 10.0), 5.0)
    assert (first.ttft_ms, second.ttft_ms) == (1000.0, None)
    assert second.output_tokens_per_s == pytest.approx(1.0)


def test_single_tokens_have_no_intervals() -> None:
    """Answers of one token each have a first one and nothing between."""
    (only,) = slices_of([Answer(0.0, 1.0, (), 1, 1), Answer(1.0, 1.0, (), 1, 1)], Window(0.0, 3.0), 3.0)
    assert (only.ttft_ms, only.itl_ms) == (1000.0, None)


def test_samples_stand_with_their_slices() -> None:
    """Means of the samples in a slice; what the server does not tell is None."""
    samples = [Sample(time, memory_gib=1.0 + time / 10, running=2.0) for time in (0.5, 1.5, 2.5, 3.5)]
    first, second = slices_of(run(loop(4), loop(4)), Window(0.0, 4.0), 2.0, samples)
    assert (first.memory_gib, second.memory_gib) == (pytest.approx(1.1), pytest.approx(1.3))
    assert (first.requests_running, first.requests_waiting) == (2.0, None)


def test_first_tokens_are_told_as_of_a_mean_prompt() -> None:
    """A millisecond a token: a slice with the short prompts is as fast as one with the long ones."""
    answers = [Answer(float(second), prompt / 1000, (), 1, 1, prompt) for second, prompt in enumerate((100, 200, 300))]
    found = slices_of(answers, Window(0.0, 3.0), 1.0)
    assert [one.ttft_ms for one in found] == pytest.approx([200.0] * 3)

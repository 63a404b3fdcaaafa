"""The root cause in a long log."""

import pytest

from pipeline.runtimes.rootcause import root_cause

LOG = """\
WorkerError: the pool broke
Traceback (most recent call last):
ValueError: Free memory on device (2/23 GiB) is too small
subprocess.CalledProcessError: Command '['g++']' returned non-zero exit status 1.
"""


def test_first_error_beats_its_consequence() -> None:
    """What a program, or Python itself, says in the wake of an error is passed over."""
    expected = "ValueError: Free memory on device (2/23 GiB) is too small."
    assert root_cause(LOG, consequences=["the pool broke"]) == expected
    assert root_cause(LOG.splitlines()[-1] + "\nOSError: gone\n") == "OSError: gone."


def test_validation_error_keeps_its_explanation() -> None:
    """Pydantic's first line alone says nothing."""
    log = "pydantic_core.ValidationError: 1 validation error for ModelConfig\n  Value error, no such model\n"
    assert "Value error, no such model" in root_cause(log)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", "it ended without a word."),
        ("hello\nlast words\n\n", "last words."),
        ("error: Failed to fetch torch\n", "Failed to fetch torch."),
        ("OSError: [Errno 28] No space left on device\n", "OSError: [Errno 28] No space left on device."),
    ],
)
def test_short_logs(log: str, expected: str) -> None:
    """Tools that print one line, or none."""
    assert root_cause(log) == expected


def test_endless_message_is_cut() -> None:
    """A sentence, not a page."""
    assert len(root_cause("ValueError: " + "x" * 5000)) == 300


def test_killed_process_is_told_by_those_that_survive_it() -> None:
    """Without an error of its own the death counts, not the last words."""
    log = "Worker-0 died unexpectedly\nFinished server process\n"
    expected = "one of its processes ended without a word, most often killed because memory ran out."
    assert root_cause(log, deaths=["died unexpectedly"]) == expected
    assert root_cause(log) == "Finished server process."

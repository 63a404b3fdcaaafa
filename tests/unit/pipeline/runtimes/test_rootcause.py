"""The root cause in a long log."""

import pytest

from pipeline.runtimes.rootcause import cause_of_death, root_cause

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
        ("", "it ended without an error in its log."),
        ("hello\nlast words\n\n", "it ended without an error in its log."),
        (
            '(APIServer pid=7) INFO:     127.0.0.1:4 - "GET /v1/none HTTP/1.1" 404 Not Found\n',
            "it ended without an error in its log.",
        ),
        ("(EngineCore pid=8) INFO 01-01 00:00:00 [x.py:1] no error so far\n", "it ended without an error in its log."),
        ("hello\ndouble free or corruption (out)\n\n", "double free or corruption (out)."),
        (
            "terminate called after throwing an instance of 'std::bad_alloc'\n",
            "terminate called after throwing an instance of 'std::bad_alloc'.",
        ),
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
    assert root_cause(log) == "it ended without an error in its log."


BUSY = '(APIServer pid=7) INFO:     127.0.0.1:4 - "GET /v1/models HTTP/1.1" 200 OK\n'


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (128 + 9, "SIGKILL, most likely because memory ran out"),
        (-9, "SIGKILL, most likely because memory ran out"),
        (128 + 11, "SIGSEGV, a crash in native code"),
        (128 + 6, "SIGABRT, native code gave up"),
        (128 + 7, "SIGBUS, most likely /dev/shm"),
        (128 + 4, "SIGILL, the processor lacks"),
        (128 + 15, "SIGTERM, somebody else asked it"),
        (128 + 40, "signal 40."),
        (1, "it ended with status 1 without an error in its log."),
        (0, "it ended with status 0 without an error in its log."),
        (None, "it ended without an error in its log."),
    ],
)
def test_signal_is_told_and_not_the_last_line(status: int | None, told: str) -> None:
    """What ended a program is its signal, or nothing that its log knows; an access log is no reason."""
    found = cause_of_death(status, BUSY)
    assert told in found
    assert "GET" not in found


def test_crash_keeps_what_it_said_and_a_kill_does_not() -> None:
    """The last words of an abort explain it; what stood in the log before an OOM kill does not."""
    log = f"{BUSY}terminate called after throwing an instance of 'std::bad_alloc'\n"
    assert cause_of_death(128 + 6, log).endswith("'std::bad_alloc'.")
    assert "bad_alloc" not in cause_of_death(128 + 9, log)
    assert cause_of_death(1, "ValueError: no\n") == "ValueError: no."

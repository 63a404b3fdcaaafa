"""The root cause in a long log."""

import pytest

from pipeline.runtimes.rootcause import root_cause

ENGINE_LOG = """\
(APIServer pid=7) INFO 11-20 19:30:01 [api_server.py:1] vLLM API server
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] EngineCore failed to start.
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] Traceback (most recent call last):
(EngineCore pid=9) ERROR 11-20 19:30:05 [core.py:866] ValueError: Free memory on device (2/23 GiB) is too small
(EngineCore pid=9) Traceback (most recent call last):
(APIServer pid=7) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


def test_first_error_beats_its_consequence() -> None:
    """The engine's own error is reported, not the API server's echo of it."""
    assert root_cause(ENGINE_LOG) == "ValueError: Free memory on device (2/23 GiB) is too small."


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


@pytest.mark.parametrize(
    "line",
    [
        "vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above).",
        "(EngineCore pid=1) ERROR 11-21 19:00:00 [multiproc_executor.py:316] Worker proc Worker-0 died unexpectedly",
    ],
)
def test_killed_process_is_told_by_those_that_survive_it(line: str) -> None:
    """Without an error of its own the death counts, not the farewell of the server in front of it."""
    log = f"{line}\n(APIServer pid=1) INFO:     Finished server process [13454]\n"

    assert root_cause(log) == "one of its processes ended without a word, most often killed because memory ran out."

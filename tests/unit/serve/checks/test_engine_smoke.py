"""The smoke test of an engine past the door."""

from serve.checks.engine_smoke import engine_smoke_test
from tests.fakes.scored_engine import ScoredEngine


def failed(engine: ScoredEngine) -> set[str]:
    """Return the checks that it fails."""
    return {check.name for check in engine_smoke_test(engine) if not check.passed}


def test_good_engine_passes() -> None:
    """It lists its model, and answers chats, texts and streams to their end."""
    checks = engine_smoke_test(ScoredEngine())
    assert [check.name for check in checks if check.passed] == ["models", "chat", "completion", "streaming chat"]


def test_dead_engine_fails_everything() -> None:
    """A refusal fails its check alone, with the status, and raises nothing."""
    checks = engine_smoke_test(ScoredEngine(status=503))
    assert [check.passed for check in checks] == [False] * 4
    assert all("503" in check.detail for check in checks)


def test_stream_without_pieces_fails() -> None:
    """An answer that comes whole is no stream."""
    assert failed(ScoredEngine(text="")) == {"streaming chat"}

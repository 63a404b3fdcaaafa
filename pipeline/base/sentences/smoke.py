"""What the smoke test of the endpoint tried, and what came of it."""

from collections.abc import Mapping, Sequence


class SmokeSentences:
    """Names of checks, and their details: what was seen, or what was not as it must be."""

    check_names: Mapping[str, str] = {
        "models": "models",
        "chat": "chat",
        "completion": "completion",
        "streaming chat": "streaming chat",
        "wrong key refused": "wrong key refused",
        "no key refused": "no key refused",
        "other routes closed": "other routes closed",
    }
    """By the name that records keep."""

    def check_name(self, name: str) -> str:
        """Return how a check is called."""
        return self.check_names.get(name, name)

    def failed_check(self, detail: Sequence[str], *, name: str) -> str:
        return f"{self.check_name(name)} ({''.join(detail)})"

    def check_failed(self, detail: Sequence[str]) -> str:
        return f"CheckFailedError: {''.join(detail)}"

    def lists(self, *, model: str) -> str:
        return f"lists {model}"

    def lists_others(self, *, names: str, model: str) -> str:
        return f"the endpoint lists {names}, not {model}"

    def no_choice(self) -> str:
        return "the answer has no choice"

    def generated(self, *, tokens: str, reason: str) -> str:
        return f"{tokens} tokens, finish_reason {reason}"

    def streamed(self, *, chunks: str, reason: str) -> str:
        return f"{chunks} chunks, finish_reason {reason}"

    def not_streamed(self, *, chunks: str) -> str:
        return f"{chunks} chunks: the answer was not streamed"

    def stream_without_end(self) -> str:
        return "the stream ended without a finish_reason"

    def status(self, *, status: str) -> str:
        return f"status {status}"

    def let_in(self) -> str:
        return "a wrong key was let in"

    def closed(self, *, routes: str) -> str:
        return f"404 on {routes}"

    def answers_otherwise(self, *, method: str, path: str, found: str, expected: str) -> str:
        return f"{method} {path} answers {found}, {expected} expected"

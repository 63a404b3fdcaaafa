"""What the smoke test of the endpoint tried, and what came of it, in German."""

from collections.abc import Mapping, Sequence

from pipeline.base.sentences.smoke import SmokeSentences


class GermanSmokeSentences(SmokeSentences):
    """Names of checks, and their details: what was seen, or what was not as it must be."""

    check_names: Mapping[str, str] = {
        "models": "Modelle",
        "chat": "Chat",
        "completion": "Vervollständigung",
        "streaming chat": "Chat im Stream",
        "wrong key refused": "falscher Schlüssel abgewiesen",
        "no key refused": "fehlender Schlüssel abgewiesen",
        "other routes closed": "andere Routen geschlossen",
    }

    def failed_check(self, detail: Sequence[str], *, name: str) -> str:
        return f"{self.check_name(name)} ({''.join(detail)})"

    def check_failed(self, detail: Sequence[str]) -> str:
        return f"Prüfung fehlgeschlagen: {''.join(detail)}"

    def lists(self, *, model: str) -> str:
        return f"nennt {model}"

    def lists_others(self, *, names: str, model: str) -> str:
        return f"der Endpunkt nennt {names}, nicht {model}"

    def no_choice(self) -> str:
        return "die Antwort enthält keine Auswahl (choices)"

    def generated(self, *, tokens: str, reason: str) -> str:
        return f"{tokens} Token, finish_reason {reason}"

    def streamed(self, *, chunks: str, reason: str) -> str:
        return f"{chunks} Teilstücke, finish_reason {reason}"

    def not_streamed(self, *, chunks: str) -> str:
        return f"{chunks} Teilstücke: Die Antwort wurde nicht gestreamt"

    def stream_without_end(self) -> str:
        return "der Stream endete ohne finish_reason"

    def status(self, *, status: str) -> str:
        return f"Status {status}"

    def let_in(self) -> str:
        return "ein falscher Schlüssel wurde zugelassen"

    def closed(self, *, routes: str) -> str:
        return f"404 auf {routes}"

    def answers_otherwise(self, *, method: str, path: str, found: str, expected: str) -> str:
        return f"{method} {path} antwortet {found}, erwartet war {expected}"

"""`Refusal`: an answer that HAProxy gives itself."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """An answer HAProxy gives itself, in the form the OpenAI clients understand."""

    status: int
    kind: str
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> str:
        """Return the JSON document."""
        return json.dumps({"error": {"message": self.message, "type": self.kind, "param": None, "code": self.code}})

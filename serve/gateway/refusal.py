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
    param: str | None = None
    """Member of the request that is wrong."""

    @property
    def body(self) -> str:
        """Return the JSON document."""
        said = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return json.dumps({"error": said})

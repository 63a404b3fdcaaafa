"""What the serve stage reports."""

from typing import ClassVar, Literal

from pipeline.base.phrase import quoted
from pipeline.base.results import Payload, Phrase, Result


class SmokeCheck(Result):
    """One thing that was tried against the running endpoint."""

    name: str
    passed: bool
    detail: str
    detail_said: Phrase | None = None
    """The detail for other languages; None in results of earlier versions."""
    seconds: float

    @property
    def phrase(self) -> Phrase:
        """Return the detail as a phrase."""
        return self.detail_said or quoted(self.detail)


class ServeResult(Payload):
    """What the stage `serve` of a run reports: the smoke test of the endpoint."""

    STAGE: ClassVar = "serve"
    schema_version: Literal[1] = 1

    checks: tuple[SmokeCheck, ...]
    tls: bool
    routes: tuple[str, ...]
    """The only routes let through."""
    gateway_version: str
    engine_version: str
    kernel: str
    despite_gates: tuple[str, ...] = ()
    """What the gates say that this checkpoint did not pass and that were passed over with `--despite-gates`."""

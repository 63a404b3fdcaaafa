"""What the serve stage reports."""

from pipeline.base.results import Result


class SmokeCheck(Result):
    """One thing that was tried against the running endpoint."""

    name: str
    passed: bool
    detail: str
    seconds: float


class ServeResult(Result):
    """Payload of the stage `serve` in a run: the smoke test of the endpoint."""

    checks: tuple[SmokeCheck, ...]
    tls: bool
    routes: tuple[str, ...]
    """The only routes let through."""
    gateway_version: str
    engine_version: str
    kernel: str

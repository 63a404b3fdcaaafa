"""`Hooks`: what an engine's life is told to."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.engines.production import Middleware
from serve.gateway.backends import Place


def _nothing(_place: Place, _release: str) -> None:
    """Tell nobody."""


def _unheard() -> None:
    """Tell nobody."""


def _none(_place: Place) -> tuple[Middleware, ...]:
    """Return no middleware."""
    return ()


@dataclass(frozen=True)
class Hooks:
    """Called from the threads of engines."""

    warn: Callable[[str], None]
    """Told of deaths."""
    serving: Callable[[Place, str], None] = _nothing
    """Told which release takes a place, before it gets requests."""
    changed: Callable[[], None] = _unheard
    """Told that the engines of a model serve something else from now on."""
    middlewares: Callable[[Place], tuple[Middleware, ...]] = _none
    """Returns what the server of an engine that is about to start in a place wraps itself in."""

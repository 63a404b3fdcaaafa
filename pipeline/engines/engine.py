"""The `Engine` protocol: what a measurement or a check needs of whatever serves a model."""

from typing import Protocol

import httpx

from pipeline.base.results import Result
from pipeline.engines.prometheus import Metrics


class StatedMemory(Result):
    """What an engine says of its memory beside the weights, in GiB and on one GPU; None where it does not."""

    kv_cache_gib: float | None = None
    activation_peak_gib: float | None = None
    """On top of weights and what is no tensor, at most, while a full batch ran."""
    graphs_gib: float | None = None
    """CUDA graphs."""


class EngineFacts(Result):
    """What an engine says about itself; None where it does not."""

    version: str | None = None
    """The engine's own; an interpreter that the user brought has none of ours."""
    kernel: str | None = None
    """The class that multiplies the linear layers; `unquantized` for 16-bit weights."""
    weights_gib: float | None = None
    kv_cache_tokens: int | None = None
    max_concurrency: float | None = None
    """Requests of full length that the KV cache holds."""
    memory: StatedMemory = StatedMemory()
    compilation: str | None = None
    """How the model is compiled, by the engine's own name; `NONE` for not at all."""
    graphs: str | None = None
    """Which steps are replayed as CUDA graphs, by the engine's own name; `NONE` for none."""
    max_model_len: int | None = None
    """Tokens of prompt and answer together."""
    settings: dict[str, str] | None = None
    """Settings that change scores, by the engine's own names, as it resolved them."""


class Engine(Protocol):
    """Serves one model over OpenAI's HTTP interface."""

    @property
    def base_url(self) -> str:
        """Address without `/v1`; a placeholder where `client` uses a unix socket."""

    @property
    def api_key(self) -> str | None:
        """What it wants as bearer token."""

    @property
    def model(self) -> str:
        """Name to ask for."""

    def client(self, timeout_s: float = 10.0) -> httpx.Client:
        """Return an HTTP client for it, with its key."""

    def facts(self) -> EngineFacts:
        """Return what it says about itself.

        Raises:
            EngineError: it does not answer, or not in the words this version knows.
        """

    def metrics(self) -> Metrics | None:
        """Return its Prometheus metrics as they are now; None where it offers none.

        Raises:
            EngineError: it does not answer, or not with metrics.
        """

    def alive(self) -> bool:
        """Return whether it says that it can answer; a process that answers may have lost its engine already."""

    def require_alive(self) -> None:
        """Return if it lives, so that what went wrong was something else.

        Raises:
            EngineError: it does not; says why.
        """

"""How vLLM's server is started for clients beyond this program: `Production`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.base.errors import EnvironmentLackError
from pipeline.base.homes import variable_for
from pipeline.runtimes.worker import worker_script

_NO_DOMAIN = "none.invalid"
"""Reserved, never to exist: vLLM fetches media from every domain while it is given none."""
_QUIET_ROUTES = "/health,/metrics"


@dataclass(frozen=True)
class Middleware:
    """A class of a worker's script that vLLM's server wraps itself in.

    Attributes:
        name: `script.Class`.
        environment: that it reads.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Return the folder of its script."""
        return worker_script(self.name.partition(".")[0]).parent


HTTP_1_0 = Middleware("vllm_http10.WholeAnswers")
"""What HTTP/1.0 cannot carry in chunks."""
EARLY_ERRORS = Middleware("vllm_early_errors.EarlyErrors")
"""A refusal has its status, also where vLLM has promised a stream."""


@dataclass(frozen=True)
class Production:
    """What a server for clients beyond this program is told on top: limits, and nothing that it need not tell.

    Attributes:
        cache: folder for what vLLM compiles, which it trusts; made private.
        max_unfinished: requests that wait or are answered at once, those with `n` counted so often; beyond it 503.
        max_prefill_tokens: of prompts that are not read yet; beyond it 503; None for no such bound.
        drain_timeout_s: how long answers under way may take once it is asked to stop.
        max_n: answers to one prompt.
        max_prompts: of one request.
        max_stop_strings: of one request.
        max_logprobs: per token.
        middlewares: that it wraps itself in, outside of `EARLY_ERRORS`, inside of `HTTP_1_0`, the first one innermost.
    """

    cache: Path
    max_unfinished: int
    drain_timeout_s: int
    max_prefill_tokens: int | None = None
    max_n: int = 16
    max_prompts: int = 64
    max_stop_strings: int = 4
    max_logprobs: int = 20
    middlewares: tuple[Middleware, ...] = ()

    def arguments(self) -> tuple[str, ...]:
        """Return what the command line has on top; `engine.extra_args` come later and hold against it."""
        tokens = ("--max-num-queued-tokens", str(self.max_prefill_tokens)) if self.max_prefill_tokens else ()
        return (
            *("--load-format", "safetensors"),
            *("--max-num-queued-reqs", str(self.max_unfinished)),
            *tokens,
            *("--max-logprobs", str(self.max_logprobs)),
            *("--fingerprint-mode", "none"),
            *("--allowed-media-domains", _NO_DOMAIN),
            *("--disable-access-log-for-endpoints", _QUIET_ROUTES),
            "--disable-fastapi-docs",
            *(part for one in self._wrapped for part in ("--middleware", one.name)),
        )

    def environment(self) -> dict[str, str]:
        """Return what the environment has on top."""
        found = {
            "VLLM_CACHE_ROOT": str(self.cache),
            # Its default is a name in /tmp that everybody can foretell.
            "TORCHINDUCTOR_CACHE_DIR": str(self.cache / "torchinductor"),
            # Its default is in the user's home, which a service may find read-only.
            "TRITON_CACHE_DIR": str(self.cache / "triton"),
            "VLLM_MAX_N_SEQUENCES": str(self.max_n),
            "VLLM_MAX_COMPLETION_PROMPTS": str(self.max_prompts),
            "VLLM_MAX_STOP_STRINGS": str(self.max_stop_strings),
        }
        for one in self._wrapped:
            found |= one.environment
        if folders := dict.fromkeys(str(one.folder) for one in self._wrapped):
            found["PYTHONPATH"] = ":".join(folders)
        return found

    @property
    def _wrapped(self) -> tuple[Middleware, ...]:
        """Return all middlewares: who counts sees what is refused as refused, and answers before they are collected."""
        return (EARLY_ERRORS, *self.middlewares, HTTP_1_0)

    def make_cache(self) -> None:
        """Make the folder of the cache, for this user alone: what lies in it is run.

        Raises:
            EnvironmentLackError: it cannot be made, or belongs to somebody else.
        """
        try:
            self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.cache.chmod(0o700)
        except OSError as problem:
            variable = variable_for(self.cache)
            elsewhere = f", or set {variable} to a folder of your own" if variable else ""
            raise EnvironmentLackError(
                f"The folder {self.cache}, for what vLLM compiles, cannot be made private: {problem.strerror}. Remove "
                f"it{elsewhere}."
            ) from problem

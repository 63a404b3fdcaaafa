"""`EndpointPlan`: the loads that an endpoint is offered."""

from dataclasses import dataclass, field
from pathlib import Path

from eval.bench.load.budget import Allowance
from eval.bench.load.conversations import Conversations
from eval.bench.load.own_prompts import OwnPrompts
from eval.bench.load.prompts import MadePrompts, Prompts
from eval.bench.load.spec import Arrivals, LoadSpec
from eval.bench.load.words import COMMON, words_of
from pipeline.base.errors import UsageError
from pipeline.base.token_range import TokenRange
from pipeline.models.tokenizer import load_tokenizer

_SEEDS_PER_LOAD = 10_000
OPEN_LOOP_S = 30.0
"""Length of an open loop where none is asked for."""
TLS_CONNECTIONS_PER_S = 200.0
"""New connections a second to a server with TLS where nothing else is asked for: a handshake takes either end about a
thousandth of a second of a core, and servers give one up that is not over in some seconds."""
MOST_REQUESTS = 1_000_000
"""Of one load: their prompts are made before it begins."""


@dataclass(frozen=True)
class EndpointPlan:
    """What is to be measured: a closed loop for each concurrency, or an open loop for each rate."""

    input_tokens: TokenRange
    output_tokens: TokenRange
    given: tuple[LoadSpec, ...] = ()
    """Loads that somebody else made, instead of those of concurrencies or rates."""
    concurrency: tuple[int, ...] = ()
    rates_per_s: tuple[float, ...] = ()
    burstiness: float = 1.0
    ramp_from_per_s: float | None = None
    requests_per_concurrency: int = 8
    requests: int | None = None
    """Of each load, whatever its concurrency or rate."""
    seconds: float | None = None
    """Length of a timed run at each concurrency or rate; None for a number of requests."""
    connections_per_s: float | None = None
    """Most that a closed loop opens in a second while it is built up; None for what is usual at the server."""
    natural_lengths: bool = False
    """Whether answers may end where the model ends them."""
    seed: int = 0
    patience_s: float = 30.0
    """Longest wait for the warm-up, and for what a load takes beyond what the warm-up makes expect."""
    prompts: Path | None = None
    """File of the client's own prompts; None for made ones."""
    multi_turn: bool = False
    """Whether its chats are conversations, of which each turn is a request."""
    tokenizer: Path | None = None
    """Folder with the model's tokenizer; None where it is not known."""
    allowance: Allowance = field(default_factory=Allowance)
    """What the server may be sent at most."""

    def loads(self) -> tuple[LoadSpec, ...]:
        """Return all loads, in the order in which they are offered.

        Raises:
            UsageError: one has more requests than can be prepared.
        """
        if self.given:
            return self.given
        closed = [{"concurrency": level} for level in self.concurrency]
        arrivals = [
            Arrivals(rate_per_s=rate, burstiness=self.burstiness, ramp_from_per_s=self.ramp_from_per_s)
            for rate in self.rates_per_s
        ]
        levels = [*closed, *({"arrivals": each} for each in arrivals)]
        loads = tuple(
            self.load(seed=self.seed + _SEEDS_PER_LOAD * number, **level)  # type: ignore[arg-type]
            for number, level in enumerate(levels, start=1)
        )
        for spec in loads:
            arriving = spec.arrivals.requests_in(spec.duration_s) if spec.arrivals and spec.duration_s else 0
            if (requests := spec.requests or arriving) > MOST_REQUESTS:
                raise UsageError(
                    f"The load at {spec.level} has {requests} requests, and at most {MOST_REQUESTS} can be prepared. "
                    f"Ask for fewer."
                )
        return loads

    def built_up(self, spec: LoadSpec, base_url: str) -> LoadSpec:
        """Return a load as it is built up at a server: without TLS all connections are opened at once."""
        usual = TLS_CONNECTIONS_PER_S if base_url.startswith("https:") else None
        return spec.built_up(self.connections_per_s or usual)

    def load(self, *, seed: int, concurrency: int | None = None, arrivals: Arrivals | None = None) -> LoadSpec:
        """Return one load of the plan's lengths."""
        requests, seconds = self.requests, self.seconds
        if requests is None and seconds is None:
            requests = self.requests_per_concurrency * concurrency if concurrency else None
            seconds = None if concurrency else OPEN_LOOP_S
        return LoadSpec(
            concurrency=concurrency,
            arrivals=arrivals,
            requests=requests,
            duration_s=None if requests else seconds,
            input_tokens=None if self.prompts else self.input_tokens,
            output_tokens=self.output_tokens,
            ignore_eos=not self.natural_lengths,
            seed=seed,
        )

    def made_prompts(self) -> MadePrompts:
        """Return prompts of words that are one token each, as far as that is known.

        Raises:
            SourceError: the tokenizer cannot be read.
        """
        return MadePrompts(words_of(self.tokenizer) if self.tokenizer else COMMON)

    def source(self) -> Prompts:
        """Return where the prompts of its loads come from.

        Raises:
            SourceError: the tokenizer or the prompts cannot be read.
        """
        if self.prompts is None:
            return self.made_prompts()
        tokenizer = load_tokenizer(self.tokenizer) if self.tokenizer else None
        if self.multi_turn:
            return Conversations(self.prompts, seed=self.seed, tokenizer=tokenizer)
        return OwnPrompts(self.prompts, seed=self.seed, tokenizer=tokenizer)

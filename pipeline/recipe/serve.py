"""The recipe section `serve`: how the endpoint is offered."""

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.recipe.engine import EngineSettings
from pipeline.recipe.section import NonNegativeInt, PositiveFloat, PositiveInt, Section

ENDPOINT = r"^[a-z0-9][a-z0-9._-]{0,99}$"
"""What an endpoint may be called: the name is a folder's."""
RUN = "RUN"
"""In place of a folder: the checkpoint that this recipe's own run has made."""
_Port = Annotated[int, Field(ge=0, le=65535)]


class ServedModelEntry(Section):
    """One of several models behind the same door, by the name that clients ask for."""

    checkpoint: str
    """Folder of a checkpoint that verifies, or `RUN` for what this recipe's own run has quantized."""
    replicas: PositiveInt = 1
    """Engines that share its requests."""
    engine: EngineSettings | None = None
    """In place of the recipe's section `engine`."""
    adapters: dict[str, str] = Field(default_factory=dict)
    """LoRA adapters of this model: the name that clients ask for, and the folder."""


class RequestLimits(Section):
    """What one request may ask of an engine: beyond it one request could hold it, or end it, for everybody."""

    max_n: PositiveInt = 16
    """Answers to one prompt (`n`, `best_of`)."""
    max_prompts: PositiveInt = 64
    """Prompts in one request for completions."""
    max_stop_strings: PositiveInt = 4
    max_logprobs: NonNegativeInt = 20
    max_body_mib: PositiveFloat = 4.0
    """Of a request; a larger one is answered with 413."""


class AuditSettings(Section):
    """What is kept of every request. Never its text, unless a key is allowed to keep it."""

    strict: bool = False
    """Answer 503 while no line can be kept. Otherwise requests go on, and a loss is counted and raised as an alert."""
    keep_days: PositiveInt = 400
    """After which a file of the audit goes."""
    rotate_mib: PositiveInt = 64


class ServiceLevels(Section):
    """What the endpoint promises, and `awqctl serve slo` holds it to."""

    p95_s: PositiveFloat = 2.0
    """From a request's arrival to the last byte of its answer, for 95 of 100 requests that were let in."""
    max_error_share: Annotated[float, Field(ge=0, le=1)] = 0.001
    """Of answers with 5xx, and of answers cut, among all that a key let in."""
    min_availability: Annotated[float, Field(ge=0, le=1)] = 0.995
    """Share of the time in which a replica could answer."""


class Canary(Section):
    """How a new release is tried on a share of the requests before it takes them all."""

    share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    seconds: PositiveInt = 120
    """At least."""
    requests: PositiveInt = 60
    """Of the canary, at least, as long as `wait_s` allows; p95 of fewer is not told."""
    wait_s: PositiveInt = 900
    """Longest wait for these requests. With fewer the verdict is `undecided`, and nothing shifts by itself."""
    p95_ratio: PositiveFloat = 1.2
    """Of the canary to the release that it replaces, at most, while both answer."""


class Serve(Section):
    """How the endpoint is offered."""

    model_name: str | None = None
    """Name clients ask for; default the recipe's name."""
    models: dict[str, ServedModelEntry] = Field(default_factory=dict)
    """Several models behind one door; without any it is the one that this recipe's run has quantized."""
    replicas: PositiveInt = 1
    """Engines of the one model: on GPUs each takes as many as `engine` says; any number on the CPU."""
    host: str = "127.0.0.1"
    port: _Port = 8443
    """0 takes a free port."""
    door_threads: Annotated[int, Field(ge=1, le=8)] = 1
    """Of HAProxy: each takes one processor's worth of requests. Read at a start alone."""
    tls: bool = True
    certificate: str | None = None
    """PEM file with the chain; with `private_key`. Without, a self-signed one is made."""
    private_key: str | None = None
    queue_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """How long a request waits at the door until an engine takes it; then it is answered with 503."""
    max_queued_requests: PositiveInt | None = None
    """That wait in one engine; further ones are answered with 503. Default: as many as `engine.max_num_seqs`."""
    drain_timeout_s: Annotated[int, Field(ge=0, le=3600)] = 30
    """How long answers under way may take at a stop, a reload or a change of release before they are cut."""
    max_connections_per_source: PositiveInt | None = None
    """Of one address at once; without it, as many as there may be at all."""
    cors_origins: tuple[str, ...] = ()
    """Origins of web pages that may call the endpoint; `*` for all."""
    metrics_port: _Port | None = None
    """Of the page for Prometheus on loopback; 0 takes a free one. None: on the local socket alone."""
    probes_at_door: bool = False
    """Answer `/health` and `/ready` at the door, too, without a key."""
    limits: RequestLimits = RequestLimits()
    audit: AuditSettings = AuditSettings()
    levels: ServiceLevels = ServiceLevels()
    canary: Canary = Canary()

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> "Serve":
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together: set both, or neither for a self-signed one")
        if self.certificate and not self.tls:
            raise ValueError("a certificate is of no use with tls: false")
        return self

    @model_validator(mode="after")
    def _each_name_once(self) -> "Serve":
        if self.models and (self.model_name is not None or self.replicas != 1):
            raise ValueError(
                "with serve.models each model has its own name and replicas: leave model_name and replicas out"
            )
        names = [*self.models, *(name for entry in self.models.values() for name in entry.adapters)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))}: a name stands for one model or adapter only")
        return self

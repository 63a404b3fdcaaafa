"""What the stage `profile` reports."""

from typing import ClassVar, Literal

from eval.profile.trace import Profile
from pipeline.base.results import Payload, Result
from pipeline.base.token_range import Tokens


class TraceFile(Result):
    """A recording in the folder of the results."""

    name: str
    """`awq/rank0.pt.trace.json.gz`: what https://ui.perfetto.dev opens; `.nsys-rep` is for Nsight Systems."""
    sha256: str
    bytes: int


class ArmProfile(Result):
    """Where the time of one arm went."""

    arm: str
    kernel: str
    profile: Profile
    """Of the first rank."""
    traces: tuple[TraceFile, ...]


class ProfileResult(Payload):
    """What the stage `profile` reports."""

    STAGE: ClassVar = "profile"
    schema_version: Literal[1] = 1
    arms: tuple[ArmProfile, ...]
    concurrency: int
    iterations: int
    """Steps of the engine that were recorded, at most."""
    input_tokens: Tokens
    output_tokens: Tokens
    engine_version: str
    dummy_weights: bool = False
    """Whether the weights were made up."""

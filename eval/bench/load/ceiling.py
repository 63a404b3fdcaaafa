"""`Calibration`: the highest load that the client was seen to measure rightly on a machine, and how far it was off."""

from typing import Literal

from eval.bench.load.result import Distribution
from pipeline.base.quiet import OTHERS_SHARE
from pipeline.base.results import Result

TOLERANCE = 0.02
"""Largest relative difference from the truth at which a level is measured rightly."""
OUTPUT_TOKENS = 20
"""Of each answer of the null server."""


class Step(Result):
    """A load whose truth is known."""

    concurrency: int
    ttft_ms: float
    inter_token_ms: float

    @property
    def output_tokens_per_s(self) -> float:
        """Tokens per second that the server sends when the concurrency is always there."""
        seconds = (self.ttft_ms + (OUTPUT_TOKENS - 1) * self.inter_token_ms) / 1000
        return self.concurrency * OUTPUT_TOKENS / seconds


class Level(Result):
    """One step as the client measured it; differences are relative to the truth."""

    step: Step
    true_output_tokens_per_s: float
    output_tokens_per_s: float
    ttft_ms: Distribution
    tpot_ms: Distribution
    output_rate_difference: float
    ttft_difference: float
    tpot_difference: float
    failed: int
    server_ttft_difference: float | None
    """How late the null server itself was; the client cannot be nearer to what was asked for than the server."""
    client_cpu_s: float
    right: bool
    """Whether nothing failed and every difference is within the tolerance."""


class Calibration(Result):
    """The client's ceiling and bias."""

    schema_version: Literal[1] = 1
    client: str
    machine: str
    """Processor and number of cores."""
    measured_at: str
    ceiling_output_tokens_per_s: float
    """The highest true output rate that was measured rightly; 0 where none was."""
    ceiling_concurrency: int
    """The most concurrent requests at which one was."""
    tolerance: float = TOLERANCE
    foreign_cpu_share: float
    """Of this machine's processors, while it was measured."""
    levels: tuple[Level, ...]

    @property
    def disturbed(self) -> bool:
        """Whether others kept the machine so busy that the ceiling says nothing about the client."""
        return self.foreign_cpu_share > OTHERS_SHARE

    @property
    def usable_ceiling(self) -> float | None:
        """The ceiling to hold loads against; None where the machine was too busy to tell."""
        return None if self.disturbed else self.ceiling_output_tokens_per_s

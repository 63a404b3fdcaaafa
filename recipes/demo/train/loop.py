"""The training loop, whose schedule follows the clock: it ends on time on a machine that does other work."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from recipes.demo.train.muon import Muon
from recipes.demo.train.network import Network
from recipes.demo.train.settings import Settings
from recipes.demo.train.stream import Source, shorten

SMOOTHING = 0.98
"""Weight of the past in the running mean of the loss."""


@dataclass
class History:
    """What the run records on the way; losses are in nats per token."""

    steps: int = 0
    tokens: int = 0
    loss: float = 0.0
    evaluations: list[dict[str, float]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Return the wall time since the run began."""
        return time.monotonic() - self.started

    def note(self, tokens: int, loss: float) -> None:
        """Count one step of `tokens` tokens."""
        self.loss = loss if not self.steps else SMOOTHING * self.loss + (1 - SMOOTHING) * loss
        self.steps += 1
        self.tokens += tokens


def optimisers(network: Network, settings: Settings) -> list[tuple[torch.optim.Optimizer, float]]:
    """Return Muon for the blocks' matrices and AdamW for embedding and gains, each with its peak rate."""
    blocks = {id(parameter) for parameter in network.model.layers.parameters()}
    matrices = [p for p in network.parameters() if id(p) in blocks and p.ndim > 1]
    others = [p for p in network.parameters() if not (id(p) in blocks and p.ndim > 1)]
    adam = torch.optim.AdamW(others, settings.other_lr, betas=(0.9, 0.95), weight_decay=0.0)
    muon = Muon(matrices, settings.matrix_lr, settings.momentum, settings.weight_decay)
    return [(muon, settings.matrix_lr), (adam, settings.other_lr)]


def update(
    loss_of: Callable[[Tensor], Tensor],
    rows: Tensor,
    steppers: Iterable[torch.optim.Optimizer],
    parameters: list[torch.nn.Parameter],
    clip_norm: float,
) -> float:
    """Take one step on `rows` and return its loss."""
    with torch.autocast("cpu", torch.bfloat16):
        loss = loss_of(rows)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    for stepper in steppers:
        stepper.step()
        stepper.zero_grad(set_to_none=True)
    return loss.item()


def train(
    network: Network,
    library: Source,
    tests: Source,
    settings: Settings,
    evaluate: Callable[[History], None],
) -> History:
    """Train until the time budget is spent, calling `evaluate` every few minutes."""
    history = History()
    steppers = optimisers(network, settings)
    parameters = list(network.parameters())
    loss_of = torch.compile(network.loss, dynamic=False)
    due = interval = settings.evaluate_every_minutes * 60
    while (progress := history.seconds() / (settings.minutes * 60)) < 1:
        for stepper, peak in steppers:
            stepper.param_groups[0]["lr"] = peak * settings.rate(progress)
        count = settings.library_rows(progress)
        mixed = torch.cat((library.take(count), tests.take(settings.rows - count)))
        rows = shorten(mixed, settings.context(progress), settings.separator_rate)
        loss = update(loss_of, rows, [stepper for stepper, _ in steppers], parameters, settings.clip_norm)
        history.note(rows[:, 1:].numel(), loss)
        if history.seconds() >= due:
            evaluate(history)
            due += interval
    return history

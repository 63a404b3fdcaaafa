"""Muon: momentum whose update is made orthogonal, for the weight matrices of the blocks.

Keller Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024
(https://kellerjordan.github.io/posts/muon/); the coefficients of the iteration are theirs. Embeddings and
gains are not matrices in this sense and go to AdamW.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return the nearest semi-orthogonal matrices to `matrices` (`[count, rows, columns]`), about.

    A quintic Newton-Schulz iteration in bfloat16: singular values end between 0.7 and 1.2, which is enough.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = (x.mT if tall else x).to(matrices.dtype)
    return result


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal, with decoupled weight decay; for 2-D parameters only."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Apply one update; matrices of one shape are made orthogonal in one batch."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                by_shape[parameter.shape].append(parameter)
            for shape, parameters in by_shape.items():
                directions = [self._momentum(parameter, group["momentum"]) for parameter in parameters]
                updates = orthogonalise(torch.stack(directions))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                for parameter, update in zip(parameters, updates, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-group["lr"] * scale)

    def _momentum(self, parameter: Tensor, momentum: float) -> Tensor:
        """Fold the gradient into the running average and return the Nesterov look-ahead."""
        gradient = parameter.grad
        if gradient is None:
            message = "Muon needs a gradient for each of its parameters"
            raise ValueError(message)
        average = self.state[parameter].setdefault("average", torch.zeros_like(parameter))
        average.lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)

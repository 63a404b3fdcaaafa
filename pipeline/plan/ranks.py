"""The GPUs that share a layer's weights: as tensor, data and expert parallelism of vLLM divide them.

After `FusedMoEParallelConfig.make` and `ParallelConfig.use_sequence_parallel_moe`: data-parallel replicas hold the
attention each, and share the experts among all their GPUs, sliced, or whole with expert parallelism.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ranks:
    """The GPUs of one pipeline stage in all replicas."""

    tensor: int = 1
    data: int = 1
    expert_parallel: bool = False

    @property
    def experts(self) -> int:
        """Return the GPUs among which the experts are divided."""
        return self.tensor * self.data

    @property
    def shared_experts(self) -> int:
        """Return the GPUs that share what every token passes: one where each takes tokens of its own instead."""
        return 1 if self.expert_parallel and self.tensor > 1 and self.data > 1 else self.tensor


ALONE = Ranks()

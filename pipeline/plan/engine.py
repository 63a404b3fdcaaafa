"""What differs between versions of vLLM, as far as memory depends on it."""

import re
from dataclasses import dataclass

from pipeline.base.errors import UsageError

ASSUMED = "0.33.0"
"""Of the locked CUDA environment; a test compares."""
FIRST = "0.5.0"
"""The first whose defaults are those of V0 that the published start-up logs show."""
_WRITTEN = re.compile(
    r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.\d+)?(?:[-.]?(?:rc|dev|post|a|b)\d*)*(?:\+[\w.]+)?", re.IGNORECASE
)
_UNCHUNKED = 32768
"""The longest `max_model_len` for which V0 prefilled prompts in one piece."""


@dataclass(frozen=True)
class Engine:
    """A version of vLLM."""

    version: tuple[int, int, int]

    @property
    def name(self) -> str:
        """Return the version as it is written."""
        return ".".join(map(str, self.version))

    @property
    def utilization(self) -> float:
        """Return the default of `--gpu-memory-utilization` (vllm-project/vllm#38284)."""
        return 0.92 if self.version >= (0, 21, 0) else 0.9

    @property
    def graphs_inside(self) -> bool:
        """Return whether CUDA graphs are estimated and taken from the budget (#38284), or come on top of it."""
        return self.version >= (0, 21, 0)

    @property
    def tokens_by_concurrency(self) -> bool:
        """Return whether the log's tokens are concurrency times `max_model_len`."""
        return self.version >= (0, 21, 0)

    @property
    def reserved_blocks(self) -> int:
        """Return the blocks that no request gets."""
        return 1 if self.version >= (0, 30, 0) else 0

    @property
    def states(self) -> int:
        """Return the states of a linear attention that one request holds.

        From the version on whose log was seen (0.32.0) prefix caching is on for such models too, and keeps the state at
        the end of a block beside the present one (`mamba_cache_mode` "align"); in mid-2026 it still had to be asked for
        (#46778).
        """
        return 2 if self.version >= (0, 32, 0) else 1

    @property
    def sorts(self) -> bool:
        """Return whether the sampler sorts the whole vocabulary.

        0.10.0 and 0.10.1 use FlashInfer, which their official images bring; from 0.16 on a Triton kernel picks. Other
        versions sort unless FlashInfer is there and chosen.
        """
        return self.version < (0, 16, 0) and not (0, 10, 0) <= self.version < (0, 10, 2)

    @property
    def step_s(self) -> float:
        """Return the seconds of scheduling and sampling per step: V0, V1, V1 with scheduling ahead.

        From published runs: Qwen2.5-0.5B on an A100 takes 3.2 ms a token in V0, of which 0.7 are reading.
        """
        if self.legacy:
            return 1.8e-3
        return 0.4e-3 if self.version >= (0, 20, 0) else 0.8e-3

    @property
    def sequence_s(self) -> float:
        """Return the seconds per step that each sequence adds outside of the model (published runs up to 1,024)."""
        return 10e-6 if self.version >= (0, 20, 0) else 30e-6

    @property
    def legacy(self) -> bool:
        """Return whether it is the first engine (V0), the default before 0.8."""
        return self.version < (0, 8, 0)

    def samples(self, length: int) -> bool:
        """Return whether the profiling run samples: V0 in chunks of a long prompt had none that was finished."""
        return not (self.legacy and length > _UNCHUNKED)

    def batch(self, memory_gib: float, *, ampere: bool, length: int) -> tuple[int, int]:
        """Return the defaults of `--max-num-batched-tokens` and `--max-num-seqs` of the API server."""
        if self.legacy:
            chunk = 2048 if self.version >= (0, 7, 0) else 512
            return (max(length, 2048) if length <= _UNCHUNKED else chunk), 256
        larger, large = 160, 70
        if memory_gib >= larger and self.version >= (0, 16, 0):
            return 16384, 1024
        return (8192, 1024) if memory_gib >= large and not ampere else (2048, 256)


def engine_of(version: str) -> Engine:
    """Return a version of vLLM; release candidates and builds are taken as their release.

    Raises:
        UsageError: it is no version, or one whose defaults are not known.
    """
    found = _WRITTEN.fullmatch(version.strip())
    if found is None:
        raise UsageError(f"{version} is no version of vLLM. Give one such as {ASSUMED}.")
    major, minor, patch = (int(part or 0) for part in found.groups())
    if not _numbers(FIRST)[:2] <= (major, minor) <= _numbers(ASSUMED)[:2]:
        raise UsageError(
            f"What vLLM {version} takes of the memory is not known: known are {FIRST} to {ASSUMED}, with 0.90 of the "
            f"memory and CUDA graphs on top of it before 0.21, 0.92 and graphs inside from then on. Give --vllm with "
            f"the nearest of these."
        )
    return Engine((major, minor, patch))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))

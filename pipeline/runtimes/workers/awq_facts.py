"""What both quantizing workers report about AWQ's work, and what lets a broken-off run go on.

A *scaling* multiplies the input columns of some linear layers by `scales` and divides the output of the module before
them by the same numbers. Everything else that a backend does follows from the source's weights and from what its
searches found, so what they found is kept as it comes, in the `resume` folder; a later run with the same folder reads
that instead of searching.
"""

import importlib.metadata
import json
import math
import os
import resource
import sys
from pathlib import Path
from typing import Any


class SearchResults:
    """What the searches found so far, each on disk before the next one starts."""

    def __init__(self, resume: Path) -> None:
        self._folder = resume
        self._folder.mkdir(parents=True, exist_ok=True)
        self.scalings: list[dict[str, Any]] = []
        """Per scaling: `previous` (module before), `layers`, `error_rounded` and `error_scaled` (mean squared error of
        the output on the calibration data, with plain rounding and with the best scales)."""
        self.recalled = 0

    def recall(self, name: str) -> dict[str, Any] | None:
        """Return the tensors that an earlier run kept under `name`; None where there are none."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path(name), framework="pt") as stored:
                facts = json.loads(stored.metadata()["facts"])
                tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118 -- not a mapping
        except (FileNotFoundError, SafetensorError):
            return None
        self._note(facts)
        self.recalled += 1
        return tensors

    def keep(self, name: str, tensors: dict[str, Any], **facts: Any) -> None:
        """Keep tensors under `name`, and the facts of a scaling."""
        from safetensors.torch import save_file

        partial = self._path(name).with_suffix(".partial")
        whole = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        save_file(whole, partial, metadata={"facts": json.dumps(facts)})
        descriptor = os.open(partial, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        partial.replace(self._path(name))
        self._note(facts)

    def save_scales(self, path: Path) -> list[dict[str, Any]]:
        """Write the scales of all scalings into one file, by the module before; return the scalings."""
        from safetensors.torch import load_file, save_file

        save_file(
            {entry["previous"]: load_file(self._path(entry["previous"]))["scales"] for entry in self.scalings}, path
        )
        return self.scalings

    def _note(self, facts: dict[str, Any]) -> None:
        if facts:
            self.scalings.append(facts)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.safetensors"


def versions(*names: str) -> dict[str, str]:
    """Return the versions of installed packages."""
    return {name: importlib.metadata.version(name) for name in names}


def peaks() -> dict[str, float | None]:
    """Return the peak memory of this process, and of the first GPU where there is one, in GiB."""
    import torch

    return {
        "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "peak_gpu_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None,
    }


def relative_difference(before: Any, after: Any) -> float:
    """Return ||after - before|| / ||before|| (Frobenius norm, in FP32); very large where it is not finite."""
    before, after = before.detach().float().cpu(), after.detach().float().cpu()
    ratio = float((after - before).norm() / before.norm().clamp(min=1e-12))
    return ratio if math.isfinite(ratio) else sys.float_info.max

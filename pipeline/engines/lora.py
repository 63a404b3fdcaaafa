"""LoRA adapters: whether they fit the model that they are served with, and what vLLM is told of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.models.expected import expected_shape
from pipeline.models.headers import split_name
from pipeline.models.tensors import read_file
from pipeline.models.trust import read_config

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""That vLLM takes for `--max-lora-rank` (`MaxLoRARanks` of vLLM 0.33)."""
_SIDES = {".lora_A.weight": 1, ".lora_B.weight": 0}
"""End of a tensor's name, and which of its dimensions is the layer's own: (rank, in) and (out, rank)."""
_PREFIX = "base_model.model."
"""That PEFT puts before the layer's name."""


def lora_arguments(adapters: Mapping[str, Path]) -> tuple[str, ...]:
    """Return what vLLM's command line has for these adapters, which have been checked; nothing without any."""
    if not adapters:
        return ()
    highest = max(_rank(folder, _settings(folder)) for folder in adapters.values())
    return (
        "--enable-lora",
        *("--max-loras", str(len(adapters))),
        *("--max-lora-rank", str(next(rank for rank in _RANKS if rank >= highest))),
        "--lora-modules",
        *(f"{name}={folder.resolve()}" for name, folder in adapters.items()),
    )


def check_adapter(folder: Path, checkpoint: Path) -> None:
    """Refuse a folder that is no LoRA adapter of the model in `checkpoint`.

    Its layers are compared with the shapes that the model's configuration states; layers of which it says nothing are
    left to vLLM.

    Raises:
        SourceError: there is no adapter, it is not LoRA, it is pickled, or it was made for another shape.
    """
    settings = _settings(folder)
    if settings.get("peft_type") != "LORA":
        raise SourceError(
            f"{folder} is an adapter of kind {settings.get('peft_type')}, and vLLM serves LoRA alone. Merge it into "
            "the model with PEFT's `merge_and_unload`, and quantize that."
        )
    _rank(folder, settings)
    if not (folder / _WEIGHTS).is_file():
        raise SourceError(
            f"{folder} has no {_WEIGHTS}. Save the adapter with `save_pretrained(..., safe_serialization=True)`: other "
            "formats run code when they are read."
        )
    config = read_config(checkpoint / "config.json")
    for name, tensor in read_file(folder / _WEIGHTS).items():
        if problem := _misfit(name, tensor.shape, config):
            made_for = settings.get("base_model_name_or_path", "another model")
            raise SourceError(
                f"{folder} was made for {made_for}, not for {checkpoint}: {problem}. Give it to the model that it was "
                "trained on."
            )


def _misfit(name: str, shape: tuple[int, ...], config: Mapping[str, Any]) -> str | None:
    """Return how a tensor differs from what the model's layer needs; None where it does not, or nothing is known."""
    end = next((each for each in _SIDES if name.endswith(each)), None)
    if end is None:
        return None
    layer = name.removeprefix(_PREFIX).removesuffix(end)
    text = config.get("text_config") or config
    expected = expected_shape(split_name(f"{layer}.weight")[1], str(config.get("model_type", "")), text)
    side = _SIDES[end]
    if expected is None or shape[side] == expected[side]:
        return None
    return f"{layer} has {shape[side]} {'inputs' if side else 'outputs'} there and {expected[side]} here"


def _rank(folder: Path, settings: Mapping[str, Any]) -> int:
    pattern = settings.get("rank_pattern") or {}
    rank = max([settings.get("r"), *pattern.values()], key=lambda each: each if isinstance(each, int) else 0)
    if not isinstance(rank, int) or not 0 < rank <= _RANKS[-1]:
        raise SourceError(f"{folder / _CONFIG} has rank (r) {rank!r}; vLLM takes 1 to {_RANKS[-1]}. Train it with one.")
    return rank


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise SourceError(
            f"{folder} is no LoRA adapter: {_CONFIG} cannot be read ({problem}). Name the folder that PEFT's "
            "`save_pretrained` wrote."
        ) from problem
    if not isinstance(settings, dict):
        raise SourceError(f"{path} is not an object. Name the folder that PEFT's `save_pretrained` wrote.")
    return settings

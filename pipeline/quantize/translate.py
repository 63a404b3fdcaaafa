"""Makes a checkpoint written by transformers 5 readable by transformers 4.51, which AutoAWQ is frozen at.

transformers 5 moved `rope_theta` and `rope_scaling` into `rope_parameters` and renamed `torch_dtype` to `dtype`;
4.51 ignores the new keys and silently falls back to a base of 10000.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.sources import weight_files

_BESIDE_THE_WEIGHTS = ("model.safetensors.index.json", "generation_config.json")


def to_transformers_4(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with the keys that transformers 4.51 reads.

    Raises:
        SourceError: the rotary embedding differs by layer type, which 4.51 cannot express.
    """
    translated = dict(config)
    rope = translated.pop("rope_parameters", None)
    if rope:
        if not all(isinstance(rope.get(key), int | float | str | list | None) for key in rope):
            raise SourceError(
                "This model uses a different rotary embedding per layer type, which AutoAWQ's transformers 4.51 "
                "cannot represent. It cannot be quantized with backend 'autoawq'."
            )
        scaling = dict(rope)
        theta = scaling.pop("rope_theta", None)
        if theta is not None:
            translated["rope_theta"] = theta
        if "partial_rotary_factor" in scaling:
            translated["partial_rotary_factor"] = scaling.pop("partial_rotary_factor")
        if scaling.get("rope_type", "default") != "default":
            translated["rope_scaling"] = scaling
    if "dtype" in translated:
        translated["torch_dtype"] = translated.pop("dtype")
    return translated


def quantized_config(source: dict[str, Any], quantization: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return the configuration of the AWQ checkpoint: the source's own, in the source's own dialect.

    AutoAWQ's output is not used, because it sets `use_cache: false` and leaves two dtypes behind.
    """
    config = {key: value for key, value in source.items() if key not in ("dtype", "torch_dtype")}
    dialect = "dtype" if "dtype" in source else "torch_dtype"
    return config | {dialect: dtype, "quantization_config": quantization}


def readable_view(source: Path, view: Path) -> Path:
    """Return a folder with the translated configuration and links to the source's weights."""
    view.mkdir(parents=True)
    config = json.loads((source / "config.json").read_text())
    (view / "config.json").write_text(json.dumps(to_transformers_4(config), indent=2))
    for path in (*weight_files(source), *(source / name for name in _BESIDE_THE_WEIGHTS)):
        if path.is_file():
            (view / path.name).symlink_to(path.resolve())
    return view

"""The settings of an engine that change scores, read from its own log, and the refusal to compare across them.

All arms get the same arguments. A checkpoint can still change what they come to: its `config.json` may bring a KV cache
of its own, its `generation_config.json` other sampling parameters.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.base.errors import EngineError, VoidMeasurementError

_CONFIG = re.compile(r"Initializing a V1 LLM engine \([^)]*\) with config: (.*)")
_COMPARED = (
    *("dtype", "max_seq_len", "kv_cache_dtype", "tokenizer_mode", "speculative_config", "device_config", "seed"),
    *("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "decode_context_parallel_size"),
    *("enforce_eager", "enable_prefix_caching", "enable_chunked_prefill"),
)
_SAMPLING = re.compile(r"Default vLLM sampling parameters have been overridden by .*?: `(.*?)`")
_ATTENTION = re.compile(r"Using (\w+) attention backend")


def parse_settings(log: str, path: Path | None = None) -> dict[str, str]:
    """Return the settings that change scores, by vLLM's names, from the text of an engine log.

    `attention_backend` is there where vLLM names it (on GPUs); `default_sampling` is empty where vLLM's own defaults
    hold.

    Raises:
        EngineError: the log does not state them; the vLLM version is not one this program knows.
    """
    line = _CONFIG.search(log)
    # The first of a name counts: what is nested comes later.
    values = {} if line is None else dict(reversed(re.findall(r"(?:^|, )(\w+)=([^,]*)", line[1])))
    settings = {name: values[name] for name in _COMPARED if name in values}
    if not settings.keys() >= {"dtype", "max_seq_len", "kv_cache_dtype"}:
        raise EngineError("vLLM's log does not state its settings in the words this version knows.", log=path)
    sampling = _SAMPLING.search(log)
    backends = sorted(set(_ATTENTION.findall(log)))
    settings["default_sampling"] = sampling[1] if sampling else ""
    return settings | ({"attention_backend": ", ".join(backends)} if backends else {})


def check_same_settings(
    reference: Mapping[str, str], arm: Mapping[str, str], name: str, *, than: str = "baseline"
) -> None:
    """Refuse to compare an arm that the engine runs with other settings than another, usually the baseline.

    Raises:
        VoidMeasurementError: names each such setting with both values.
    """
    other = [key for key in sorted(reference.keys() | arm.keys()) if reference.get(key) != arm.get(key)]
    if other:
        found = "; ".join(f"{key} is {_said(arm, key)} ({than}: {_said(reference, key)})" for key in other)
        raise VoidMeasurementError(
            f"vLLM runs the arm '{name}' with other settings than the arm '{than}', so a difference in scores would "
            f"not be one of the weights: {found}. Correct config.json or generation_config.json in a copy of its "
            f"checkpoint, or leave the arm out."
        )


def _said(settings: Mapping[str, str], key: str) -> str:
    return settings.get(key) or "not set"

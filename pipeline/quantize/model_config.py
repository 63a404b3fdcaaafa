"""config.json and generation_config.json: in the dialect that a backend reads, and of the quantized checkpoint.

A backend sees no settings for generation: transformers checks them when it saves, which is after the search, and the
checkpoint has the source's own file in any case. AutoAWQ is frozen at transformers 4.51, which must be able to read
what transformers 5 wrote: that one moved `rope_theta` and `rope_scaling` into `rope_parameters` and renamed
`torch_dtype` to `dtype`; 4.51 ignores the new keys and silently falls back to a base of 10000.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.base.errors import SourceError
from pipeline.models import SourceModel, weight_files

_BESIDE_THE_WEIGHTS = ("model.safetensors.index.json",)
_GENERATION = frozenset(
    (
        *("assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "bad_words_ids"),
        *("begin_suppress_tokens", "cache_config", "cache_implementation", "compile_config", "constraints"),
        *("continuous_batching_config", "disable_compile", "diversity_penalty", "do_sample", "dola_layers"),
        *("early_stopping", "encoder_no_repeat_ngram_size", "encoder_repetition_penalty", "epsilon_cutoff"),
        *("eta_cutoff", "exponential_decay_length_penalty", "force_words_ids", "forced_bos_token_id"),
        *("forced_decoder_ids", "forced_eos_token_id", "generation_kwargs", "guidance_scale", "is_assistant"),
        *("length_penalty", "low_memory", "max_length", "max_matching_ngram_size", "max_new_tokens", "max_time"),
        *("min_length", "min_new_tokens", "min_p", "no_repeat_ngram_size", "num_assistant_tokens"),
        *("num_assistant_tokens_schedule", "num_beam_groups", "num_beams", "num_return_sequences", "output_logits"),
        *("output_scores", "penalty_alpha", "prefill_chunk_size", "prompt_lookup_num_tokens", "remove_invalid_values"),
        *("renormalize_logits", "repetition_penalty", "return_dict_in_generate", "return_legacy_cache"),
        *("sequence_bias", "stop_strings", "suppress_tokens", "target_lookbehind", "temperature", "token_healing"),
        *("top_h", "top_k", "top_p", "typical_p", "watermarking_config"),
    )
)
"""Keys of transformers' `GenerationConfig`, 4.51.3 and 5.10.1, that older models have in config.json; those that also
describe the model are left out."""
_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
WITHOUT_FLOAT16 = ("gemma2", "gemma3", "gemma3_text", "glm4", "plamo2")
"""Model types whose activations overflow FP16; vLLM refuses it for them (`_FLOAT16_NOT_SUPPORTED_MODELS` in
vllm/config/model.py)."""


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


def quantized_config(source: dict[str, Any], quantization: dict[str, Any], dtype: str | None) -> dict[str, Any]:
    """Return the configuration of the AWQ checkpoint: the source's own, in the source's own dialect.

    A backend's output is not used: AutoAWQ sets `use_cache: false` and leaves two dtypes behind.

    Args:
        source: the source's config.json.
        quantization: as the backend gives it.
        dtype: of the tensors that the backend wrote; None keeps the source's.
    """
    dialect = "dtype" if "dtype" in source else "torch_dtype"
    if dtype is None or source.get("model_type") in WITHOUT_FLOAT16:
        dtype = source.get(dialect, "bfloat16")
    config = {key: value for key, value in source.items() if key not in ("dtype", "torch_dtype")}
    return config | {dialect: dtype, "quantization_config": quantization}


def generation_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return a generation config for a source that has none: the special tokens of its config.json."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: config[name] for name in names if config.get(name) is not None}


def without_generation(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` without settings for generation, special tokens below zero and an empty quantization."""
    kept = {key: value for key, value in config.items() if key not in _GENERATION}
    kept = {key: value for key, value in kept.items() if key not in _TOKENS or not _is_below_zero(value)}
    if kept.get("quantization_config") is None:  # null, which transformers 4.51 takes for a quantized model
        kept.pop("quantization_config", None)
    if isinstance(kept.get("text_config"), dict):
        kept["text_config"] = without_generation(kept["text_config"])
    return kept


def _is_below_zero(token: object) -> bool:
    tokens = token if isinstance(token, list) else [token]
    return any(isinstance(each, int) and each < 0 for each in tokens)


def readable_view(source: SourceModel, view: Path, *, transformers_4: bool = True) -> Path:
    """Return a folder with the configuration for a backend, links to the source's weights and its trusted code.

    Args:
        source: the model.
        view: the folder, which is made.
        transformers_4: translate the configuration for transformers 4.51.
    """
    view.mkdir(parents=True)
    config = without_generation(source.config())
    config = to_transformers_4(config) if transformers_4 else config
    (view / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    beside = (source.path / name for name in (*_BESIDE_THE_WEIGHTS, *source.code.files))
    for path in (*weight_files(source.path), *beside):
        if path.is_file():
            link = view / path.relative_to(source.path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
    return view

"""What config.json and generation_config.json say, as far as no library takes it, from the files alone."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from pipeline.models.headers import ModelHeaders
from pipeline.quantize.backends import Obstacle
from pipeline.quantize.checks import Check
from pipeline.quantize.weights import embedding_of

_NUMBERS = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "max_position_embeddings"),
)
_MAY_BE_NULL = ("num_key_value_heads", "head_dim", "intermediate_size")
_DTYPES = ("float16", "bfloat16", "float32", "float64", "auto")
_OTHER_TASKS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM")
_ABOVE_ZERO = 5e-324
_SAMPLING: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (_ABOVE_ZERO, 1),
    "min_p": (0, 1),
    "top_k": (-1, inf),
    "repetition_penalty": (_ABOVE_ZERO, 1e308),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_new_tokens": (1, inf),
}
"""What vLLM takes from generation_config.json for requests that do not say it, with what it accepts
(`SamplingParams._verify_args`)."""
_COUNTS = ("top_k", "max_new_tokens")


def configuration_checks(model: ModelHeaders) -> Iterator[Check]:
    """Yield values that no library can build a language model from, or serve one."""
    found = (*_numbers(model), *_dtype(model), *_architectures(model), *_end_tokens(model))
    yield from (Check.of_obstacle("configuration", obstacle) for obstacle in found)


def _numbers(model: ModelHeaders) -> Iterator[Obstacle]:
    for key in _NUMBERS:
        value = model.text.get(key)
        empty = value is None and (key not in model.text or key in _MAY_BE_NULL)
        if not empty and not isinstance(value, list) and not (type(value) is int and value > 0):
            statement = f"config.json says {key} {value!r}, which is no whole number above zero"
            yield Obstacle(statement, "Correct it in a copy of the model.")


def _dtype(model: ModelHeaders) -> Iterator[Obstacle]:
    for key in ("torch_dtype", "dtype"):
        dtype = model.text.get(key, model.config.get(key))
        if dtype is not None and str(dtype).removeprefix("torch.") not in _DTYPES:
            advice = f"Set it to one of {', '.join(_DTYPES[:-1])}."
            yield Obstacle(f"config.json says {key} {dtype!r}, which is no type of 16 or 32 bit", advice)


def _architectures(model: ModelHeaders) -> Iterator[Obstacle]:
    names = model.config.get("architectures")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        advice = 'Set architectures to the class of the model, such as ["LlamaForCausalLM"].'
        yield Obstacle(f"config.json says architectures {names!r}, and vLLM starts from a list of names", advice)
    elif model.architecture.endswith(_OTHER_TASKS):
        advice = "Give the language model, or correct architectures where the weights are one."
        yield Obstacle(f"config.json says that the model is {model.architecture}, which generates no text", advice)


def _end_tokens(model: ModelHeaders) -> Iterator[Obstacle]:
    """Yield tokens that end an answer and are none; an engine looks them up among the scores of all tokens."""
    embedding = embedding_of(model)
    rows = embedding.shape[0] if embedding and embedding.shape else 0
    for file, settings in (("config.json", model.text), ("generation_config.json", model.generation)):
        value = settings.get("eos_token_id")
        ids = [one for one in (value if isinstance(value, list) else [value]) if one is not None]
        if any(type(one) is not int or one >= rows > 0 for one in ids):
            statement = f"{file} says eos_token_id {value!r}, and the embedding has rows 0 to {rows - 1}"
            yield Obstacle(statement, "Correct it to the ids of tokens that end an answer.")


def generation_checks(model: ModelHeaders) -> Iterator[Check]:
    """Yield settings for generation that vLLM's transformers refuses to read, or vLLM in every request.

    Contradictory ones they take.
    """
    advice, reason = "Correct that key in a copy of the model.", _unreadable(model.generation)
    if reason:
        keys = (key for key in model.generation if not _unreadable({**model.generation, key: None}))
        place = next((f" at {key}" for key in keys), "")
        statement = f"generation_config.json cannot be read{place}, so vLLM would not start: {reason}"
        yield Check.of_obstacle("generation", Obstacle(statement, advice))
        return
    for key, (least, most) in _SAMPLING.items():
        value = model.generation.get(key)
        kinds = (int,) if key in _COUNTS else (int, float)
        if value is not None and not (type(value) in kinds and least <= value <= most):
            statement = f"generation_config.json says {key} {value!r}, which vLLM refuses where a request says nothing"
            yield Check.of_obstacle("generation", Obstacle(statement, advice))


def _unreadable(settings: Mapping[str, Any]) -> str:
    """Return why transformers cannot read settings for generation; empty where it can."""
    from transformers import GenerationConfig  # noqa: PLC0415 -- a second of import

    try:
        GenerationConfig.from_dict(dict(settings))
    except (ValueError, TypeError, AttributeError, LookupError) as problem:
        return " ".join(str(problem).split())[:160]
    return ""

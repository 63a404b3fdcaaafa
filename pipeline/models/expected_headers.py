"""A model's tensors as its configuration alone says them, for well-known architectures: for plans without the hub."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.models.expected import EMBEDDING, FINAL_NORM, HEAD, expected_shape, is_closed, layer_tensors
from pipeline.models.headers import ModelHeaders
from pipeline.models.tensors import Tensor

_HALF = 2


def expected_headers(reference: str, licence: str, config: Mapping[str, Any]) -> ModelHeaders | None:
    """Return the headers that a 16-bit checkpoint of this configuration has; None for types that are not well known.

    Args:
        reference: as the recipe names the model.
        licence: of the model.
        config: its config.json, or what is known of it.
    """
    bare = ModelHeaders(reference, licence, config, {})
    if not is_closed(bare.model_type) or not bare.layer_count[1]:
        return None
    shapes = dict(_shapes(bare))
    if any(shape is None for shape in shapes.values()):
        return None
    tensors = {name: _tensor(name, shape) for name, shape in shapes.items() if shape is not None}
    size = sum(tensor.bytes for tensor in tensors.values())
    return ModelHeaders(reference, licence, config, tensors, size)


def _shapes(model: ModelHeaders) -> Iterator[tuple[str, tuple[int, ...] | None]]:
    vocabulary = int(model.text.get("vocab_size", 0))
    yield EMBEDDING, (vocabulary, model.hidden_size)
    yield FINAL_NORM, (model.hidden_size,)
    if model.text.get("tie_word_embeddings") is False:
        yield HEAD, (vocabulary, model.hidden_size)
    for number in range(model.layer_count[1]):
        for rest in layer_tensors(model.model_type, model.text):
            yield (
                f"model.layers.{number}.{rest}",
                expected_shape(rest, model.model_type, model.text) or _norm(rest, model),
            )


def _norm(rest: str, model: ModelHeaders) -> tuple[int, ...] | None:
    """Return the shape of a norm of attention heads."""
    width = model.text.get("head_dim")
    return (width,) if rest.endswith("_norm.weight") and isinstance(width, int) else None


def _tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    tensor = Tensor(name, "BF16", shape, Path(), 0, 0)
    return Tensor(name, "BF16", shape, Path(), 0, _HALF * tensor.parameters)

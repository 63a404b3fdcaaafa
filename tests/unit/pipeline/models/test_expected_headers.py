"""Tensors that follow from a configuration, against files and published numbers of parameters."""

import pytest

from pipeline.catalogue.models import models
from pipeline.models.expected_headers import expected_headers
from pipeline.models.files import packaged_model
from pipeline.models.tensors import read_headers
from pipeline.models.trust import read_config


def test_the_packaged_model_has_the_tensors_that_its_configuration_says() -> None:
    """Names, shapes and bytes, the tied head left out."""
    found = expected_headers("demo", "mit", read_config(packaged_model() / "config.json"))
    assert found is not None
    held = read_headers(packaged_model())
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == {
        name: tensor.shape for name, tensor in held.items()
    }
    assert found.download_bytes == sum(tensor.bytes for tensor in held.values())


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B"])
def test_published_numbers_of_parameters(name: str) -> None:
    """With biases, with norms of heads, and with neither."""
    entry = models()[name]
    found = expected_headers(name, entry.licence, entry.config)
    assert found is not None
    assert found.parameters == entry.parameters


def test_other_types_are_not_guessed() -> None:
    """Experts are no part of what is known."""
    assert expected_headers("a", "b", models()["mistralai/Mixtral-8x7B-v0.1"].config) is None

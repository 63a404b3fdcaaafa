"""The longest context, against what `_get_and_verify_max_len` of vLLM 0.32 makes of the same configurations."""

from typing import Any

import pytest

from pipeline.models.context_length import longest_context


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 4096}, (4096, "max_position_embeddings")),
        ({"n_positions": 1024}, (1024, "n_positions")),
        ({"max_position_embeddings": 8192, "seq_length": 2048}, (2048, "seq_length")),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, (131072, "model_max_length")),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}}, (16384, None)),
        ({"max_position_embeddings": 4096, "rope_parameters": {"rope_type": "dynamic", "factor": 2}}, (8192, None)),
        ({"max_position_embeddings": 32768, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, (32768, None)),
        ({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, (131072, None)),
        (
            {"max_position_embeddings": 4096, "rope_parameters": {"full": {"rope_type": "linear", "factor": 8}}},
            (32768, None),
        ),
        (
            {
                "model_type": "gemma3_text",
                "max_position_embeddings": 131072,
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
            },
            (131072, None),
        ),
        ({"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "linear", "factor": None}}, (4096, None)),
        ({"hidden_size": 64}, None),
    ],
)
def test_longest_context(config: dict[str, Any], expected: tuple[float, str | None] | None) -> None:
    """The smallest of the keys, times the factor of RoPE scaling where the key does not have it in it."""
    found = longest_context(config)
    if expected is None or found is None:
        assert found is expected
        return
    assert found[0] == expected[0]
    assert expected[1] in (None, found[1])

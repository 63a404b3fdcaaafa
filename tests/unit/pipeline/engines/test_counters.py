"""Whose counters a server has."""

import pytest

from pipeline.engines.counters import counter_names
from pipeline.engines.prometheus import parse_metrics


@pytest.mark.parametrize(
    ("line", "server"),
    [
        ('vllm:generation_tokens_total{model_name="m"} 3', "vLLM"),
        ('sglang:generation_tokens_total{model_name="m"} 3', "SGLang"),
        ("llamacpp:tokens_predicted_total 3", "llama.cpp"),
        ("tgi_request_generated_tokens_sum 3", "text-generation-inference"),
    ],
)
def test_servers_are_known_by_their_names(line: str, server: str) -> None:
    """The counter of generated tokens tells."""
    found = counter_names(parse_metrics(line + "\n"))
    assert found is not None
    assert found.server == server


def test_others_have_no_counters() -> None:
    """Neither unknown names nor no metrics at all are taken for counts."""
    assert counter_names(None) is None
    assert counter_names(parse_metrics("trtllm_generated_tokens 3\n")) is None

"""Counters, gauges and histograms of an engine, read with Prometheus' own parser."""

import pytest

from pipeline.base.errors import EngineError
from pipeline.engines.prometheus import Histogram, parse_metrics

TEXT = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
# HELP vllm:generation_tokens_total Number of generation tokens processed.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{engine="0",model_name="m"} 10.0
vllm:generation_tokens_total{engine="1",model_name="m"} 5.0
# HELP vllm:generation_tokens_created Number of generation tokens processed.
# TYPE vllm:generation_tokens_created gauge
vllm:generation_tokens_created{engine="0",model_name="m"} 1.76e+09
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 1.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="m"} 2.0
vllm:request_success_total{engine="1",finished_reason="length",model_name="m"} 4.0
# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="m"} 3.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 4.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 4.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 0.5
vllm:time_to_first_token_seconds_bucket{engine="1",le="0.1",model_name="m"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="1",le="+Inf",model_name="m"} 1.0
vllm:time_to_first_token_seconds_count{engine="1",model_name="m"} 1.0
vllm:time_to_first_token_seconds_sum{engine="1",model_name="m"} 0.25
"""
METRICS = parse_metrics(TEXT)


def test_values_are_summed_over_labels_or_chosen_by_them() -> None:
    """Two engines behind one server count together, unless one of them is asked for."""
    assert METRICS.value("vllm:generation_tokens_total") == 15.0
    assert METRICS.value("vllm:generation_tokens_total", engine="1") == 5.0
    assert METRICS.value("vllm:num_requests_running") == 7.0


def test_what_is_not_there_is_none() -> None:
    """An absent metric is not zero."""
    assert METRICS.value("vllm:other_total") is None
    assert METRICS.value("vllm:generation_tokens_total", engine="2") is None
    assert METRICS.histogram("vllm:other_seconds") is None
    assert METRICS.by_label("vllm:other_total", "engine") == {}


def test_values_per_label() -> None:
    """Summed over the other labels."""
    assert METRICS.by_label("vllm:request_success_total", "finished_reason") == {"stop": 1.0, "length": 6.0}


def test_histogram_is_summed_over_engines() -> None:
    """Cumulative counts below ascending bounds."""
    expected = Histogram(5.0, 0.75, ((0.1, 4.0), (float("inf"), 5.0)))
    assert METRICS.histogram("vllm:time_to_first_token_seconds") == expected
    one = METRICS.histogram("vllm:time_to_first_token_seconds", engine="1")
    assert one == Histogram(1.0, 0.25, ((0.1, 1.0), (float("inf"), 1.0)))


def test_counters_alone() -> None:
    """Gauges, histograms and times of creation are left out."""
    assert METRICS.counters() == {"vllm:generation_tokens_total": 15.0, "vllm:request_success_total": 7.0}


@pytest.mark.parametrize("text", ["<html>not found {", "one two three four"])
def test_what_is_no_metrics(text: str) -> None:
    """A page of a proxy is said to be one, not taken for an idle engine."""
    with pytest.raises(EngineError, match="cannot be read"):
        parse_metrics(text)

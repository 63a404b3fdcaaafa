"""The engines' metrics, told apart by labels and put together."""

from pipeline.engines.prometheus import parse_metrics
from serve.monitoring.engines import labelled
from serve.monitoring.page import exposition

PAGE = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="tiny"} 3.0
# HELP vllm:generation_tokens_total Number of generation tokens processed.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{engine="0",model_name="tiny"} 42.0
# HELP vllm:e2e_request_latency_seconds Histogram of end to end request latency in seconds.
# TYPE vllm:e2e_request_latency_seconds histogram
vllm:e2e_request_latency_seconds_bucket{le="2.0",model_name="tiny"} 7.0
vllm:e2e_request_latency_seconds_bucket{le="+Inf",model_name="tiny"} 9.0
vllm:e2e_request_latency_seconds_count{model_name="tiny"} 9.0
vllm:e2e_request_latency_seconds_sum{model_name="tiny"} 18.0
"""


def _labels(place: int) -> dict[str, str]:
    return {"model": "tiny", "replica": f"model-1/place-{place}", "release": "1"}


def test_two_engines_are_told_apart_and_their_types_kept() -> None:
    """Each metric has one type line, and a sample per engine; histograms stay histograms."""
    text = exposition([*labelled(PAGE, _labels(1)), *labelled(PAGE, _labels(2))]).decode()
    assert text.count("# TYPE vllm:generation_tokens_total counter") == 1
    found = parse_metrics(text)
    assert found.by_label("vllm:generation_tokens_total", "replica") == {"model-1/place-1": 42, "model-1/place-2": 42}
    histogram = found.histogram("vllm:e2e_request_latency_seconds", replica="model-1/place-2")
    assert histogram is not None
    assert histogram.buckets == ((2.0, 7.0), (float("inf"), 9.0))
    assert {one.labels["release"] for one in found.samples} == {"1"}


def test_an_engine_does_not_choose_the_labels_that_tell_it_apart() -> None:
    """What it says of itself under the same name gives way."""
    page = '# TYPE a gauge\na{replica="another"} 1.0\n'
    assert labelled(page, _labels(1))[0].samples[0].labels == _labels(1)
